"""How M-PESA spells numbers, text, times and lists of pairs (providers.md 2.2 to 2.7)."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NoReturn, TypeAlias

from integrations.mpesa.password import ADDIS_ABABA
from meqenet.errors import Defect
from meqenet.money import Money

Value: TypeAlias = str | int | Decimal | list[dict[str, str]]
"""What a field of a request may hold; amounts are ``int`` or ``Decimal``."""

_DIGITS_MAX = 18
"""A longer number is nothing that M-PESA writes."""

_TIME_FORMS = (
    (r"[0-9]{14}", "%Y%m%d%H%M%S"),
    (r"[0-9]{2}\.[0-9]{2}\.[0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2}", "%d.%m.%Y %H:%M:%S"),
)


def encode(fields: Mapping[str, Value]) -> bytes:
    """A JSON object whose decimal numbers are written digit by digit, never through a float."""
    members = (f"{json.dumps(name)}: {_literal(value)}" for name, value in fields.items())
    return ("{" + ", ".join(members) + "}").encode()


def _literal(value: Value) -> str:
    return format(value, "f") if isinstance(value, Decimal) else json.dumps(value)


def decode(body: bytes) -> dict[str, object] | None:
    """The JSON object in a body, numbers exact, or None when the body holds none."""
    try:
        value = json.loads(body, parse_float=Decimal, parse_constant=_no_such_number)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _no_such_number(literal: str) -> NoReturn:
    raise ValueError(f"{literal} is no JSON number")


def birr_number(*, amount: Money, whole_only: bool) -> int | Decimal:
    """``Amount`` as M-PESA writes it: a whole number when it is whole, else two decimals.

    Raises:
        Defect: ``mpesa_amount_not_positive`` or ``mpesa_amount_not_whole``; nothing was sent.
    """
    if amount.santim <= 0:
        raise Defect("mpesa_amount_not_positive", "an M-PESA amount must be above zero")
    if amount.birr == amount.birr.to_integral_value():
        return int(amount.birr)
    if whole_only:
        raise Defect(
            "mpesa_amount_not_whole",
            "this M-PESA gateway takes whole birr only: round the schedule to whole birr",
        )
    return amount.birr


def text_of(value: object) -> str | None:
    """Text and numbers as text; anything else is absent."""
    match value:
        case bool():
            return None
        case Decimal():
            return format(value, "f") if abs(value.adjusted()) <= _DIGITS_MAX else None
        case str() | int():
            return str(value)
        case _:
            return None


def pairs_of(value: object, *, key: str) -> dict[str, str]:
    """A list of ``{Name|Key, Value}``, or one alone; a pair without a value is left out."""
    listed = value if isinstance(value, list) else [value]
    found: dict[str, str] = {}
    for item in listed:
        if isinstance(item, dict):
            name, text = text_of(item.get(key)), text_of(item.get("Value"))
            if name is not None and text is not None:
                found[name] = text
    return found


def money_of(text: str) -> Money:
    """Birr as a number or text, with at most two decimals that count.

    Raises:
        ValueError: it is no amount.
    """
    if not re.fullmatch(rf"[0-9]{{1,{_DIGITS_MAX}}}(\.[0-9]{{1,{_DIGITS_MAX}}})?", text):
        raise ValueError("amount: not a number of birr")
    return Money.from_birr(text)


def seconds_of(text: str) -> timedelta | None:
    """A duration in whole seconds (``expires_in``, ``Retry-After``); None when it is none."""
    return timedelta(seconds=int(text)) if re.fullmatch(r"[0-9]{1,9}", text) else None


def moment_of(text: str) -> datetime | None:
    """``yyyyMMddHHmmss`` or ``dd.MM.yyyy HH:mm:ss`` in Addis Ababa, as aware UTC.

    None when it is neither: receipt and amount say what happened, the time only when.
    """
    for pattern, form in _TIME_FORMS:
        if re.fullmatch(pattern, text):
            try:
                return datetime.strptime(text, form).replace(tzinfo=ADDIS_ABABA).astimezone(UTC)
            except ValueError:
                return None
    return None
