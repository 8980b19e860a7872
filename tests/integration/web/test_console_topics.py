"""Editing topics: what a rule would change, renaming, order, two people at once."""

from sqlmodel import select

from syndication.domain.newsletters import Choice
from syndication.domain.roles import Role
from syndication.domain.seams import Task
from syndication.store.tables import SegmentRow, TopicRow
from tests.support.console import Colleague, colleague
from tests.support.website import Website


def topics(website: Website) -> dict[str, TopicRow]:
    with website.database.read() as session:
        return {row.slug: row for row in session.exec(select(TopicRow))}


def mark(editor: Colleague, path: str) -> str:
    return editor.words(path).split('name="mark" value="')[1].split('"')[0]


def form(**other: str) -> dict[str, str]:
    return {"title": "Robots", "slug": "robots", "description": "", "rule": "robot*", "enabled": "true", **other}


def shown(page: str) -> str:
    return page.split('name="shown" value="')[1].split('"', maxsplit=1)[0]


def test_a_new_topic_is_shown_with_what_it_would_take_before_it_is_saved(website: Website) -> None:
    website.articles("agents", titles=("A robot walks", "Robots talk", "Nothing else"))
    ed = colleague(website, "ed", Role.EDITOR)
    first = ed.post("/admin/topics/new", **form())
    assert first.status_code == 200
    assert "Nothing is saved yet" in first.text
    assert "2 would come" in first.text
    assert "A robot walks" in first.text
    assert "robots" not in topics(website)
    saved = ed.post("/admin/topics/new", **form(shown=shown(first.text)))
    assert saved.headers["location"] == "/admin/topics/"
    assert topics(website)["robots"].rule == "robot*"
    assert (Task.CLASSIFY, "classify") in website.asked
    assert ed.log("topic.create")[0].after["rule"] == "robot*"


def test_a_changed_rule_names_the_articles_that_would_go(website: Website) -> None:
    website.articles("agents", titles=("A robot walks",))
    ed = colleague(website, "ed", Role.EDITOR)
    number = topics(website)["agents"].id
    page = ed.post(f"/admin/topics/{number}", **form(slug="agents", rule="zebra", show="1")).text
    assert "1 would go" in page
    assert "A robot walks" in page
    assert topics(website)["agents"].rule != "zebra"


def test_what_was_typed_stays_when_it_is_wrong(website: Website) -> None:
    ed = colleague(website, "ed", Role.EDITOR)
    answer = ed.post("/admin/topics/new", **form(slug="No Slug", title="", rule="a b", description="<kept>"))
    assert answer.status_code == 422
    for words in (
        "Give the topic a title",
        "small letters, digits",
        "&lt;kept&gt;",
        'value="No Slug"',
        "a b</textarea>",
    ):
        assert words in answer.text


def test_a_short_name_is_used_once(website: Website) -> None:
    ed = colleague(website, "ed", Role.EDITOR)
    first = ed.post("/admin/topics/new", **form(slug="agents"))
    answer = ed.post("/admin/topics/new", **form(slug="agents", shown=shown(first.text)))
    assert answer.status_code == 422
    assert "already" in answer.text


def test_of_two_people_the_second_sees_what_the_first_saved(website: Website) -> None:
    anna, bert = colleague(website, "anna", Role.EDITOR), colleague(website, "bert", Role.EDITOR)
    path = f"/admin/topics/{topics(website)['agents'].id}"
    seen = mark(anna, path)
    same = {"slug": "agents", "rule": "word", "mark": seen}
    assert anna.post(path, **form(title="Anna's title", **same)).status_code == 303
    late = bert.post(path, **form(title="Bert's title", **same))
    assert late.status_code == 409
    assert "Saved by anna meanwhile" in late.text
    assert "<td>Anna&#39;s title</td><td>Bert&#39;s title</td>" in late.text
    assert topics(website)["agents"].title == "Anna's title"
    again = late.text.split('name="mark" value="')[1].split('"')[0]
    assert bert.post(path, **form(title="Bert's title", **{**same, "mark": again})).status_code == 303
    assert topics(website)["agents"].title == "Bert's title"


def test_a_renamed_topic_takes_its_readers_along_and_its_old_name_finds_none(website: Website) -> None:
    website.reader("agents", "local")
    ed = colleague(website, "ed", Role.EDITOR)
    path = f"/admin/topics/{topics(website)['agents'].id}"
    done = ed.post(path, **form(slug="robots", rule="word", mark=mark(ed, path)))
    assert done.status_code == 303
    with website.database.read() as session:
        keys = session.exec(select(SegmentRow.key)).all()
    assert keys == [Choice(frozenset({"robots", "local"}), "en").key]


def test_topics_change_places(website: Website) -> None:
    ed = colleague(website, "ed", Role.EDITOR)
    last = topics(website)["local"].id
    ed.post(f"/admin/topics/{last}/move", way="up")
    page = ed.words("/admin/topics/")
    assert page.index("The local") < page.index("The agents")
    ed.post(f"/admin/topics/{last}/move", way="up")
    assert ed.words("/admin/topics/").index("The local") < page.index("The agents")


def test_a_viewer_sees_topics_but_saves_none(website: Website) -> None:
    vera = colleague(website, "vera", Role.VIEWER)
    number = topics(website)["agents"].id
    assert vera.get(f"/admin/topics/{number}").status_code == 200
    assert vera.post(f"/admin/topics/{number}", **form(slug="agents")).status_code == 403
    assert vera.get("/admin/topics/999").status_code == 404
