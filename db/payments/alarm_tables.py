"""The table of who of the staff looks after what."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.kernel.columns import Access
from db.payments.base import Base


class AlarmOwner(Base):
    """Who of the staff has taken a payment of unknown end. ``owner`` None: given back by now.

    ``changes``: how often it was taken or given back; each change is an event.
    """

    __tablename__ = "alarm_owners"
    __table_args__ = (
        ForeignKeyConstraint(
            ["plan_id", "attempt_id"], ["attempts.plan_id", "attempts.attempt_id"]
        ),
        CheckConstraint("changes > 0", name="changed_at_all"),
        Access.READ_WRITE.table,
    )

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    attempt_id: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str | None]
    changed_at: Mapped[datetime]
    changes: Mapped[int]
