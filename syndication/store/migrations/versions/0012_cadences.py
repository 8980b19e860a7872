"""Cadences, review, announcements.

Revision: 0012; follows: 0011.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NEW = (
    ("newsletter", "own_hours", sa.Boolean(), sa.false()),
    ("schedule", "is_own", sa.Boolean(), sa.false()),
    ("schedule", "review_s", sa.Integer(), "0"),
    ("issue", "is_stale", sa.Boolean(), sa.false()),
    ("issue", "intro", sa.String(), ""),
    ("issue", "topics", sa.JSON(), "[]"),
)


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "issue_edit",
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("article_id", BIG, nullable=False),
        sa.Column("edit", sa.String(length=16), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name=op.f("fk_issue_edit_issue_id")),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_issue_edit_article_id")),
        sa.PrimaryKeyConstraint("issue_id", "article_id", name=op.f("pk_issue_edit")),
    )
    op.add_column("issue", sa.Column("review_until", sa.DateTime(timezone=True), nullable=True))
    for table, column, kind, default in _NEW:
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column(column, kind, nullable=False, server_default=default))
        with op.batch_alter_table(table) as batch:
            batch.alter_column(column, server_default=None)


def downgrade() -> None:
    """Bring the tables back to the revision before."""
    for table, column, _, _ in reversed(_NEW):
        with op.batch_alter_table(table) as batch:
            batch.drop_column(column)
    with op.batch_alter_table("issue") as batch:
        batch.drop_column("review_until")
    op.drop_table("issue_edit")
