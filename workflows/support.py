"""What staff may ask a plan for, and why not: the rules behind its updates' validators.

The plan's process is the only judge: the API, the command line and the Temporal UI all ask it, so
that two who press at once are told apart by the one that knows.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final, NamedTuple

from temporalio.exceptions import ApplicationError

from meqenet.bnpl.collection_hold import CollectionHold, HoldReason, last_day_of_hold
from meqenet.bnpl.servicing.delinquency import days_owing
from meqenet.bnpl.states import InstallmentState, PlanState
from meqenet.calendar import addis_date
from meqenet.payments.wallet_ids import wallet_id_of
from workflows.asking import refusal
from workflows.messages import (
    ChargeOff,
    DeedStanding,
    MarkUnreachable,
    PauseCollection,
    PayByAnotherWallet,
    ResumeCollection,
    RetryInstallment,
    RetryMoneyOut,
    ReturnCredit,
    SupportDeed,
    SupportStanding,
    WaiveFee,
    WriteOff,
)
from workflows.plan_account import oldest_due, policy_of
from workflows.plan_desk import PlanDesk

_IN_FORCE: Final = (PlanState.ACTIVE, PlanState.PAST_DUE)
_WHO: Final = re.compile(r"[a-z][a-z0-9_.-]{1,63}", re.ASCII)
_WHY_MIN: Final = 3
_WHY_MAX: Final = 200
_DIGITS_MAX: Final = 6
"""Longer rows of digits are phones, accounts and identity numbers, which have no place in a log."""
_LONG_NUMBER: Final = re.compile(rf"(?:\d[\s-]?){{{_DIGITS_MAX + 1},}}")


class No(NamedTuple):
    """Why a deed is not done."""

    code: str
    text: str
    field: str | None = None


def require(no: No | None) -> None:
    """Refuse where there is a reason to.

    Raises:
        ApplicationError: the refusal, as whoever asked is told it.
    """
    if no is not None:
        raise refused(no)


def no_signature(deed: SupportDeed | ReturnCredit) -> No | None:
    """Who acts is named by an opaque id, and why in words that may stand in the log for ever."""
    if not _WHO.fullmatch(deed.who):
        return No("who_malformed", "who: name yourself by your staff id, like stf_…", "who")
    if not _WHY_MIN <= len(deed.why.strip()) <= _WHY_MAX:
        text = f"why: give the reason in {_WHY_MIN} to {_WHY_MAX} characters; it is kept"
        return No("reason_missing", text, "why")
    if _LONG_NUMBER.search(deed.why):
        text = (
            f"why: leave out phones, accounts and identity numbers (more than {_DIGITS_MAX} "
            "digits in a row); the reason is kept in the plan's log for ever"
        )
        return No("reason_private", text, "why")
    return None


def no_retry(desk: PlanDesk, *, number: int, in_batch: bool = False) -> No | None:
    """An installment is tried again when its attempts are over, or when it waits for the next."""
    if no := _no_number(desk, number=number) or _no_collecting(desk) or payment_under_way(desk):
        return no
    if desk.life.waits(number=number):
        return No("installment_in_dispute", "number: it waits for the end of a dispute", "number")
    hold = hold_in_force(desk)
    if hold is not None and hold.reason is HoldReason.UNREACHABLE:
        return No(
            "customer_unreachable",
            f"The customer is marked as unreachable until {hold.until}. Resume collection first, "
            "if they can be reached.",
        )
    if hold is not None and in_batch:
        text = f"Collection is paused until {hold.until}; a batch leaves it alone."
        return No("collection_paused", text)
    if _is_tried(desk, number=number) or number in desk.retries:
        return No("retry_asked_already", f"A retry of installment {number} is being started.")
    return _no_attempt_now(desk, number=number)


def _no_attempt_now(desk: PlanDesk, *, number: int) -> No | None:
    installment = desk.life.installment(number=number)
    match installment.state:
        case InstallmentState.FAILED:
            return None
        case InstallmentState.COLLECTING:
            if is_waiting(desk, number=number):
                return None
            return attempt_under_way(number)
        case _:
            return No(
                "installment_not_retryable",
                f"number: an installment that is {installment.state} is not collected again",
                "number",
            )


def no_added_wallet(desk: PlanDesk) -> No | None:
    """Another wallet is put on file of a plan in force. How many, the payments domain says."""
    return _no_collecting(desk)


def no_other_wallet(desk: PlanDesk, *, number: int, wallet_id: str | None) -> No | None:
    """An installment that may be tried again may be tried at a wallet that is on file.

    Args:
        desk: the plan's desk.
        number: the installment.
        wallet_id: the wallet; None asks whether there is any other.
    """
    if no := no_retry(desk, number=number):
        return no
    others = desk.life.further_wallets
    if not others:
        return No("no_other_wallet", "No other wallet of the customer is on file; add it first.")
    on_file = (wallet_id_of(plan_id=desk.plan_id), *others)
    if wallet_id is not None and wallet_id not in on_file:
        names = ", ".join(each.rpartition("-")[2] for each in on_file)
        return No("wallet_unknown", f"wallet: on file are {names}", "wallet")
    return None


def attempt_under_way(number: int) -> No:
    """Something is under way that may bring the installment's money."""
    return No(
        "attempt_under_way",
        f"An attempt at installment {number} is under way, or its outcome is being asked about. "
        "Wait for its end: nothing is sent twice.",
    )


