"""What the kyc domain and Fayda can be asked."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from activities.contracts.step import Nothing, Step, StepKind
from meqenet.kyc.fayda import AuthorizationReturn, IdentityClaims
from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class BeginVerification:
    """Open the ``attempt``-th Fayda login of a plan's customer (numbered from 1).

    ``fayda_number`` is the FAN or FIN as given at checkout; ``consent_version`` names the text
    that the customer agreed to; ``monthly_income`` as the customer declares it, if at all.
    """

    plan_id: str
    attempt: int
    fayda_number: str
    consent_version: str
    at: datetime
    monthly_income: Money | None = None


@dataclass(frozen=True, kw_only=True)
class VerificationBegun:
    """Where the customer logs in; ``state`` is what comes back with them."""

    authorization_url: str
    state: str


@dataclass(frozen=True, kw_only=True)
class MatchReturn:
    """A browser came back with ``state`` and ``code``."""

    plan_id: str
    attempt: int
    state: str
    code: str


@dataclass(frozen=True, kw_only=True)
class RecordIdentity:
    """Store what Fayda said."""

    plan_id: str
    attempt: int
    claims: IdentityClaims
    at: datetime


@dataclass(frozen=True, kw_only=True)
class IdentityVerified:
    """Who it is: the same person has the same ``customer_id`` in every plan."""

    customer_id: str
    age_years: int


@dataclass(frozen=True, kw_only=True)
class CloseVerification:
    """The login did not lead to an identity; ``code`` says why."""

    plan_id: str
    attempt: int
    code: str
    at: datetime


class LoginState(StrEnum):
    """Where a login stands."""

    NONE = "none"
    """None was ever opened."""
    OPEN = "open"
    """The customer may log in."""
    VERIFIED = "verified"
    """Fayda said who it is."""
    CLOSED = "closed"
    """It led to no identity."""


@dataclass(frozen=True, kw_only=True)
class LoadLogin:
    """What must a run know that goes on with a plan whose process was lost?"""

    plan_id: str


@dataclass(frozen=True, kw_only=True)
class LoadedLogin:
    """The newest login of a plan's customer.

    Attributes:
        fayda_number: what the customer applied with; None without a login, or once erased.
        monthly_income: as the customer declared it, if at all.
        attempt: number of the login, 0 when there is none.
        login_state: what comes back with the browser.
        outcome: why it led to no identity, when CLOSED.
        identity: who it is, when VERIFIED.
    """

    state: LoginState
    fayda_number: str | None = field(default=None, repr=False)
    consent_version: str = ""
    attempt: int = 0
    login_state: str = ""
    outcome: str | None = None
    identity: IdentityVerified | None = None
    monthly_income: Money | None = field(default=None, repr=False)


BEGIN_VERIFICATION = Step(
    name="kyc.begin_verification", command=BeginVerification, result=VerificationBegun
)
MATCH_RETURN = Step(name="kyc.match_return", command=MatchReturn, result=AuthorizationReturn)
RECORD_IDENTITY = Step(name="kyc.record_identity", command=RecordIdentity, result=IdentityVerified)
CLOSE_VERIFICATION = Step(name="kyc.close_verification", command=CloseVerification, result=Nothing)
LOAD_LOGIN = Step(name="kyc.load_login", command=LoadLogin, result=LoadedLogin)
FETCH_IDENTITY = Step(
    name="fayda.fetch_identity",
    command=AuthorizationReturn,
    result=IdentityClaims,
    kind=StepKind.COMMAND,
)


class KycSteps(Protocol):
    """The kyc domain's steps."""

    async def begin_verification(self, command: BeginVerification) -> VerificationBegun:
        """Idempotent by plan and attempt: the same state, nonce and verifier come back."""
        ...

    async def match_return(self, command: MatchReturn) -> AuthorizationReturn:
        """Refusal ``identity_state_mismatch`` when the state is not the one of this attempt."""
        ...

    async def record_identity(self, command: RecordIdentity) -> IdentityVerified:
        """Idempotent. Refusal ``identity_mismatch``: another person logged in than applied."""
        ...

    async def close_verification(self, command: CloseVerification) -> Nothing:
        """Idempotent; kept as evidence."""
        ...

    async def load_login(self, command: LoadLogin) -> LoadedLogin:
        """Changes nothing."""
        ...


class FaydaSteps(Protocol):
    """Fayda's own queue."""

    async def fetch_identity(self, command: AuthorizationReturn) -> IdentityClaims:
        """See :class:`integrations.ports.identity.IdentityProvider`."""
        ...
