"""Archives, private feeds, pings and readings of feeds; feeds that keep their name when their path changes.

Revision: 0007; follows: 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NAMED = """
UPDATE feed_document SET feed = '{kind}/' || (SELECT CAST(id AS VARCHAR(20)) FROM {table} WHERE '/feeds/{kind}/' || slug = path)
WHERE path IN (SELECT '/feeds/{kind}/' || slug FROM {table})
"""


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "archive_entry",
        sa.Column("feed", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("article_id", _BIG, nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_archive_entry_article_id")),
        sa.PrimaryKeyConstraint("feed", "number", name=op.f("pk_archive_entry")),
        sa.UniqueConstraint("feed", "article_id", name=op.f("uq_archive_entry_feed_article_id")),
    )
    op.create_index(op.f("ix_archive_entry_article_id"), "archive_entry", ["article_id"])
    op.create_table(
        "private_feed",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subscription_id", _BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscription.id"], name=op.f("fk_private_feed_subscription_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_private_feed")),
    )
    op.create_index(op.f("ix_private_feed_subscription_id"), "private_feed", ["subscription_id"])
    op.create_table(
        "hub_ping",
        sa.Column("hub", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("hub", "topic", name=op.f("pk_hub_ping")),
    )
    op.create_index(op.f("ix_hub_ping_due_at"), "hub_ping", ["due_at"])
    op.create_table(
        "feed_reading",
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("agent", sa.String(length=64), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("unmodified", sa.Integer(), nullable=False),
        sa.Column("readers", sa.Integer(), nullable=False),
        sa.Column("subscribers", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("path", "day", "agent", name=op.f("pk_feed_reading")),
    )
    op.create_index(op.f("ix_feed_reading_day"), "feed_reading", ["day"])
    op.add_column("feed_document", sa.Column("feed", sa.String(length=64), nullable=False, server_default=""))
    op.add_column("feed_document", sa.Column("moved_to", sa.String(), nullable=False, server_default=""))
    op.create_index(op.f("ix_feed_document_feed"), "feed_document", ["feed"])
    op.execute("UPDATE feed_document SET feed = 'all/0' WHERE path = '/feeds/all'")
    for kind, table in (("topics", "topic"), ("sources", "source")):
        op.execute(_NAMED.format(kind=kind, table=table))
    op.add_column("source", sa.Column("full_text", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.create_index("ix_article_source_id_published_at", "article", ["source_id", "published_at"])
    op.create_index("ix_article_language_published_at", "article", ["language", "published_at"])
    op.drop_index("ix_classification_topic_id_article_id", table_name="classification")
    op.create_index(
        "ix_classification_topic_id_accepted_article_id", "classification", ["topic_id", "accepted", "article_id"]
    )


def downgrade() -> None:
    """Bring the tables back to the revision before."""
    op.drop_index("ix_classification_topic_id_accepted_article_id", table_name="classification")
    op.create_index("ix_classification_topic_id_article_id", "classification", ["topic_id", "article_id"])
    op.drop_index("ix_article_language_published_at", table_name="article")
    op.drop_index("ix_article_source_id_published_at", table_name="article")
    op.drop_column("source", "full_text")
    op.drop_index(op.f("ix_feed_document_feed"), table_name="feed_document")
    op.drop_column("feed_document", "moved_to")
    op.drop_column("feed_document", "feed")
    for table in ("feed_reading", "hub_ping", "private_feed", "archive_entry"):
        op.drop_table(table)
