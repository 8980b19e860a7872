"""A list from elsewhere becomes readers: once each, with proof, and never against an opt-out."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import col, select

from syndication.domain.errors import ConfigError
from syndication.domain.states import DeliveryState
from syndication.domain.suppression import OPTED_OUT
from syndication.domain.tokens import suppression_mark
from syndication.jobs.import_readers import (
    ImportReport,
    ImportWish,
    import_readers,
    plan_import,
    refused_csv,
    refused_records,
)
from syndication.jobs.reader_file import ReaderFile
from syndication.store.database import Database
from syndication.store.importing import Fate
from syndication.store.leaving import unsubscribe
from syndication.store.tables import (
    ConsentEventRow,
    CounterRow,
    DeliveryRow,
    SegmentRow,
    SubscriberRow,
    SubscriptionRow,
    SuppressionRow,
)
from tests.support import rows
from tests.support.rows import NOW
from tests.support.subscribing import VISIT, reader, waiting_issue

KEY = b"k" * 32
pytestmark = pytest.mark.usefixtures("newsletter")
WISH = ImportWish("weekly", "signed up on our old site")
LIST = """\
email,name,status,tags,created_at
new@example.org,Nora New,enabled,,2024-05-01
NEW@example.org,Nora again,enabled,,
ann@example.com,Ann,enabled,,
out@example.org,Otto,unsubscribed,,
gone@example.org,Gina,enabled,,
no address,Nobody,enabled,,
,Nobody at all,enabled,,
topic@example.org,Tina,enabled,"ai AGENTS, gardening",
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "list.csv"
    path.write_text(LIST, "utf-8")
    return path


def suppressed(database: Database, address: str) -> None:
    with database.write() as session:
        session.add(SuppressionRow(hmac=suppression_mark(KEY, address), reason="complaint", created_at=NOW))


def imported(database: Database, path: Path, wish: ImportWish = WISH) -> ImportReport:
    return import_readers(database, KEY, ReaderFile(path), wish, lambda: NOW)


def statuses(database: Database) -> dict[str, str]:
    with database.read() as session:
        found = session.exec(
            select(SubscriberRow.address, SubscriptionRow.status)
            .join(SubscriptionRow, col(SubscriptionRow.subscriber_id) == col(SubscriberRow.id))
            .order_by(SubscriberRow.address)
        )
        return {address: str(status) for address, status in found}


COUNTS = {Fate.ADDED: 2, Fate.KNOWN: 2, Fate.OPTED_OUT: 1, Fate.SUPPRESSED: 1, Fate.REJECTED: 2}


def test_an_import_does_what_its_dry_run_says_and_no_more(database: Database, newsletter: int, path: Path) -> None:
    reader(database, newsletter, "local")
    suppressed(database, "gone@example.org")
    before = statuses(database)
    planned = plan_import(database, KEY, ReaderFile(path), WISH)
    assert statuses(database) == before
    assert (planned.records, dict(planned.counts)) == (8, COUNTS)
    assert planned.unknown_tags == {"gardening": 1}
    done = imported(database, path)
    assert (done.records, dict(done.counts)) == (8, COUNTS)
    assert statuses(database) == before | {"new@example.org": "confirmed", "topic@example.org": "confirmed"}


def test_a_reader_begins_now_with_proof_of_how_they_agreed(database: Database, newsletter: int, path: Path) -> None:
    with database.write() as session:
        session.get_one(CounterRow, "seq").n = 55
    imported(database, path)
    with database.read() as session:
        person = session.exec(select(SubscriberRow).where(SubscriberRow.address == "new@example.org")).one()
        subscription = rows.subscription_of(session, person.id or 0)
        segment = session.get_one(SegmentRow, subscription.segment_id)
        proof = session.exec(select(ConsentEventRow).where(ConsentEventRow.subscription_id == subscription.id)).one()
    assert (person.name, subscription.newsletter_id, subscription.from_seq) == ("Nora New", newsletter, 55)
    assert segment.key == "en:agents+local"
    assert proof.event == "imported"
    assert proof.detail == {"consent": WISH.consent, "list": "list.csv", "since": "2024-05-01"}


def test_tags_become_topics_by_name_or_by_what_the_admin_says(database: Database, path: Path) -> None:
    imported(database, path, replace(WISH, tags={"Gardening": "local"}, topics=("local",)))
    with database.read() as session:
        keys = session.exec(select(SegmentRow.key).order_by(SegmentRow.key)).all()
    assert keys == ["en:agents+local", "en:local"]


def test_who_left_here_stays_away_whatever_the_list_says(database: Database, newsletter: int, tmp_path: Path) -> None:
    subscription_id = reader(database, newsletter, "agents")
    with database.write() as session:
        unsubscribe(session, subscription_id, VISIT, NOW)
    path = tmp_path / "list.csv"
    path.write_text("email\nann@example.com\n", "utf-8")
    assert imported(database, path).counts[Fate.OPTED_OUT] == 1
    assert statuses(database) == {"ann@example.com": "unsubscribed"}


