"""How many stories a digest of a newsletter lists at most; 0 is what is usual at its cadence.

Revision: 0028; follows: 0027.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    with op.batch_alter_table("newsletter") as batch:
        batch.add_column(sa.Column("most_stories", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("newsletter") as batch:
        batch.alter_column("most_stories", server_default=None)


def downgrade() -> None:
    """Take the tables back to the revision before."""
    with op.batch_alter_table("newsletter") as batch:
        batch.drop_column("most_stories")
