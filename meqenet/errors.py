"""The four kinds of error, one tree.

::

    MeqenetError
    ├── Refusal          a rule said no: never retried, a stable code, who can mend it
    ├── Unavailable      try again later: nothing happened
    ├── OutcomeUnknown   the provider may have acted: ask under the same id, never send again
    └── Defect           anything else: fails loudly, a person sees it

Foreign exceptions (httpx, SQLAlchemy, JOSE) are mapped to these where the foreign library is
called; one translator at the activity edge turns these into Temporal's ``ApplicationError``.
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum


class Mender(StrEnum):
    """Who can mend a refusal."""

    CUSTOMER = "customer"
    """The person who pays: another wallet, more balance, a corrected number."""
    MERCHANT = "merchant"
    """The shop that integrates: a corrected request."""
    MEQENET = "meqenet"
    """Our own staff: settings, credentials, limits."""
    NOBODY = "nobody"
    """The answer is final."""


class MeqenetError(Exception):
    """Root of all anticipated errors."""

    code: str = "error"


class Refusal(MeqenetError):
    """A rule said no. Never retried.

    Args:
        code: stable snake_case name of the rule, safe to show and to match on.
        text: what the user sees: the field, the rule and what to do; no private data.
        mender: who can mend it.
        field: the input field at fault, if one is.
    """

    def __init__(
        self, code: str, text: str, *, mender: Mender = Mender.CUSTOMER, field: str | None = None
    ) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.mender = mender
        self.field = field


class Unavailable(MeqenetError):
    """Try again later; it is certain that nothing happened.

    Args:
        code: stable snake_case name, for example ``telebirr_unavailable``.
        text: what could not be reached; no private data.
        retry_after: how long the other side asked us to wait, if it did.
    """

    def __init__(self, code: str, text: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.retry_after = retry_after


class OutcomeUnknown(MeqenetError):
    """The request may have been acted upon. Ask under the same id; never send again before.

    Args:
        code: stable snake_case name, for example ``mpesa_outcome_unknown``.
        text: what was being done; no private data.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class Defect(MeqenetError):
    """Something that must not happen has happened. It fails loudly and a person sees it.

    Args:
        code: stable snake_case name of the broken expectation.
        text: what was expected and what was found; no private data.
        facts: further values for the person who looks, no private data.
    """

    def __init__(self, code: str, text: str, *, facts: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.facts = dict(facts or {})
