"""How long a merchant that captures its orders itself has for that: data of a product version."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from meqenet.calendar import at_addis
from meqenet.errors import Mender, Refusal

AUTHORISATION_DAYS_MAX: Final = 180
"""Nobody is kept waiting for goods any longer."""


@dataclass(frozen=True, kw_only=True)
class AuthorisationPolicy:
    """Until when what is authorised can be captured.

    Attributes:
        days: whole days after activation; what is not captured by their end is voided.
        warning_days: the merchant is told so many days before, or never where they are zero.

    Raises:
        Refusal: ``product_invalid``; field and text name the value at fault and the rule.
    """

    days: int
    warning_days: int

    def __post_init__(self) -> None:
        most = AUTHORISATION_DAYS_MAX
        for name, holds, rule in (
            ("days", 1 <= self.days <= most, f"between 1 and {most}"),
            ("warning_days", 0 <= self.warning_days <= self.days, "between 0 and days"),
        ):
            if not holds:
                field = f"servicing.authorisation.{name}"
                raise Refusal(
                    "product_invalid", f"{field}: {rule}", mender=Mender.MEQENET, field=field
                )

    def expires_at(self, *, activated_on: date) -> datetime:
        """The first instant at which nothing can be captured: the midnight after its last day.

        Args:
            activated_on: an Addis Ababa date.
        """
        return at_addis(on=activated_on + timedelta(days=self.days + 1), hour=0)

    def warns_at(self, *, expires_at: datetime) -> datetime | None:
        """When the merchant is told that it will soon be over."""
        return expires_at - timedelta(days=self.warning_days) if self.warning_days else None


AUTHORISATION_WHERE_SILENT: Final = AuthorisationPolicy(days=28, warning_days=3)
"""Of versions that say nothing of it."""
