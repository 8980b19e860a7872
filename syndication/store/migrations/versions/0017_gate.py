"""The gate before an issue is sent.

Revision: 0017; follows: 0016.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    with op.batch_alter_table("issue") as table:
        table.add_column(sa.Column("gate", sa.String(length=16), nullable=False, server_default="open"))
        table.add_column(sa.Column("findings", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    """Bring the tables back to the revision before."""
    with op.batch_alter_table("issue") as table:
        table.drop_column("findings")
        table.drop_column("gate")
