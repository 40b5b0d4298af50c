"""What each role of staff may do: one table, and nothing is allowed that does not stand in it."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from meqenet.errors import Mender, Refusal


class Role(StrEnum):
    """What a member of staff is there for."""

    SUPPORT = "support"
    """Talks to customers, and sees to it that what they owe is collected."""
    SUPERVISOR = "supervisor"
    """Leads support: also sends customers' money back, and retries many collections at once."""
    FINANCE = "finance"
    """Keeps the books: reports, and money on its way to merchants and back to customers."""
    OPERATOR = "operator"
    """Keeps the system running: retries what an outage has left behind."""


class Deed(StrEnum):
    """What staff can do through the API."""

    READ_PLAN = "read_plan"
    """See a plan with its attempts; no name, phone or identity number is in it."""
    RETRY_INSTALLMENT = "retry_installment"
    """Have an installment tried again at once."""
    PAY_BY_ANOTHER_WALLET = "pay_by_another_wallet"
    """Put another wallet of the customer on file, and have an installment paid from it."""
    HOLD_COLLECTION = "hold_collection"
    """Pause collection, mark the customer as unreachable, and resume."""
    RETRY_REFUND = "retry_refund"
    """Send a refused refund again."""
    RETURN_CREDIT = "return_credit"
    """Send what a customer has paid beyond what was owed back to the wallet."""
    WAIVE_FEE = "waive_fee"
    """Take back what a customer owes for being late."""
    GRANT_HARDSHIP = "grant_hardship"
    """Change the schedule of a customer who cannot pay as agreed, within the limits."""
    APPROVE_HARDSHIP = "approve_hardship"
    """Change it beyond the limits from which on somebody has to approve."""
    REPLAY_PAYMENT = "replay_payment"
    """Reverse a payment, date it back, or call it a repetition: what came after it pays anew."""
    CHARGE_OFF = "charge_off"
    """Give a plan up as a loss, once it is as late as its policy says."""
    CHARGE_OFF_EARLY = "charge_off_early"
    """Give a plan up as a loss before that."""
    WRITE_OFF = "write_off"
    """Ask for what was charged off no more, which ends the plan."""
    VOID_ORDER = "void_order"
    """Void for a merchant what it has not captured of an order."""
    RETRY_PAYOUT = "retry_payout"
    """Send a merchant's refused payout again."""
    LIST_FAILED = "list_failed"
    """List the collections that failed for a cause in a period, to retry them together."""
    TAKE_ALARM = "take_alarm"
    """Take a payment of unknown end to look after it, and release one's own."""
    RELEASE_ALARM = "release_alarm"
    """Release what another member of staff has taken."""
    READ_COMPLAINT = "read_complaint"
    """Read what customers have complained about, and list what waits for an answer."""
    HANDLE_COMPLAINT = "handle_complaint"
    """Put a complaint on file, look after it, have a supervisor look at it, answer and close it."""
    ASSIGN_COMPLAINT = "assign_complaint"
    """Have another member of staff look after a complaint."""
    SET_OFFICE_DAY = "set_office_day"
    """Say on which days offices are open or closed against the calendar; deadlines move by it."""
    SUM_UP_COMPLAINTS = "sum_up_complaints"
    """Read the monthly summary of complaints."""
    READ_DISPUTE = "read_dispute"
    """Read disputes with the evidence of both sides, and list what waits for a decision."""
    HANDLE_DISPUTE = "handle_dispute"
    """Open a dispute for a customer, add evidence for them, and withdraw it on their word."""
    DECIDE_DISPUTE = "decide_dispute"
    """Say for whom the evidence speaks: money follows."""
    READ_REPORTS = "read_reports"
    """Read the portfolio, and what of a customer's limit is used."""


ALLOWED: Final[Mapping[Role, frozenset[Deed]]] = MappingProxyType(
    {
        Role.SUPPORT: frozenset(
            {
                Deed.READ_PLAN,
                Deed.RETRY_INSTALLMENT,
                Deed.PAY_BY_ANOTHER_WALLET,
                Deed.HOLD_COLLECTION,
                Deed.GRANT_HARDSHIP,
                Deed.TAKE_ALARM,
                Deed.READ_COMPLAINT,
                Deed.HANDLE_COMPLAINT,
                Deed.READ_DISPUTE,
                Deed.HANDLE_DISPUTE,
            }
        ),
        Role.SUPERVISOR: frozenset(
            {
                Deed.READ_PLAN,
                Deed.RETRY_INSTALLMENT,
                Deed.PAY_BY_ANOTHER_WALLET,
                Deed.HOLD_COLLECTION,
                Deed.RETRY_REFUND,
                Deed.RETURN_CREDIT,
                Deed.WAIVE_FEE,
                Deed.GRANT_HARDSHIP,
                Deed.APPROVE_HARDSHIP,
                Deed.REPLAY_PAYMENT,
                Deed.CHARGE_OFF,
                Deed.VOID_ORDER,
                Deed.LIST_FAILED,
                Deed.TAKE_ALARM,
                Deed.RELEASE_ALARM,
                Deed.READ_COMPLAINT,
                Deed.HANDLE_COMPLAINT,
                Deed.ASSIGN_COMPLAINT,
                Deed.READ_DISPUTE,
                Deed.HANDLE_DISPUTE,
                Deed.DECIDE_DISPUTE,
                Deed.SET_OFFICE_DAY,
                Deed.SUM_UP_COMPLAINTS,
            }
        ),
        Role.FINANCE: frozenset(
            {
                Deed.READ_PLAN,
                Deed.RETRY_REFUND,
                Deed.RETURN_CREDIT,
                Deed.REPLAY_PAYMENT,
                Deed.CHARGE_OFF,
                Deed.CHARGE_OFF_EARLY,
                Deed.WRITE_OFF,
                Deed.VOID_ORDER,
                Deed.RETRY_PAYOUT,
                Deed.READ_REPORTS,
                Deed.READ_DISPUTE,
                Deed.TAKE_ALARM,
                Deed.SUM_UP_COMPLAINTS,
            }
        ),
        Role.OPERATOR: frozenset(
            {
                Deed.READ_PLAN,
                Deed.RETRY_INSTALLMENT,
                Deed.RETRY_PAYOUT,
                Deed.LIST_FAILED,
                Deed.TAKE_ALARM,
            }
        ),
    }
)
"""By role, what it may do."""


def require_allowed(*, role: Role, deed: Deed) -> None:
    """Let a role do what the table says.

    Raises:
        Refusal: ``role_not_allowed``; the text names the roles that may.
    """
    if deed in ALLOWED[role]:
        return
    able = ", ".join(each for each in Role if deed in ALLOWED[each])
    raise Refusal(
        "role_not_allowed",
        f"authorization: the role {role} may not {deed.replace('_', ' ')}; ask one of: {able}",
        mender=Mender.MEQENET,
        field="authorization",
    )
