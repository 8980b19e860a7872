"""Who reads the feeds, in the console."""

from datetime import timedelta

from syndication.store.readings import Reading, add_readings
from tests.support.console import colleague
from tests.support.website import NOW, Website

TODAY = NOW.date()
ALL, AGENTS, OWN = "/feeds/all.atom", "/feeds/topics/agents.rss", "/feeds/me"


def read(website: Website, *readings: Reading) -> None:
    with website.database.write() as session:
        add_readings(session, readings)


def test_feeds_show_their_requests_unchanged_share_and_people(website: Website) -> None:
    read(
        website,
        Reading(ALL, TODAY, "newsboat", 30, 20, 3, 0),
        Reading(ALL, TODAY, "Feedly", 10, 10, 1, 400),
        Reading(ALL, TODAY - timedelta(days=1), "newsboat", 60, 50, 5, 0),
        Reading(AGENTS, TODAY, "newsboat", 4, 1, 2, 0),
        Reading(OWN, TODAY, "newsboat", 1, 0, 1, 0),
    )
    words = colleague(website).words("/admin/feeds/")
    # The first feed: 100 requests, 80 unchanged, 403 people on its busiest day.
    assert f"{ALL}</a></th><td>100</td><td>80 %</td><td>403</td>" in words
    assert f"{AGENTS}</a></th><td>4</td><td>25 %</td><td>2</td>" in words
    assert words.index(ALL) < words.index(AGENTS) < words.index("Readers&#39; own feeds")
    assert "<strong>105 requests</strong>, 77 % of them" in words
    assert '<th scope="row">newsboat</th><td>95</td><td>75 %</td><td>6</td>' in words


def test_one_feed_shows_its_days_and_programs_alone(website: Website) -> None:
    read(website, Reading(ALL, TODAY, "newsboat", 7, 7, 1, 0), Reading(AGENTS, TODAY, "Feedly", 5, 0, 1, 9))
    words = colleague(website).words(f"/admin/feeds/?feed={AGENTS}&days=7")
    assert "<strong>5 requests</strong>" in words
    assert "Feedly" in words
    assert "newsboat" not in words
    assert words.count('<tr><th scope="row">') == 7 + 1


def test_only_the_chosen_time_counts_and_an_odd_one_is_30_days(website: Website) -> None:
    read(
        website,
        Reading(ALL, TODAY - timedelta(days=6), "newsboat", 3, 0, 1, 0),
        Reading(ALL, TODAY - timedelta(days=7), "newsboat", 40, 0, 1, 0),
        Reading(ALL, TODAY - timedelta(days=30), "newsboat", 500, 0, 1, 0),
    )
    someone = colleague(website)
    for days, requests in ((7, 3), (30, 43), (90, 543), (8, 43), (-1, 43)):
        assert f"<strong>{requests} requests</strong>" in someone.words(f"/admin/feeds/?days={days}")


def test_nobody_reading_is_said(website: Website) -> None:
    someone = colleague(website)
    assert "Nobody asked for a feed in this time" in someone.words("/admin/feeds/")
    assert "Nobody asked for this feed" in someone.words("/admin/feeds/?feed=/feeds/none.rss")
    assert '<a href="/admin/feeds/" aria-current="page">Feeds</a>' in someone.words("/admin/feeds/")
    assert website.visitor().get("/admin/feeds/").status_code == 303
