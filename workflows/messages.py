"""What goes into the plan workflow and comes out of it: start, updates, signals, answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from meqenet.bnpl.order_money import CaptureMode
from meqenet.bnpl.own_payment import OwnPayment
from meqenet.money import Money
from meqenet.payments.rail import PaymentAnswer, RefundAnswer, WalletProvider
from workflows.dispute_messages import DisputeOrder
from workflows.hardship_messages import GrantHardship
from workflows.order_capture_messages import CaptureOrder, VoidForMerchant, VoidOrder
from workflows.order_refund_messages import TakeGoodsBack
from workflows.replay_messages import ReplayPayment


@dataclass(frozen=True, kw_only=True)
class Application:
    """What a checkout applies with. Private: it travels in encrypted payloads only.

    Attributes:
        plan_id: :func:`meqenet.identity.plan_id` of merchant and reference.
        request_hash: SHA-256 (hex) of the canonical application; another content under the same
            reference is refused.
        fayda_number: FAN or FIN, checked digits only.
        msisdn: the wallet's phone, 2519… or 2517….
        monthly_income: as declared by the customer, if given.
        return_url: where the shopper's browser goes after Fayda and after paying.
        test_clock_id / test_clock_now: the test clock that the plan is bound to, and its time.
        email: where the customer reads e-mail, if the checkout has said so.
        capture: who says that the order is delivered.
    """

    plan_id: str
    merchant_id: str
    reference: str
    request_hash: str
    option: str
    amount: Money
    description: str
    installment_count: int | None
    wallet_provider: WalletProvider
    msisdn: str
    fayda_number: str
    consent_version: str
    monthly_income: Money | None
    return_url: str | None
    test_clock_id: str | None = None
    test_clock_now: datetime | None = None
    email: str | None = field(default=None, repr=False)
    capture: CaptureMode = CaptureMode.AUTOMATIC


@dataclass(frozen=True, kw_only=True)
class Apply:
    """Update ``apply``, sent with start. The hash shows whether it is the same application."""

    request_hash: str


@dataclass(frozen=True, kw_only=True)
class ReturnFromIdentity:
    """Update ``return_from_identity``: the browser came back from Fayda.

    ``code`` on success, else ``error`` as Fayda names it.
    """

    state: str
    code: str | None
    error: str | None


@dataclass(frozen=True, kw_only=True)
class Accept:
    """Update ``accept``: the customer signs the offer. ``agreement_version`` names the text."""

    agreement_version: str


@dataclass(frozen=True, kw_only=True)
class Cancel:
    """Update ``cancel``: allowed until the plan is active."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class RetryInstallment:
    """Update ``retry_installment``: collect a failed installment again now.

    ``who`` is an opaque staff id, ``why`` a reason without private data; both are recorded.
    ``in_batch``: it is one of many, and nobody has looked at this plan: a pause is respected.
    """

    number: int
    who: str
    why: str
    in_batch: bool = False


@dataclass(frozen=True, kw_only=True)
class RetryMoneyOut:
    """Updates ``retry_refund`` and ``retry_payout``: send refused money again under a new id."""

    who: str
    why: str


@dataclass(frozen=True, kw_only=True)
class PauseCollection:
    """Update ``pause_collection``: nothing is tried by itself before ``until``.

    Without a date it is paused for as long as the rules allow, or until it is resumed.
    """

    who: str
    why: str
    until: date | None = None


@dataclass(frozen=True, kw_only=True)
class MarkUnreachable:
    """Update ``mark_unreachable_until``: no attempt at all is made before ``until``."""

    until: date
    who: str
    why: str


@dataclass(frozen=True, kw_only=True)
class ResumeCollection:
    """Update ``resume_collection``: end a pause, or say that the customer can be reached again."""

    who: str
    why: str


@dataclass(frozen=True, kw_only=True)
class AddWallet:
    """Update ``add_wallet``: put another wallet of the customer on file, on the customer's word.

    ``msisdn`` is private: it travels in encrypted payloads only.
    """

    provider: WalletProvider
    msisdn: str = field(repr=False)
    who: str
    why: str


@dataclass(frozen=True, kw_only=True)
class PayByAnotherWallet:
    """Update ``pay_by_another_wallet``: collect an installment now, from a wallet on file."""

    number: int
    wallet_id: str
    who: str
    why: str


@dataclass(frozen=True, kw_only=True)
class WaiveFee:
    """Update ``waive_fee``: the unpaid late fees of an installment are not owed any more."""

    number: int
    who: str
    why: str


@dataclass(frozen=True, kw_only=True)
class ChargeOff:
    """Update ``charge_off``: the plan is given up as a loss. The customer owes as before.

    ``early``: before the days of the policy are reached, which finance may decide.
    """

    who: str
    why: str
    early: bool = False


@dataclass(frozen=True, kw_only=True)
class WriteOff:
    """Update ``write_off``: what was charged off and has not come is asked for no more."""

    who: str
    why: str


SupportDeed = (
    RetryInstallment
    | RetryMoneyOut
    | PauseCollection
    | MarkUnreachable
    | ResumeCollection
    | AddWallet
    | PayByAnotherWallet
    | WaiveFee
    | ChargeOff
    | WriteOff
    | GrantHardship
    | VoidForMerchant
    | ReplayPayment
)
"""What staff may have a plan do."""
PlanDeed = SupportDeed | TakeGoodsBack | CaptureOrder | VoidOrder | DisputeOrder
"""What staff, or the merchant, may have a plan do."""


