"""Fields of a request by the documents' grammar, or by the habits of known clients.

Strict follows the documents. Lenient (the default) also takes numbers for text and the other way
round, longer references, and ids left out (providers.md 2.2, 2.6, 2.9).
"""

import re
from collections.abc import Mapping
from decimal import Decimal

from apps.sandboxes.mpesa.answers import BAD_PHONE, BAD_REQUEST, GatewayError
from meqenet.money import Money

_MSISDN = re.compile(r"2517[0-9]{8}")
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,10})?")


class Fields:
    """The fields of one request.

    Args:
        values: the decoded body.
        strict: whether only the documents' grammar is taken.
    """

    def __init__(self, *, values: Mapping[str, object], strict: bool) -> None:
        self._values = values
        self.strict = strict

    def text(self, name: str, *, longest: int | None = None, pattern: str = r".+") -> str:
        """A text that must be given; ``longest`` counts only under strict.

        Raises:
            GatewayError: 400.002.02 naming the field.
        """
        text = self.optional(name)
        too_long = self.strict and longest is not None and len(text) > longest
        if too_long or not re.fullmatch(pattern, text, re.DOTALL):
            raise invalid(name)
        return text

    def optional(self, name: str) -> str:
        """A text, or a number as text; empty when it is left out."""
        value = self._values.get(name)
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise invalid(name)

    def own_id(self, name: str, *, otherwise: str) -> str:
        """An id that the caller should give; lenient makes one for callers that cannot."""
        given = self.optional(name)
        if not given and self.strict:
            raise invalid(name)
        return given or otherwise

    def choice(self, name: str, *, of: tuple[str, ...]) -> str:
        """One of the documented words."""
        text = self.optional(name)
        if text not in of:
            raise invalid(name)
        return text

    def phone(self, name: str) -> str:
        """``2517XXXXXXXX``.

        Raises:
            GatewayError: 400, bad phone number.
        """
        text = self.optional(name)
        if not _MSISDN.fullmatch(text):
            raise GatewayError(BAD_PHONE)
        return text

    def amount(self, name: str = "Amount", *, whole_only: bool) -> Money:
        """Birr above zero: a JSON number; lenient takes a text too, as the documents' C2B does."""
        value = self._values.get(name)
        if isinstance(value, str) and self.strict:
            raise invalid(name)
        text = format(value, "f") if _is_sane(value) else str(value)
        if isinstance(value, bool) or not _AMOUNT.fullmatch(text):
            raise invalid(name)
        try:
            amount = Money.from_birr(text)
        except ValueError:
            raise invalid(name) from None
        if not amount or (whole_only and amount.santim % 100):
            raise invalid(name)
        return amount

    def url(self, name: str) -> str:
        """An http or https address."""
        text = self.optional(name)
        if not re.fullmatch(r"https?://[^\s/]+\S*", text):
            raise invalid(name)
        return text

    def pairs(self, name: str) -> None:
        """An optional list of ``{Key, Value}``; its shape counts only under strict."""
        value = self._values.get(name)
        if value is None or not self.strict:
            return
        good = isinstance(value, list) and all(
            isinstance(pair, dict) and {"Key", "Value"} <= pair.keys() for pair in value
        )
        if not good:
            raise invalid(name)


def invalid(name: str) -> GatewayError:
    """The gateway's word on a field that is missing or wrong."""
    return GatewayError(BAD_REQUEST, f"Bad Request - Invalid {name}")


def _is_sane(value: object) -> bool:
    """A Decimal that can be written out; others are told by the pattern."""
    return isinstance(value, Decimal) and abs(value.adjusted()) <= 15  # noqa: PLR2004 - digits