def no_pause(desk: PlanDesk, *, until: date | None) -> No | None:
    """Collection of a plan in force is paused until a date within the bound."""
    return _no_collecting(desk) or _no_hold(desk, reason=HoldReason.PAUSED, until=until)


def no_marking(desk: PlanDesk, *, until: date | None) -> No | None:
    """A customer is unreachable until a date within the bound."""
    return _no_collecting(desk) or _no_hold(desk, reason=HoldReason.UNREACHABLE, until=until)


def no_resuming(desk: PlanDesk) -> No | None:
    """There is something to end."""
    if no := _no_collecting(desk):
        return no
    if _is_asked(desk, ResumeCollection):
        return No("resume_asked_already", "Collection is being resumed.")
    if hold_in_force(desk) is None and not _is_holding(desk):
        return No("collection_not_held", "Collection is neither paused nor is the customer marked.")
    return None


def no_refund_retry(desk: PlanDesk) -> No | None:
    """A refused return of a checkout payment waits for somebody."""
    if not desk.refund_refused or desk.refund_asked is not None:
        return No("refund_not_refused", "No refused refund waits for a retry.")
    return None


def no_payout_retry(desk: PlanDesk) -> No | None:
    """A payout that the bank refused waits for somebody."""
    payout = desk.life.payout
    asked = desk.payouts_asked or _is_asked(desk, RetryMoneyOut)
    if payout is None or not payout.rejected or asked:
        return No("payout_not_refused", "No refused payout waits for a retry.")
    return None


def no_waiver(desk: PlanDesk, *, number: int) -> No | None:
    """Late fees are taken back while they are unpaid and no attempt asks for them."""
    if no := _no_number(desk, number=number) or no_force(desk):
        return no
    if desk.life.account.charged_off is not None:
        text = "The late fees are a part of what was charged off; the whole may be written off."
        return No("plan_charged_off", text)
    if any(isinstance(each.deed, WaiveFee) and each.deed.number == number for each in desk.deeds):
        text = f"The late fees of installment {number} are being waived."
        return No("waiver_asked_already", text)
    if not desk.life.account.fees_left(number=number):
        text = f"number: installment {number} has no late fee that is unpaid"
        return No("no_fee_to_waive", text, "number")
    if is_under_way(desk, number=number):
        return attempt_under_way(number)
    return None


