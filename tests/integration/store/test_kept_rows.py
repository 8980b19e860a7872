"""What one test's fixture made is what the next one's finds, also for those who count on."""

from sqlalchemy import select

from syndication.store.database import Database
from syndication.store.tables import metadata
from tests.support.issues import World
from tests.support.kept import kept


def contents(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.read() as session:
        return {table.name: [tuple(row) for row in session.execute(select(table))] for table in metadata.sorted_tables}


def empty(database: Database) -> None:
    with database.write() as session:
        for table in reversed(metadata.sorted_tables):
            session.execute(table.delete())


def test_copied_rows_are_those_that_were_made_and_the_next_ones_have_the_next_numbers(database: Database) -> None:
    def build(database: Database) -> World:
        world = World.build(database)
        world.reader("agents")
        world.article("one", "agents")
        world.sent()
        return world

    first = kept(database, build)
    made = contents(database)
    first.sent()
    empty(database)
    second = kept(database, build)
    assert contents(database) == made
    assert (second.schedule_id, second.now, second.database) == (first.schedule_id, second.now, database)
    assert second.now < first.now
    assert second.issue() == len(made["issue"]) + 1
