"""Bodies kept as parts: pieced together they are what was rendered, and equal parts are kept once."""

from sqlmodel import select

from syndication.domain.digests import BodyPieces
from syndication.store.bodies import Parts, keep_bodies, mail_bodies
from syndication.store.database import Database
from syndication.store.tables import DigestBodyRow, DigestPartRow


def test_bodies_come_back_as_they_were_rendered(database: Database) -> None:
    bodies = [
        BodyPieces("One", ("top\n", "row è", "\nend"), ("<p>", "row", "</p>", "")),
        BodyPieces("Two", ("top\n", "\nend"), ("<p>", "row", "row", "</p>")),
    ]
    parts = Parts()
    cut = [parts.cut(body) for body in bodies]
    with database.write() as session:
        keep_bodies(session, parts.take_new(), cut)
        keep_bodies(session, {}, cut)

    with database.read() as session:
        rows = session.exec(select(DigestBodyRow)).all()
        found = mail_bodies(session, rows)
        kept = session.exec(select(DigestPartRow.text)).all()

    assert [found[each.hash] for each in cut] == [body.whole() for body in bodies]
    assert sorted(kept) == sorted({"top\n", "row è", "\nend", "<p>", "row", "</p>", ""})


def test_a_part_that_was_kept_in_another_run_has_the_same_name() -> None:
    body = BodyPieces("One", ("a", "b"), ("c",))
    first, second = Parts(), Parts()

    assert first.cut(body) == second.cut(body)
    assert first.take_new() == second.take_new()
    assert first.take_new() == {}
