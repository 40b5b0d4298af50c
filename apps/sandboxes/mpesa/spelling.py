"""M-PESA's spelling on the provider's side: JSON with exact numbers, local times, fresh ids."""

import json
import secrets
import string
from datetime import datetime
from decimal import Decimal
from typing import NoReturn, TypeAlias

from apps.sandboxes.kernel.clock import ADDIS
from meqenet.money import Money

Json: TypeAlias = "str | int | Decimal | dict[str, Json] | list[Json] | None"
"""What a callback may hold; amounts are ``int`` or ``Decimal``, never a float."""

_LETTERS = string.ascii_uppercase + string.digits


def dumps(value: Json) -> str:
    """JSON text; a Decimal is written digit by digit."""
    match value:
        case dict():
            members = (f"{json.dumps(name)}:{dumps(member)}" for name, member in value.items())
            return "{" + ",".join(members) + "}"
        case list():
            return "[" + ",".join(dumps(member) for member in value) + "]"
        case Decimal():
            return format(value, "f")
        case _:
            return json.dumps(value, ensure_ascii=False)


def loads(body: bytes) -> dict[str, object] | None:
    """The JSON object in a request, decimals exact; None when there is none."""
    try:
        value = json.loads(body, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _no_number(literal: str) -> NoReturn:
    raise ValueError(f"{literal} is no JSON number")


def number(amount: Money) -> int | Decimal:
    """Birr as a JSON number: whole when it is whole."""
    whole = amount.birr == amount.birr.to_integral_value()
    return int(amount.birr) if whole else amount.birr


def compact_time(at: datetime) -> str:
    """``yyyyMMddHHmmss`` in Addis Ababa."""
    return at.astimezone(ADDIS).strftime("%Y%m%d%H%M%S")


def dotted_time(at: datetime) -> str:
    """``dd.MM.yyyy HH:mm:ss`` in Addis Ababa."""
    return at.astimezone(ADDIS).strftime("%d.%m.%Y %H:%M:%S")


def new_checkout_id(*, at: datetime) -> str:
    """A CheckoutRequestID, ``ws_CO_<ddMMyyyyHHmmss…>``; no part of it is the phone number."""
    moment = at.astimezone(ADDIS).strftime("%d%m%Y%H%M%S")
    return f"ws_CO_{moment}{secrets.randbelow(10**12):012d}"


def new_conversation_id(*, at: datetime) -> str:
    """A ConversationID, ``AG_<yyyymmdd>_<20 hex>``."""
    return f"AG_{at.astimezone(ADDIS):%Y%m%d}_{secrets.token_hex(10)}"


def new_receipt() -> str:
    """Ten letters and digits, the first a letter."""
    first = secrets.choice(string.ascii_uppercase)
    return first + "".join(secrets.choice(_LETTERS) for _ in range(9))
