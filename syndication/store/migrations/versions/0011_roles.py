"""Roles of admins, and what is known of their log-ins.

Revision: 0011; follows: 0010. Who was an admin before is an owner.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    with op.batch_alter_table("admin", schema=None) as batch:
        batch.add_column(sa.Column("role", sa.String(length=16), nullable=False, server_default="owner"))
    with op.batch_alter_table("admin", schema=None) as batch:
        batch.alter_column("role", server_default=None)
    with op.batch_alter_table("admin_session", schema=None) as batch:
        batch.add_column(sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("ip", sa.String(length=64), nullable=False, server_default=""))
        batch.add_column(sa.Column("agent", sa.String(length=300), nullable=False, server_default=""))
    with op.batch_alter_table("admin_session", schema=None) as batch:
        batch.alter_column("ip", server_default=None)
        batch.alter_column("agent", server_default=None)
    with op.batch_alter_table("token", schema=None) as batch:
        batch.add_column(sa.Column("admin_role", sa.String(length=16), nullable=True))


def downgrade() -> None:
    """Take the tables back to the revision before."""
    with op.batch_alter_table("token", schema=None) as batch:
        batch.drop_column("admin_role")
    with op.batch_alter_table("admin_session", schema=None) as batch:
        for column in ("agent", "ip", "seen_at"):
            batch.drop_column(column)
    with op.batch_alter_table("admin", schema=None) as batch:
        batch.drop_column("role")
