"""reader imports.

Revision: 0002; follows: 0001.
"""

import sqlalchemy as sa
from alembic import op


revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table('reader_import',
    sa.Column('id', BIG, autoincrement=True, nullable=False),
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('newsletter_id', sa.Integer(), nullable=False),
    sa.Column('file_name', sa.String(), nullable=False),
    sa.Column('consent', sa.String(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('added', sa.Integer(), nullable=False),
    sa.Column('known', sa.Integer(), nullable=False),
    sa.Column('opted_out', sa.Integer(), nullable=False),
    sa.Column('suppressed', sa.Integer(), nullable=False),
    sa.Column('rejected', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['newsletter_id'], ['newsletter.id'], name=op.f('fk_reader_import_newsletter_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reader_import')),
    sa.UniqueConstraint('key', name=op.f('uq_reader_import_key'))
    )
    op.create_table('reader_import_reject',
    sa.Column('import_id', BIG, nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['import_id'], ['reader_import.id'], name=op.f('fk_reader_import_reject_import_id')),
    sa.PrimaryKeyConstraint('import_id', 'number', name=op.f('pk_reader_import_reject'))
    )


def downgrade() -> None:
    """Take the tables back to the revision before."""
    op.drop_table('reader_import_reject')
    op.drop_table('reader_import')
