"""The look of newsletters, and who made which version of a template.

Revision: 0013; follows: 0012.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_WORDS = {"ground": "#f3f4f6", "logo": "", "header": "", "footer": ""}


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "picture",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_picture")),
    )
    with op.batch_alter_table("newsletter") as batch:
        for name, words in _WORDS.items():
            batch.add_column(sa.Column(name, sa.String(), nullable=False, server_default=words))
    with op.batch_alter_table("newsletter") as batch:
        for name in _WORDS:
            batch.alter_column(name, server_default=None)
    with op.batch_alter_table("template_version") as batch:
        batch.add_column(sa.Column("author", sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("template_version") as batch:
        batch.alter_column("author", server_default=None)


def downgrade() -> None:
    """Take the tables back to the revision before."""
    op.drop_column("template_version", "author")
    for name in _WORDS:
        op.drop_column("newsletter", name)
    op.drop_table("picture")
