"""What the files of config/ said when their entries were last taken over.

Revision: 0027; follows: 0026.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "taken_entry",
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column("marks", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_taken_entry")),
    )


def downgrade() -> None:
    """Take the tables back to the revision before."""
    op.drop_table("taken_entry")