def no_charge_off(desk: PlanDesk, *, early: bool, is_asked: bool = True) -> No | None:
    """A plan is given up once it is late enough, and nothing is under way that may pay it.

    Args:
        desk: the plan's desk.
        early: before the days of the policy are reached.
        is_asked: whether one that is asked for already is in the way.
    """
    if no := no_force(desk):
        return no
    if desk.life.account.charged_off is not None:
        return No("plan_charged_off", "The plan has been charged off already.")
    if is_asked and _is_asked(desk, ChargeOff):
        return No("charge_off_asked_already", "The plan is being charged off.")
    days = days_past_due(desk)
    if days == 0:
        return No("plan_not_late", "Nothing is overdue: there is no loss.")
    last = policy_of(desk).delinquency.charge_off_days
    if not early and (last is None or days < last):
        rule = "no day" if last is None else f"day {last}"
        text = (
            f"The plan is {days} days past due, and its policy gives it up on {rule}. "
            "Finance may do it earlier, by saying so (early)."
        )
        return No("charge_off_not_due", text, "early")
    return first_under_way(desk)


def no_write_off(desk: PlanDesk, *, is_asked: bool = True) -> No | None:
    """What was charged off is asked for no more, once nothing is under way that may pay it.

    Args:
        desk: the plan's desk.
        is_asked: whether one that is asked for already is in the way.
    """
    if no := no_force(desk):
        return no
    if desk.life.account.charged_off is None:
        return No("plan_not_charged_off", "Only what was charged off is written off.")
    if is_asked and _is_asked(desk, WriteOff):
        return No("write_off_asked_already", "The plan is being written off.")
    payout = desk.life.payout
    if payout is None or not payout.done:
        return No("payout_open", "The merchant has not been paid yet: see to the payout first.")
    return first_under_way(desk)


def days_past_due(desk: PlanDesk) -> int:
    """How late the plan is, by its own clock."""
    return days_owing(oldest_due_on=oldest_due(desk), on=addis_date(at=desk.clock.now()))


def first_under_way(desk: PlanDesk) -> No | None:
    """What may bring the plan's money without anybody doing more."""
    numbers = (each.planned.number for each in desk.life.installments)
    return payment_under_way(desk) or next(
        (attempt_under_way(number) for number in numbers if is_under_way(desk, number=number)),
        None,
    )


def hold_in_force(desk: PlanDesk) -> CollectionHold | None:
    """The hold, if it is not over."""
    hold = desk.life.hold
    if hold is None or hold.ends_at(hour=desk.life.signed.collection_hour) <= desk.clock.now():
        return None
    return hold


def is_waiting(desk: PlanDesk, *, number: int) -> bool:
    """Whether a collection waits for the time of its next attempt: nothing of it is under way."""
    next_at = desk.life.installment(number=number).next_attempt_at
    return number in desk.active and next_at is not None and next_at > desk.clock.now()


def is_under_way(desk: PlanDesk, *, number: int) -> bool:
    """Whether an attempt may bring the installment's money without anybody doing more."""
    is_told = any(result.number == number for result in desk.results) or any(
        news.number == number for news in desk.news
    )
    if desk.life.payment is not None:
        return True
    return is_told or (number in desk.active and not is_waiting(desk, number=number))


def standing_of(desk: PlanDesk, *, further: Iterable[DeedStanding] = ()) -> SupportStanding:
    """What staff may do now. A hold is asked for by date: here it is only whether one may be."""
    hold = None if desk.life.terms is None else hold_in_force(desk)
    return SupportStanding(
        deeds=(*_deeds(desk), *further),
        held_because=None if hold is None else hold.reason,
        held_until=None if hold is None else hold.until,
    )


