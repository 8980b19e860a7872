"""An index that finds the latest suppressions among many.

Revision: 0020; follows: 0019.
"""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_index("ix_suppression_created_at", "suppression", ["created_at", "hmac"])


def downgrade() -> None:
    """Take the tables back to the revision before."""
    op.drop_index("ix_suppression_created_at", "suppression")
