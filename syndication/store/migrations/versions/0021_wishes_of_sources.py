"""When a source's document asks to be left alone.

Revision: 0021; follows: 0020.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.add_column("source", sa.Column("wishes", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    """Take the tables back to the revision before."""
    op.drop_column("source", "wishes")