def _deeds(desk: PlanDesk) -> Iterator[DeedStanding]:
    for installment in desk.life.installments:
        number = installment.planned.number
        yield deed_standing("retry_installment", no_retry(desk, number=number), number=number)
        other = no_other_wallet(desk, number=number, wallet_id=None)
        yield deed_standing("pay_by_another_wallet", other, number=number)
        if desk.life.account.fees_owed(number=number):
            yield deed_standing("waive_fee", no_waiver(desk, number=number), number=number)
    yield from _loss_deeds(desk)
    yield deed_standing("add_wallet", no_added_wallet(desk))
    yield deed_standing("pause_collection", no_pause(desk, until=None))
    yield deed_standing("mark_unreachable_until", no_marking(desk, until=None))
    yield deed_standing("resume_collection", no_resuming(desk))
    yield deed_standing("retry_refund", no_refund_retry(desk))
    yield deed_standing("retry_payout", no_payout_retry(desk))


def _loss_deeds(desk: PlanDesk) -> Iterator[DeedStanding]:
    """Told where there is a loss, or may be one."""
    if desk.life.activated_on is None or desk.life.state not in _IN_FORCE:
        return
    if desk.life.account.charged_off is not None:
        yield deed_standing("write_off", no_write_off(desk))
    elif days_past_due(desk) > 0:
        yield deed_standing("charge_off", no_charge_off(desk, early=False))


def deed_standing(deed: str, no: No | None, *, number: int | None = None) -> DeedStanding:
    """Whether staff may do it now; the reason where not."""
    code, text = (None, None) if no is None else (no.code, no.text)
    return DeedStanding(deed=deed, number=number, code=code, text=text)


def _no_number(desk: PlanDesk, *, number: int) -> No | None:
    count = len(desk.life.installments)
    if 1 <= number <= count:
        return None
    return No("installment_unknown", f"number: the plan has installments 1 to {count}", "number")


def payment_under_way(desk: PlanDesk) -> No | None:
    """A payment of the customer's own will may bring any of the plan's money."""
    if desk.life.payment is None and desk.pay_asked is None:
        return None
    text = "A payment of the customer is under way. Wait for its end: nothing is asked for twice."
    return No("payment_under_way", text)


def no_force(desk: PlanDesk, *, or_completed: bool = False) -> No | None:
    """Something is owed, and may be collected; ``or_completed``: or all of it was paid."""
    state = desk.life.state
    if state in _IN_FORCE or (or_completed and state is PlanState.COMPLETED):
        return None
    return No("plan_not_in_force", f"Nothing is collected of a plan that is {state}.")


def _no_collecting(desk: PlanDesk) -> No | None:
    if no := no_force(desk):
        return no
    if desk.life.all_paid():
        return No("plan_paid", "Every installment is paid.")
    return None


def _no_hold(desk: PlanDesk, *, reason: HoldReason, until: date | None) -> No | None:
    if _is_holding(desk):
        return No("hold_asked_already", "Another hold of this plan is being recorded; look again.")
    if until is None:
        return None
    now = desk.clock.now()
    latest = last_day_of_hold(reason=reason, now=now)
    if not addis_date(at=now) < until <= latest:
        text = f"until: a day from tomorrow to {latest}, by the plan's clock, in Addis Ababa"
        return No("hold_out_of_bounds", text, "until")
    return None


def _is_holding(desk: PlanDesk) -> bool:
    return _is_asked(desk, PauseCollection) or _is_asked(desk, MarkUnreachable)


def _is_asked(desk: PlanDesk, kind: type[SupportDeed]) -> bool:
    """Whether such a deed waits to be recorded."""
    return any(isinstance(asked.deed, kind) for asked in desk.deeds)


def _is_tried(desk: PlanDesk, *, number: int) -> bool:
    """Whether an attempt at this installment waits to be recorded."""
    return any(
        isinstance(asked.deed, RetryInstallment | PayByAnotherWallet)
        and asked.deed.number == number
        for asked in desk.deeds
    )


def refused(no: No) -> ApplicationError:
    """The refusal, as whoever asked is told it."""
    return refusal(code=no.code, text=no.text, field=no.field)
