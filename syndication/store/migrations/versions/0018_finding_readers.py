"""Indexes that find and count readers among a million.

Revision: 0018; follows: 0017.
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_index("ix_subscription_counts", "subscription", ["schedule_id", "status", "paused_until"])
    op.create_index("ix_subscription_status_id", "subscription", ["status", "id"])
    topics = ["topic_id", "subscription_id"]
    op.create_index("ix_subscription_topic_topic_id_subscription_id", "subscription_topic", topics)
    patterns = {"address_key": "text_pattern_ops"}
    op.create_index("ix_subscriber_address_key_prefix", "subscriber", ["address_key"], postgresql_ops=patterns)


def downgrade() -> None:
    """Take the tables back to the revision before."""
    op.drop_index("ix_subscriber_address_key_prefix", "subscriber")
    op.drop_index("ix_subscription_topic_topic_id_subscription_id", "subscription_topic")
    op.drop_index("ix_subscription_status_id", "subscription")
    op.drop_index("ix_subscription_counts", "subscription")
