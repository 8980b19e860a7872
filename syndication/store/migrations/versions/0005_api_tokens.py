"""Tokens of the API.

Revision: 0005; follows: 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    with op.batch_alter_table("token", schema=None) as batch:
        batch.add_column(sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("hint", sa.String(length=16), nullable=False, server_default=""))
        batch.add_column(sa.Column("scopes", sa.JSON(), nullable=False, server_default="[]"))
        batch.add_column(sa.Column("source_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(op.f("fk_token_source_id"), "source", ["source_id"], ["id"])
    with op.batch_alter_table("token", schema=None) as batch:
        batch.alter_column("hint", server_default=None)
        batch.alter_column("scopes", server_default=None)


def downgrade() -> None:
    """Take the tables back to the revision before."""
    with op.batch_alter_table("token", schema=None) as batch:
        batch.drop_constraint(op.f("fk_token_source_id"), type_="foreignkey")
        for column in ("source_id", "scopes", "hint", "revoked_at"):
            batch.drop_column(column)
