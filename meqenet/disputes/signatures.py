"""Who acts, and why: an opaque id, and words that may be kept for ever."""

import re
from typing import Final

from meqenet.errors import Mender, Refusal

_WHO: Final = re.compile(r"[a-z][a-z0-9_.-]{1,63}", re.ASCII)
_WHY_MIN: Final = 3
_WHY_MAX: Final = 200
_DIGITS_MAX: Final = 6
"""Longer rows of digits are phones, accounts and identity numbers, which have no place in a log."""
_LONG_NUMBER: Final = re.compile(rf"(?:\d[\s-]?){{{_DIGITS_MAX + 1},}}")


def is_signature(*, text: str) -> bool:
    """Whether it is how somebody may be named: opaque, and no name of a person."""
    return _WHO.fullmatch(text) is not None


def require_signature(*, who: str, why: str) -> None:
    """Let act whoever names themselves, and says why.

    Raises:
        Refusal: ``who_malformed``; ``reason_missing``; ``reason_private``.
    """
    if not is_signature(text=who):
        raise _wrong("who_malformed", "who", "name yourself by your staff id, like stf_…")
    if not _WHY_MIN <= len(why.strip()) <= _WHY_MAX:
        rule = f"give the reason in {_WHY_MIN} to {_WHY_MAX} characters; it is kept"
        raise _wrong("reason_missing", "why", rule)
    if _LONG_NUMBER.search(why):
        rule = (
            f"leave out phones, accounts and identity numbers (more than {_DIGITS_MAX} digits in "
            "a row); the reason is kept for ever"
        )
        raise _wrong("reason_private", "why", rule)


def _wrong(code: str, field: str, rule: str) -> Refusal:
    return Refusal(code, f"{field}: {rule}", mender=Mender.MEQENET, field=field)
