"""A subject in the editor's words.

Revision: 0019; follows: 0018.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    with op.batch_alter_table("issue") as table:
        table.add_column(sa.Column("own_subject", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    """Bring the tables back to the revision before."""
    with op.batch_alter_table("issue") as table:
        table.drop_column("own_subject")