@dataclass(frozen=True, kw_only=True)
class PayNow:
    """Update ``pay``: the customer pays by their own will; without an amount, everything."""

    amount: Money | None = None


@dataclass(frozen=True, kw_only=True)
class BillPaid:
    """Signal ``bill_paid``: the provider tells that the customer has paid to our short code.

    Nothing proves it yet. ``receipt`` is the provider's id of it, which is told as often as it
    likes.
    """

    receipt: str
    amount: Money


@dataclass(frozen=True, kw_only=True)
class Payable:
    """Query ``payable``: each payment that can be made now, and what it pays; or why none can.

    Of a :class:`PayNow` with an amount it is that payment alone. ``on`` is the Addis Ababa date of
    the plan's clock.
    """

    payments: tuple[OwnPayment, ...]
    on: date | None = None
    code: str | None = None
    text: str | None = None
    field: str | None = None


@dataclass(frozen=True, kw_only=True)
class DeedStanding:
    """Whether staff may do something to the plan now; if not, why not.

    ``deed`` is the update's name, ``number`` the installment where it is about one. ``code`` and
    ``text`` are None where the deed is possible.
    """

    deed: str
    number: int | None = None
    code: str | None = None
    text: str | None = None


@dataclass(frozen=True, kw_only=True)
class SupportStanding:
    """Query ``support``: what staff may do now; ``held_*``: why nothing is collected by itself."""

    deeds: tuple[DeedStanding, ...]
    held_because: str | None = None
    held_until: date | None = None


@dataclass(frozen=True, kw_only=True)
class PlanAnswer:
    """What every update answers; details are read from the bnpl store's view."""

    plan_id: str
    state: str


@dataclass(frozen=True, kw_only=True)
class PaymentReported:
    """Signal ``payment_reported`` to a collection: a provider's callback has been stored.

    ``is_hint``: nothing proves who sent it, so money that it tells of is asked after before it
    counts.
    """

    answer: PaymentAnswer
    is_hint: bool = False


@dataclass(frozen=True, kw_only=True)
class MoneyCame:
    """Signal ``money_came`` to a plan: there is money for an installment that is not posted.

    Its attempt had counted as failed, or nobody was waiting for it any more.
    """

    number: int


@dataclass(frozen=True, kw_only=True)
class ReturnCredit:
    """Update ``return_credit`` of a return: money that no installment needs goes back."""

    who: str
    why: str


@dataclass(frozen=True, kw_only=True)
class RefundReported:
    """Signal ``refund_reported`` to a refund: a verified callback has been stored."""

    answer: RefundAnswer


@dataclass(frozen=True, kw_only=True)
class TestClockStart:
    """Input of ``TestClockWorkflow``."""

    __test__ = False

    clock_id: str
    merchant_id: str
    now: datetime
    target: datetime | None = None
    turn: int = 0
    wakes: Mapping[str, datetime | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TestClockView:
    """Query ``view`` of a test clock. ``waiting_for`` are plans with things due still undone."""

    __test__ = False

    clock_id: str
    merchant_id: str
    now: datetime
    target: datetime
    status: str
    """``ready`` or ``advancing``."""
    plans: tuple[str, ...]
    waiting_for: tuple[str, ...]


def plan_workflow_id(*, plan_id: str) -> str:
    """The plan's workflow is found by the plan's id."""
    return f"plan-{plan_id}"


def collection_workflow_id(*, installment_id: str) -> str:
    """One collection at a time per installment, visible under its own name."""
    return f"collect-{installment_id}"


def refund_workflow_id(*, refund_id: str) -> str:
    """The return of an attempt's money."""
    return f"refund-{refund_id}"


def late_money_workflow_id(*, attempt_id: str) -> str:
    """The following of an attempt's money that came when nobody waited for it."""
    return f"late-{attempt_id}"


def stray_bill_workflow_id(*, receipt: str) -> str:
    """The following of money that came for a plan which has ended; ``receipt`` is M-PESA's."""
    return f"bill-{receipt}"


def credit_return_workflow_id(*, attempt_id: str) -> str:
    """The return of a customer's credit: one at a time for the attempt that has brought it."""
    return f"return-{attempt_id}"


def payout_workflow_id(*, payout_id: str) -> str:
    """The payout of a plan's merchant money."""
    return f"payout-{payout_id}"


def notice_id_of(*, plan_id: str, sequence: int) -> str:
    """The notice of an event of the plan's log; also its ``webhook-id``."""
    return f"{plan_id}-n{sequence}"


def notice_workflow_id(*, notice_id: str) -> str:
    """The telling of a notice to a merchant."""
    return f"notice-{notice_id}"


def notice_replay_workflow_id(*, notice_id: str) -> str:
    """The telling of a notice again because the merchant asks for it: one at a time."""
    return f"replay-{notice_id}"


def test_clock_workflow_id(*, clock_id: str) -> str:
    """A test clock."""
    return f"test-clock-{clock_id}"


test_clock_workflow_id.__test__ = False  # type: ignore[attr-defined]  # not a pytest test
