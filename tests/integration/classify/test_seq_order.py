"""The law of `article.seq`: who reads the counter sees every article up to there, in whatever order transactions end."""

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, text, update
from sqlmodel import Session, col, select

from syndication.classify.percolator import classify
from syndication.store.classifying import documents_of, load_topics, rules_in_force, store_verdicts
from syndication.store.counters import counter
from syndication.store.database import Database
from syndication.store.tables import ArticleRow
from tests.support.classifying import add_pending, set_up
from tests.support.rows import NOW

Accept = Callable[[Session, int], object]
Mark = Callable[[Session], int]


def _pending(database: Database, count: int) -> list[int]:
    source = set_up(database, agents="agent*")
    with database.write() as session:
        return [add_pending(session, source, f"Agents {number}") for number in range(count)]


def _accept(session: Session, article_id: int) -> None:
    """As the job does it."""
    documents = documents_of(session, [article_id])
    verdicts = classify(documents, load_topics(session))
    store_verdicts(session, documents, verdicts, rules_in_force(session), NOW)


def _seen(database: Database, mark: Mark) -> tuple[int, set[int | None]]:
    """A reader's mark, and the articles up to there."""
    with database.read() as session:
        n = mark(session)
        return n, set(session.exec(select(ArticleRow.id).where(col(ArticleRow.seq) <= n)))


def _missed(database: Database, accept: Accept, mark: Mark) -> set[int | None]:
    """What a reader misses who looks while a slow transaction, begun first, is overtaken by a fast one."""
    slow_article, fast_article = _pending(database, 2)

    def fast() -> None:
        with database.write() as session:
            accept(session, fast_article)

    with ThreadPoolExecutor(1) as pool:
        with database.write() as session:
            accept(session, slow_article)
            overtaking = pool.submit(fast)
            time.sleep(0.3)  # time to overtake, where the database lets it
            first_mark, first_seen = _seen(database, mark)
        overtaking.result()
    _, up_to_first_mark = _seen(database, lambda _: first_mark)
    second_mark, second_seen = _seen(database, mark)
    assert {slow_article, fast_article} == second_seen
    assert second_mark == 2
    return up_to_first_mark - first_seen


def test_a_fast_transaction_cannot_overtake_a_slow_one(database: Database) -> None:
    assert _missed(database, _accept, lambda session: counter(session, "seq")) == set()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_sequence_would_lose_the_article_of_the_slow_transaction(database: Database) -> None:
    """The test above can fail: this is the shape it guards against."""
    with database.write() as session:
        session.execute(text("CREATE SEQUENCE article_seq"))

    def accept(session: Session, article_id: int) -> None:
        statement = update(ArticleRow).where(col(ArticleRow.id) == article_id)
        session.execute(statement.values(seq=text("nextval('article_seq')")))

    def mark(session: Session) -> int:
        return session.exec(select(func.max(ArticleRow.seq))).one() or 0

    assert len(_missed(database, accept, mark)) == 1


def test_readers_beside_many_writers_miss_nothing(database: Database) -> None:
    articles = _pending(database, 60)
    done = threading.Event()
    readings: list[tuple[int, set[int | None]]] = []

    def read() -> None:
        while not done.is_set():
            readings.append(_seen(database, lambda session: counter(session, "seq")))

    def write(article_id: int) -> None:
        dawdle = random.Random(article_id).random() / 200  # noqa: S311 - no secret
        with database.write() as session:
            _accept(session, article_id)
            time.sleep(dawdle)

    with ThreadPoolExecutor(5) as pool:
        reader = pool.submit(read)
        list(pool.map(write, articles))
        done.set()
        reader.result()
    with database.read() as session:
        seqs = {article.seq: article.id for article in session.exec(select(ArticleRow))}
    assert sorted(filter(None, seqs)) == list(range(1, 61))
    assert len({n for n, _ in readings}) > 5
    for n, seen in readings:
        assert seen == {seqs[seq] for seq in range(1, n + 1)}


def test_processes_that_look_at_the_same_articles_number_each_once(database: Database) -> None:
    articles = _pending(database, 30)

    def look(_: int) -> int:
        with database.read() as session:
            documents, topics, version = documents_of(session, articles), load_topics(session), rules_in_force(session)
        verdicts = classify(documents, topics)
        with database.write() as session:
            return store_verdicts(session, documents, verdicts, version, NOW).looked_at

    with ThreadPoolExecutor(4) as pool:
        looked_at = list(pool.map(look, range(4)))
    assert sorted(looked_at) == [0, 0, 0, 30]
    with database.read() as session:
        assert sorted(filter(None, session.exec(select(ArticleRow.seq)))) == list(range(1, 31))
