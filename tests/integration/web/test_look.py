"""The look of a newsletter: what the form takes, what it refuses, and where it shows."""

import re
import struct
import zlib

import pytest
from sqlmodel import select

from syndication.domain.seams import Task
from syndication.store.newsletters import newsletter
from syndication.store.tables import AuditEntryRow, PictureRow
from tests.support.console import colleague
from tests.support.website import Website

LOOK = "/admin/newsletters/weekly/look"
WORDS = {
    "accent": "#7a1fa2",
    "ground": "#efe7da",
    "header": "Chosen by hand <b>",
    "footer": "Owned by readers.\r\nNo tracking.",
    "postal_address": "1 Main Street",
    "place-agents": "2",
    "place-local": "1",
}


def png(width: int = 400, height: int = 100) -> bytes:
    """A black picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * (width + 1) * height))


@pytest.fixture
def cookie(website: Website) -> str:
    return colleague(website, "anna").cookie


def mark(website: Website, cookie: str) -> str:
    """Of the form as it is opened now."""
    found = re.search(r'name="mark" value="(\w+)"', website.visitor().get(LOOK, headers={"cookie": cookie}).text)
    assert found is not None
    return found[1]


def send(website: Website, cookie: str, words: dict[str, str], picture: bytes = b"") -> tuple[int, str]:
    files = {"picture": ("logo.png", picture, "image/png")}
    words = {"mark": mark(website, cookie), **words}
    answer = website.visitor().post(LOOK, data=words, files=files, headers={"cookie": cookie})
    return answer.status_code, answer.text


def stored(website: Website) -> dict[str, object]:
    with website.database.read() as session:
        found = newsletter(session, "weekly")
    assert found is not None
    value = found.value
    return {
        "accent": value.accent,
        "ground": value.ground,
        "header": value.header,
        "footer": value.footer,
        "topics": value.topics,
        "logo": value.logo,
    }


def test_a_look_is_saved_audited_and_shown_in_mails_and_pages(website: Website, cookie: str) -> None:
    website.articles("agents", titles=["First"])
    website.articles("local", titles=["Second"])

    assert send(website, cookie, WORDS, png())[0] == 303

    look = stored(website)
    logo = str(look.pop("logo"))
    assert look == {
        "accent": "#7a1fa2",
        "ground": "#efe7da",
        "header": "Chosen by hand <b>",
        "footer": "Owned by readers.\nNo tracking.",
        "topics": ("local", "agents"),
    }
    with website.database.read() as session:
        assert "newsletter.look" in session.exec(select(AuditEntryRow.action)).all()
    mail = website.visitor().get("/newsletters/weekly/sample/mail").text
    assert f'src="http://127.0.0.1:8000/pictures/{logo}" width="280" height="70"' in mail
    for words in ("Chosen by hand &lt;b&gt;", "Owned by readers.", "No tracking.", "#efe7da", "1 Main Street"):
        assert words in mail
    assert mail.index("The local</h2>") < mail.index("The agents</h2>")
    archive = website.visitor().get("/newsletters/weekly/").text
    for words in (f"/pictures/{logo}", "Chosen by hand &lt;b&gt;", "Owned by readers.", "accent-7a1fa2.css"):
        assert words in archive
    for path in ("/", "/subscribe", "/newsletters/weekly/sample", "/feeds/all/", "/feeds/topics/agents/"):
        page = website.visitor().get(path).text
        for words in (f"/pictures/{logo}", "Owned by readers.", "1 Main Street", "accent-7a1fa2.css"):
            assert words in page, path
    assert (Task.PUBLISH, "publish") in website.asked


def test_a_picture_is_served_with_its_kind_for_good_and_nothing_in_it_runs(website: Website, cookie: str) -> None:
    send(website, cookie, WORDS, png())
    answer = website.visitor().get(f"/pictures/{stored(website)['logo']}")

    assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, "image/png", png())
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert website.visitor().get("/pictures/none.png").status_code == 404


def test_a_logo_can_be_left_out_again(website: Website, cookie: str) -> None:
    send(website, cookie, WORDS, png())
    kept = {**WORDS, "logo": str(stored(website)["logo"])}
    send(website, cookie, kept)
    assert stored(website)["logo"] == kept["logo"]
    send(website, cookie, {**kept, "no_logo": "1"})
    assert stored(website)["logo"] == ""


@pytest.mark.parametrize(
    ("words", "picture", "fault"),
    [
        ({"accent": "red"}, b"", "Write colours as # and six digits"),
        ({"ground": "#12345"}, b"", "Write colours as # and six digits"),
        ({"postal_address": " "}, b"", "The postal address is missing"),
        ({"header": "x" * 201}, b"", "The words are too long"),
        ({"footer": "x" * 601}, b"", "The words are too long"),
        ({}, b"<svg onload='alert(1)'/>", "This is no PNG, JPEG or GIF"),
        ({}, png(2_001, 1), "at most 2000 by 2000"),
        ({}, png() + b"\0" * 200_000, "at most 200 are shown"),
    ],
    ids=["accent", "ground", "address", "header", "footer", "svg", "wide", "heavy"],
)
def test_what_cannot_be_used_is_refused_with_the_reason_and_changes_nothing(
    website: Website, cookie: str, words: dict[str, str], picture: bytes, fault: str
) -> None:
    before = stored(website)
    status, page = send(website, cookie, {**WORDS, **words}, picture)

    assert (status, fault in page) == (422, True)
    assert stored(website) == before


def test_of_two_people_the_second_sees_what_the_first_saved(website: Website, cookie: str) -> None:
    bert = colleague(website, "bert").cookie
    seen = mark(website, bert)
    send(website, cookie, {**WORDS, "header": "By Anna"})
    late = {**WORDS, "header": "By Bert", "mark": seen}

    status, page = send(website, bert, late)
    assert (status, stored(website)["header"]) == (409, "By Anna")
    for words in ("Saved by anna meanwhile", "<td>By Anna</td><td>By Bert</td>", 'value="By Bert"'):
        assert words in page, words

    found = re.search(r'name="mark" value="(\w+)"', page)
    assert found is not None
    assert send(website, bert, {**late, "mark": found[1]})[0] == 303
    assert stored(website)["header"] == "By Bert"


def test_a_look_is_shown_before_it_is_saved(website: Website, cookie: str) -> None:
    website.articles("agents", titles=["First"])
    before = stored(website)
    status, page = send(website, cookie, {**WORDS, "show": "1"}, png())

    assert status == 200
    assert stored(website) == before
    source = re.search(rf'src="({re.escape(LOOK)}/mail\?[^"]+)"', page)
    assert source is not None
    address = source[1].replace("&amp;", "&")
    mail = website.visitor().get(address, headers={"cookie": cookie}).text
    assert "Chosen by hand &lt;b&gt;" in mail
    assert "@media not all" in mail
    dark = website.visitor().get(address.replace("?", "?scheme=dark&"), headers={"cookie": cookie}).text
    assert "@media all" in dark
    with website.database.read() as session:
        assert len(session.exec(select(PictureRow)).all()) == 1


def test_a_preview_of_a_look_that_cannot_be_is_that_of_the_saved_one(website: Website, cookie: str) -> None:
    website.articles("agents", titles=["First"])
    address = f"{LOOK}/mail?accent=red&header=Never"
    assert "Never" not in website.visitor().get(address, headers={"cookie": cookie}).text


def test_the_page_says_how_well_the_colours_can_be_read(website: Website, cookie: str) -> None:
    page = send(website, cookie, {**WORDS, "accent": "#ffff00", "show": "1"})[1]

    assert "a shade of yours that can be read" in page
    ratios = [float(ratio) for ratio in re.findall(r"<td>(\d+\.\d)</td>", page)]
    assert len(ratios) == 5
    assert min(ratios) >= 4.5


def test_the_look_of_nothing_is_not_found_and_nobody_sees_it_without_a_log_in(website: Website, cookie: str) -> None:
    assert website.visitor().get(LOOK.replace("weekly", "x"), headers={"cookie": cookie}).status_code == 404
    for path in (LOOK, f"{LOOK}/mail"):
        assert website.visitor().get(path).headers["location"] == "/admin/login"
