"""What the credit domain can be asked: decisions, limits, holds, exposure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from activities.contracts.step import Nothing, Step
from meqenet.credit.holds import Release
from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class AssessCredit:
    """Decide, and hold ``amount`` of the customer's limit in the same transaction when approved.

    ``amount`` is what would be owed after checkout (zero for ``pay_in_full``);
    ``monthly_payment`` the largest sum due in any month; ``monthly_income`` as declared, if given.
    """

    plan_id: str
    customer_id: str
    age_years: int
    option: str
    amount: Money
    monthly_payment: Money
    monthly_income: Money | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class DeclineReason:
    """Why not: a stable code and a text for the customer."""

    code: str
    text: str


@dataclass(frozen=True, kw_only=True)
class CreditDecision:
    """The decision. ``tier`` (A to D) prices Pay Over Time; ``reasons`` are empty when approved."""

    approved: bool
    tier: str
    limit: Money
    reasons: tuple[DeclineReason, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReleaseHold:
    """The plan will not be: give the held limit back, as ended by somebody or as too late."""

    plan_id: str
    at: datetime
    released_as: Release = Release.VOIDED


@dataclass(frozen=True, kw_only=True)
class ConvertHold:
    """The plan is active: what was held is owed now. ``owed`` is the outstanding principal."""

    plan_id: str
    owed: Money
    at: datetime


@dataclass(frozen=True, kw_only=True)
class RecordRepayment:
    """Principal came back; ``repayment_id`` makes it count once."""

    plan_id: str
    repayment_id: str
    principal: Money
    on_time: bool
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ReverseRepayment:
    """Principal that had counted as repaid is owed again; ``repayment_id`` makes it count once."""

    plan_id: str
    repayment_id: str
    principal: Money
    at: datetime


@dataclass(frozen=True, kw_only=True)
class WriteOffDebt:
    """The rest of what the plan owes is lost, and is asked for no more."""

    plan_id: str
    at: datetime


ASSESS = Step(name="credit.assess", command=AssessCredit, result=CreditDecision)
RELEASE_HOLD = Step(name="credit.release_hold", command=ReleaseHold, result=Nothing)
CONVERT_HOLD = Step(name="credit.convert_hold", command=ConvertHold, result=Nothing)
RECORD_REPAYMENT = Step(name="credit.record_repayment", command=RecordRepayment, result=Nothing)
REVERSE_REPAYMENT = Step(name="credit.reverse_repayment", command=ReverseRepayment, result=Nothing)
WRITE_OFF = Step(name="credit.write_off", command=WriteOffDebt, result=Nothing)


class CreditSteps(Protocol):
    """The credit domain's steps. Posted + held never exceeds the limit, however many race."""

    async def assess(self, command: AssessCredit) -> CreditDecision:
        """Idempotent by plan id: the stored decision comes back."""
        ...

    async def release_hold(self, command: ReleaseHold) -> Nothing:
        """Idempotent; a plan without a hold is no error."""
        ...

    async def convert_hold(self, command: ConvertHold) -> Nothing:
        """Idempotent."""
        ...

    async def record_repayment(self, command: RecordRepayment) -> Nothing:
        """Idempotent by repayment id."""
        ...

    async def reverse_repayment(self, command: ReverseRepayment) -> Nothing:
        """Idempotent by repayment id. It is owed whatever the limit is."""
        ...

    async def write_off(self, command: WriteOffDebt) -> Nothing:
        """Idempotent; of a plan whose principal has come it changes nothing."""
        ...
