"""Feed documents are kept compressed alone; what they were compressed from is theirs again in a moment.

Revision: 0026; follows: 0025.
"""

import gzip

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_DOCUMENTS = sa.table("feed_document", *map(sa.column, ("path", "form", "body", "gzip")))


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.drop_column("feed_document", "body")


def downgrade() -> None:
    """Take the tables back to the revision before."""
    op.add_column("feed_document", sa.Column("body", sa.LargeBinary(), nullable=False, server_default=""))
    keys = sa.select(_DOCUMENTS.c.path, _DOCUMENTS.c.form)
    for path, form in op.get_bind().execute(keys).all():
        this = (_DOCUMENTS.c.path == path, _DOCUMENTS.c.form == form)
        packed = op.get_bind().execute(sa.select(_DOCUMENTS.c.gzip).where(*this)).scalar_one()
        op.execute(_DOCUMENTS.update().where(*this).values(body=gzip.decompress(bytes(packed))))