def test_an_opt_out_of_the_list_ends_a_subscription_and_what_waits(
    database: Database, newsletter: int, tmp_path: Path
) -> None:
    subscription_id = reader(database, newsletter, "agents")
    with database.write() as session:
        waiting_issue(session, newsletter, subscription_id, DeliveryState.READY)
    path = tmp_path / "list.csv"
    path.write_text("email,status\nann@example.com,unsubscribed\n", "utf-8")
    imported(database, path)
    assert statuses(database) == {"ann@example.com": "unsubscribed"}
    with database.read() as session:
        assert session.exec(select(DeliveryRow.state)).all() == [DeliveryState.SUPPRESSED]
        assert session.exec(select(SuppressionRow.reason)).all() == [OPTED_OUT]


def test_who_opted_out_in_one_list_is_not_brought_in_by_the_next(database: Database, tmp_path: Path) -> None:
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    first.write_text("email,status\nout@example.org,unsubscribed\n", "utf-8")
    second.write_text("email\nout@example.org\n", "utf-8")
    imported(database, first)
    assert imported(database, second).counts[Fate.SUPPRESSED] == 1
    assert statuses(database) == {}


def test_the_same_import_again_changes_nothing_and_says_the_same(database: Database, path: Path) -> None:
    first = imported(database, path)
    assert imported(database, path) == replace(first, unknown_tags={})
    assert imported(database, path, replace(WISH, language="it")).counts[Fate.ADDED] == 0


class KilledError(Exception):
    """The process ends here."""


def test_an_import_that_was_killed_goes_on_with_exact_counts(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    lines = "".join(f"reader{number}@example.org\n" for number in range(3_000))
    path.write_text(f"email\n{lines}broken\n", "utf-8")

    def die(position: int) -> None:
        if position >= 1_000:
            raise KilledError

    with pytest.raises(KilledError):
        import_readers(database, KEY, ReaderFile(path), WISH, lambda: NOW, die)
    taken = len(statuses(database))
    assert 1_000 <= taken < 3_000
    done = imported(database, path)
    assert done.records == 3_001
    assert {fate: count for fate, count in done.counts.items() if count} == {Fate.ADDED: 3_000, Fate.REJECTED: 1}
    assert len(statuses(database)) == 3_000


def test_refused_records_come_back_as_csv_with_the_reason(database: Database, path: Path) -> None:
    path.write_text("name,email\n=cmd(),not an address\nNobody,\nFine,a@example.org\n", "utf-8")
    done = imported(database, path)
    assert done.import_id
    text = io.StringIO()
    file = ReaderFile(path)
    assert refused_csv(file, refused_records(database, file, done.import_id), text) == 2
    header, first, second = text.getvalue().splitlines()
    assert header == "record,reason,name,email"
    assert first.startswith("1,")
    assert "@-sign" in first
    assert first.endswith(",'=cmd(),not an address")
    assert second == "2,no address,Nobody,"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("email;name\nanna@example.org;Renée\n", "utf-8"),
        ("\ufeffemail\tname\r\nanna@example.org\tRenée\r\n", "utf-8"),
        ("email,name\nanna@example.org,Renée\n", "cp1252"),
        ("email,name\nanna@example.org,Renée\n", "utf-16"),
        ("sep=;\nemail;name\n\nanna@example.org;Renée\n\n", "utf-8"),
        ('email,name\nanna@example.org,"Ren\u00e9e"', "utf-8"),
        ("email,name\nanna@example.org,Ren\u00e9e\0\n", "utf-8"),
    ],
)
def test_any_usual_csv_is_read(database: Database, tmp_path: Path, content: str, encoding: str) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(content.encode(encoding))
    assert imported(database, path).counts[Fate.ADDED] == 1
    with database.read() as session:
        assert session.exec(select(SubscriberRow.name)).all() == ["Renée"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "the file is empty"),
        ("name,town\nAnna,Rome\n", "no column holds addresses"),
        ('email,name\na@example.org,"' + "x" * 200_000 + "\n", "quotation mark"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(
    database: Database, tmp_path: Path, content: str, words: str
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(content, "utf-8")
    with pytest.raises(ConfigError, match=words):
        imported(database, path)
    assert statuses(database) == {}


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (replace(WISH, consent=" "), "how these people agreed"),
        (replace(WISH, newsletter="daily"), "no newsletter 'daily'"),
        (replace(WISH, topics=("gardens",)), "does not offer the topic 'gardens'. It offers: agents, local"),
    ],
)
def test_a_wrong_wish_is_refused_in_words(database: Database, path: Path, wish: ImportWish, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        imported(database, path, wish)
