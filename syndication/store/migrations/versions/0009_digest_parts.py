"""digest parts.

Revision: 0009; follows: 0008.
"""

import sqlalchemy as sa
from alembic import op


revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table('digest_part',
    sa.Column('name', sa.String(length=16), nullable=False),
    sa.Column('text', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_digest_part'))
    )
    with op.batch_alter_table('digest_body') as batch:
        batch.add_column(sa.Column('is_cut', sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table('digest_body') as batch:
        batch.alter_column('is_cut', server_default=None)


def downgrade() -> None:
    """Bring the tables back to the revision before."""
    op.drop_table('digest_part')
    with op.batch_alter_table('digest_body') as batch:
        batch.drop_column('is_cut')
