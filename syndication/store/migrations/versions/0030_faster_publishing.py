"""Documents that PostgreSQL does not try to compress again; places in the history of feeds without a foreign key.

Revision: 0030; follows: 0029.
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_INDEX = "ix_archive_entry_article_id"


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.drop_index(_INDEX, "archive_entry")
    if op.get_bind().dialect.name == "sqlite":
        _copy(has_reference=False)
    else:
        op.drop_constraint("fk_archive_entry_article_id", "archive_entry", type_="foreignkey")
        _store_documents("EXTERNAL")


def downgrade() -> None:
    """Take the tables back to the revision before."""
    if op.get_bind().dialect.name == "sqlite":
        _copy(has_reference=True)
    else:
        op.create_foreign_key("fk_archive_entry_article_id", "archive_entry", "article", ["article_id"], ["id"])
        _store_documents("EXTENDED")
    op.create_index(_INDEX, "archive_entry", ["article_id"])


def _store_documents(how: str) -> None:
    for column in ("gzip", "brotli"):
        op.execute(f"ALTER TABLE feed_document ALTER COLUMN {column} SET STORAGE {how}")


def _copy(*, has_reference: bool) -> None:
    """The same rows in a table made anew; SQLite changes neither a foreign key nor the order of rows in place."""
    reference = sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_archive_entry_article_id"))
    op.create_table(
        "archive_entry_new",
        sa.Column("feed", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("article_id", _BIG, nullable=False),
        *([reference] if has_reference else []),
        sa.PrimaryKeyConstraint("feed", "number", name=op.f("pk_archive_entry")),
        sa.UniqueConstraint("feed", "article_id", name=op.f("uq_archive_entry_feed_article_id")),
        sqlite_with_rowid=has_reference,
    )
    op.execute("INSERT INTO archive_entry_new SELECT feed, number, article_id FROM archive_entry ORDER BY feed, number")
    op.drop_table("archive_entry")
    op.rename_table("archive_entry_new", "archive_entry")
