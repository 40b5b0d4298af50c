"""Whether an order may be captured or voided now, what a void would do, and why not."""

from collections.abc import Iterator

from meqenet.bnpl.servicing.order_refund import OrderRefund, refund_order
from meqenet.calendar import addis_date
from meqenet.errors import Refusal
from meqenet.money import Money
from workflows.messages import DeedStanding
from workflows.order_capture_messages import AnyVoid, CaptureOrder, VoidForMerchant
from workflows.order_refund_messages import RefundOutlook
from workflows.order_refund_rules import shown_outlook
from workflows.order_sums import is_captured_by_merchant, still_authorised
from workflows.plan_account import account, policy_of
from workflows.plan_desk import PlanDesk
from workflows.support import No, deed_standing, first_under_way, no_force


def captured_before(desk: PlanDesk, request: CaptureOrder) -> bool:
    """Whether it is a capture that has been made: the same again changes nothing."""
    return any(
        each.reference == request.reference and request.amount in (None, each.amount)
        for each in desk.life.account.captures
    )


def voided_before(desk: PlanDesk, request: AnyVoid) -> bool:
    """Whether it is a void that has been made: the same again changes nothing."""
    return any(
        each.reference == request.reference and request.amount in (None, each.amount)
        for each in desk.life.account.voids()
    )


def no_capture(desk: PlanDesk, request: CaptureOrder) -> No | None:
    """What is authorised is captured while the plan is in force and the time is not over.

    Of several that are asked for at once, each is judged again when its turn comes.
    """
    if any(each.reference == request.reference for each in desk.life.account.captures):
        text = "reference: a capture of another amount has been made under it"
        return No("capture_reference_reused", text, "reference")
    if no := no_authorisation(desk):
        return no
    if desk.clock.now() >= (desk.life.authorised_until or desk.clock.now()):
        return No("authorisation_expired", "The time to capture the order is over.")
    return _no_amount(desk, request.amount, code="capture_above_authorised")


def no_void(desk: PlanDesk, request: AnyVoid) -> No | None:
    """What is not captured is voided while nothing is under way that may pay for it."""
    if any(each.reference == request.reference for each in desk.life.account.voids()):
        text = "reference: a void of another amount has been made under it"
        return No("void_reference_reused", text, "reference")
    if no := no_authorisation(desk) or _no_amount(
        desk, request.amount, code="void_above_authorised"
    ):
        return no
    return first_under_way(desk)


def no_authorisation(desk: PlanDesk) -> No | None:
    """Something of the order may still be captured, or voided."""
    if no_force(desk):
        text = f"Nothing of a plan that is {desk.life.state} is captured or voided."
        return No("plan_not_in_force", text)
    if not is_captured_by_merchant(desk):
        text = "All of the order was captured when the plan became active; take it back instead."
        return No("captured_automatically", text)
    if still_authorised(desk):
        return None
    if any(each.kind == "authorisation_expired" for each in desk.life.account.voids()):
        return No("authorisation_expired", "The time to capture the order is over.")
    return No("nothing_authorised", "All of the order is captured or voided.")


def void_outlook(desk: PlanDesk, request: AnyVoid) -> OrderRefund | No:
    """What the void would do now; or why it is refused."""
    if no := no_void(desk, request):
        return no
    return gone_of(desk, amount=request.amount or still_authorised(desk))


def gone_of(desk: PlanDesk, *, amount: Money) -> OrderRefund | No:
    """The plan without a part of the order: as if it had never been lent."""
    try:
        return refund_order(
            account=account(desk),
            policy=policy_of(desk),
            amount=amount,
            on=addis_date(at=desk.clock.now()),
            returns_interest=True,
        )
    except Refusal as refusal:
        return No(refusal.code, refusal.text, refusal.field)


def shown_void(desk: PlanDesk, request: AnyVoid) -> RefundOutlook:
    """What a merchant is shown of it."""
    found = void_outlook(desk, request)
    return shown_outlook(desk, found, most=still_authorised(desk))


def void_deeds(desk: PlanDesk) -> Iterator[DeedStanding]:
    """Whether staff may void for the merchant; told while something may be captured."""
    if desk.life.activated_on is None or not is_captured_by_merchant(desk):
        return
    if still_authorised(desk):
        no = no_void(desk, VoidForMerchant(reference="", who="", why=""))
        yield deed_standing("void_for_merchant", no)


def _no_amount(desk: PlanDesk, amount: Money | None, *, code: str) -> No | None:
    left = still_authorised(desk)
    if amount is not None and not Money.zero() < amount <= left:
        text = f"amount: more than 0, and at most {left} birr, which is what is not captured"
        return No(code, text, "amount")
    return None
