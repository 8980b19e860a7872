"""Deliveries without foreign keys, digests with their items in their own row.

Revision: 0025; follows: 0024.
"""

import json
from itertools import groupby

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_COPIED = {"issue_id": "issue", "subscriber_id": "subscriber", "digest_id": "digest"}
_AT_ONCE = 2_000
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the tables to this revision."""
    with op.batch_alter_table("delivery") as batch:
        for column in _COPIED:
            batch.drop_constraint(f"fk_delivery_{column}", type_="foreignkey")
    op.add_column("digest", sa.Column("items", sa.JSON(), nullable=False, server_default="[]"))
    _collect_items()
    op.drop_table("digest_item")
    # From here on deliveries are counted as they are planned; an issue that is being composed has some already.
    op.execute(
        "UPDATE issue SET planned = (SELECT count(*) FROM delivery WHERE delivery.issue_id = issue.id)"
        " WHERE state = 'composing'"
    )


def downgrade() -> None:
    """Take the tables back to the revision before."""
    op.create_table(
        "digest_item",
        sa.Column("digest_id", _BIG, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("article_id", _BIG, nullable=False),
        sa.Column("topic_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_digest_item_article_id")),
        sa.ForeignKeyConstraint(["digest_id"], ["digest.id"], name=op.f("fk_digest_item_digest_id")),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name=op.f("fk_digest_item_topic_id")),
        sa.PrimaryKeyConstraint("digest_id", "position", name=op.f("pk_digest_item")),
    )
    _spread_items()
    op.drop_column("digest", "items")
    with op.batch_alter_table("delivery") as batch:
        for column, table in _COPIED.items():
            batch.create_foreign_key(f"fk_delivery_{column}", table, [column], ["id"])


def _collect_items() -> None:
    """digest_item → digest.items, some thousand digests at a time."""
    connection, last = op.get_bind(), 0
    lines = sa.text(
        "SELECT digest_id, article_id, topic_id FROM digest_item WHERE digest_id > :last AND digest_id <= :end"
        " ORDER BY digest_id, position"
    )
    while (end := _end(last)) is not None:
        rows = connection.execute(lines, {"last": last, "end": end}).all()
        values = [
            {"id": digest_id, "items": json.dumps([[article_id, topic_id] for _, article_id, topic_id in items])}
            for digest_id, items in groupby(rows, lambda row: row[0])
        ]
        if values:
            connection.execute(sa.text("UPDATE digest SET items = :items WHERE id = :id"), values)
        last = end


def _spread_items() -> None:
    """digest.items → digest_item."""
    connection, last = op.get_bind(), 0
    lines = sa.text("SELECT id, items FROM digest WHERE id > :last AND id <= :end").columns(items=sa.JSON())
    insert = sa.text("INSERT INTO digest_item (digest_id, position, article_id, topic_id) VALUES (:d, :p, :a, :t)")
    while (end := _end(last)) is not None:
        rows = connection.execute(lines, {"last": last, "end": end}).all()
        values = [
            {"d": digest_id, "p": position, "a": article_id, "t": topic_id}
            for digest_id, items in rows
            for position, (article_id, topic_id) in enumerate(items)
        ]
        if values:
            connection.execute(insert, values)
        last = end


def _end(last: int) -> int | None:
    """The id that ends the next digests after an id; None when there are none."""
    following = "SELECT max(id) FROM (SELECT id FROM digest WHERE id > :last ORDER BY id LIMIT :n) AS following"
    end: int | None = op.get_bind().execute(sa.text(following), {"last": last, "n": _AT_ONCE}).scalar()
    return end
