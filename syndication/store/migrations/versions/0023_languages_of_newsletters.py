"""Which languages the readers of a newsletter may choose from.

Revision: 0023; follows: 0022.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.add_column("newsletter", sa.Column("languages", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    """Take the tables back to the revision before."""
    op.drop_column("newsletter", "languages")
