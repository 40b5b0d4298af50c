"""A period of whole Addis Ababa days, as reports are asked for."""

import re
from datetime import date, datetime, timedelta
from typing import Annotated, Final

from pydantic import Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from apps.checkout_api.problems import Problem
from apps.checkout_api.validation import own_type
from apps.checkout_api.wire import Sent
from meqenet.calendar import at_addis

_DAY: Final = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", re.ASCII)


def _day(value: object) -> date:
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise PydanticCustomError(
        own_type("day"), "must be a Gregorian day between 2000 and 2099, like 2026-11-23"
    )


_Day = Annotated[
    date,
    PlainValidator(_day),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-11-23"]}),
]


class Period(Sent):
    """From one day to another, both included. Without one of them it has no end on that side."""

    from_: _Day | None = Field(default=None, alias="from")
    """First day in Addis Ababa, Gregorian."""
    to: _Day | None = None
    """Last day in Addis Ababa, Gregorian; included."""

    @property
    def since(self) -> datetime | None:
        """The first instant that belongs to it."""
        return None if self.from_ is None else at_addis(on=self.from_, hour=0)

    @property
    def until(self) -> datetime | None:
        """The first instant that does not belong to it any more."""
        return None if self.to is None else at_addis(on=self.to + timedelta(days=1), hour=0)

    def require_order(self) -> None:
        """Refuse a period that ends before it begins.

        Raises:
            Problem: 422 ``period_backwards``.
        """
        if self.from_ is not None and self.to is not None and self.to < self.from_:
            raise Problem(
                status=422,
                code="period_backwards",
                detail="to: must not be a day before from",
                field="to",
            )
