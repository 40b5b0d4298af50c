"""How amounts, rates and days are spelled on our wire: decimal strings, and both calendars."""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Final

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from apps.checkout_api.told import Told
from apps.checkout_api.validation import own_type
from meqenet.calendar import to_ethiopian
from meqenet.money import Money

_BIRR: Final = re.compile(r"(0|[1-9][0-9]{0,11})(\.[0-9]{1,2})?", re.ASCII)
_RULE: Final = 'must be birr as a decimal string, at most two decimals, like "4000.00"'


def _birr(value: object) -> Money:
    if isinstance(value, Money):
        return value
    if not isinstance(value, str) or not _BIRR.fullmatch(value):
        raise PydanticCustomError(own_type("birr"), _RULE)
    return Money.from_birr(value)


def _positive_birr(value: object) -> Money:
    amount = _birr(value)
    if amount <= Money.zero():
        raise PydanticCustomError(own_type("birr_positive"), "must be more than 0")
    return amount


def _schema(*, description: str) -> WithJsonSchema:
    return WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^{_BIRR.pattern}$",
            "description": description,
            "examples": ["4000.00"],
        }
    )


Birr = Annotated[
    Money,
    PlainValidator(_birr),
    PlainSerializer(str, return_type=str),
    _schema(description="Birr as a decimal string, at most two decimals. Never a number."),
]
"""An amount, as a decimal string in both directions."""

PositiveBirr = Annotated[
    Money,
    PlainValidator(_positive_birr),
    PlainSerializer(str, return_type=str),
    _schema(description="Birr as a decimal string, more than 0, at most two decimals."),
]
"""An amount of more than nothing."""

Percent = Annotated[
    Decimal,
    PlainSerializer(lambda percent: f"{percent:.2f}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]+\.[0-9]{2}$", "examples": ["18.00"]}),
]
"""A rate in percent a year, as a decimal string with two decimals. Answers only."""


class Day(Told):
    """A calendar day of Addis Ababa in both calendars."""

    gregorian: date
    """ISO 8601."""
    ethiopian: str
    """Year, month (1 to 13) and day, Amete Mihret: ``2019-03-14``."""


def day_of(on: date) -> Day:
    """A day as the wire shows it."""
    return Day(gregorian=on, ethiopian=str(to_ethiopian(on=on)))
