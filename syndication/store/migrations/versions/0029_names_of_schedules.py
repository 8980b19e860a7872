"""Schedules have a name that stays: what config/ called them by their place until now.

Revision: 0029; follows: 0028.
"""

from collections import Counter

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_INDEX = "ix_schedule_newsletter_id_slug"


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.add_column("schedule", sa.Column("slug", sa.String(length=64), nullable=True))
    schedule = sa.table("schedule", *map(sa.column, ("id", "newsletter_id", "cadence", "is_own", "slug")))
    shared = sa.select(schedule.c.id, schedule.c.newsletter_id, schedule.c.cadence).where(~schedule.c.is_own)
    seen: Counter[tuple[int, str]] = Counter()
    for number, newsletter_id, cadence in op.get_bind().execute(shared.order_by(schedule.c.id)).all():
        seen[newsletter_id, cadence] += 1
        place = seen[newsletter_id, cadence]
        slug = f"{cadence}-{place}" if place > 1 else cadence
        op.execute(schedule.update().where(schedule.c.id == number).values(slug=slug))
    op.create_index(_INDEX, "schedule", ["newsletter_id", "slug"], unique=True)


def downgrade() -> None:
    """Take the tables back to the revision before."""
    op.drop_index(_INDEX, "schedule")
    with op.batch_alter_table("schedule") as batch:
        batch.drop_column("slug")
