"""Ids derive from each other, so a retry at any level finds its own trace.

``plan -> installment n -> attempt k -> refund j``; each id names its parents and nothing private.
Every id here is letters, digits, ``_`` and ``-`` only; :func:`wire_id` gives the spelling for
providers that take letters and digits alone.
"""

import base64
import hashlib
import re
from datetime import date

OWN_PAYMENT_FROM = 100
"""Orders of a plan beyond this number are payments of the customer's own will, counted from it."""
OWN_PAYMENTS_MAX = 99
"""Two digits name an own payment; a plan has no more of them in its life."""
_PAYOUT_ON_THE_WIRE = re.compile(r"(pay)([a-z2-7]{20})[1-9][0-9]*", re.ASCII)
_REPLAYED = re.compile(r"(.+)-replay-[1-9][0-9]*-([ix][0-9]{2}-a[1-9][0-9]*)", re.ASCII)
_DIGEST_LETTERS = 20
"""20 base32 letters are 100 bits: a billion plans collide with a chance below 1e-12."""


def derived_id(*, prefix: str, parts: tuple[str, ...]) -> str:
    """An opaque id that the same parts always give: ``pln_`` and 20 lower-case letters/digits."""
    if not parts or not all(parts):
        raise ValueError("parts: each part of an id must be given")
    digest = hashlib.sha256("\x1f".join((prefix, *parts)).encode()).digest()
    letters = base64.b32encode(digest).decode().lower()[:_DIGEST_LETTERS]
    return f"{prefix}_{letters}"


def plan_id(*, merchant_id: str, reference: str) -> str:
    """The plan of a merchant's own checkout reference: one reference, one plan, for ever."""
    return derived_id(prefix="pln", parts=(merchant_id, reference))


def installment_id(*, plan_id: str, number: int) -> str:
    """``pln_…-i02`` for the second installment, ``pln_…-x01`` for 101: the first own payment.

    An own payment is collected like an installment, and its attempts are named after it; but it
    stands beside the schedule.
    """
    letter, place = ("i", number) if number < OWN_PAYMENT_FROM else ("x", number - OWN_PAYMENT_FROM)
    if not 1 <= place <= OWN_PAYMENTS_MAX:  # installments have two digits as well
        raise ValueError("number: installments are numbered 1 to 99, own payments 101 to 199")
    return f"{plan_id}-{letter}{place:02d}"


def attempt_id(*, installment_id: str, number: int) -> str:
    """``pln_…-i02-a1`` for the first attempt to collect the second installment."""
    if number < 1:
        raise ValueError("number: attempts are numbered from 1")
    return f"{installment_id}-a{number}"


def refund_id(*, attempt_id: str, number: int) -> str:
    """``pln_…-i01-a1-r1`` for the first refund of an attempt's money."""
    if number < 1:
        raise ValueError("number: refunds are numbered from 1")
    return f"{attempt_id}-r{number}"


def order_refund_id(*, plan_id: str, number: int) -> str:
    """A refund of the plan's order: ``pln_…-rf1``."""
    return f"{plan_id}-rf{number}"


def capture_id(*, plan_id: str, number: int) -> str:
    """A capture of the plan's order: ``pln_…-c1``."""
    return f"{plan_id}-c{number}"


def order_void_id(*, plan_id: str, number: int) -> str:
    """What of the plan's order was voided, at once: ``pln_…-vd1``."""
    return f"{plan_id}-vd{number}"


def payout_id(*, plan_id: str, number: int) -> str:
    """``pln_…-p1`` for the first payout of a plan's merchant money."""
    if number < 1:
        raise ValueError("number: payouts are numbered from 1")
    return f"{plan_id}-p{number}"


def payday_id(*, merchant_id: str, clock_id: str | None, day: date) -> str:
    """``pay_…`` for all payouts of a merchant's business day (Addis Ababa), by a test clock or not.

    Args:
        merchant_id: the merchant.
        clock_id: the test clock whose day it is; None in real time.
        day: the day that is closed.
    """
    parts = (merchant_id, clock_id or "real", f"{day:%Y%m%d}")
    return derived_id(prefix="pay", parts=parts)


def payday_on_the_wire(*, reference: str) -> str | None:
    """The merchant's day of a payout's id in letters and digits alone; None: it is no such id."""
    found = _PAYOUT_ON_THE_WIRE.fullmatch(reference)
    return None if found is None else f"{found[1]}_{found[2]}"


def merchant_payout_id(*, payday_id: str, number: int) -> str:
    """``pay_…-1`` for the first payout of a merchant's day."""
    if number < 1:
        raise ValueError("number: payouts are numbered from 1")
    return f"{payday_id}-{number}"


def reminder_id(*, installment_id: str, kind: str, on: date, channel: str = "m") -> str:
    """``pln_…-i02-mf20261212``: what a customer was told of an installment on an Addis Ababa date.

    ``kind`` is one small letter; ``channel`` is ``m`` for a text message and ``e`` for an e-mail.
    """
    if len(kind) != 1 or not kind.islower():
        raise ValueError("kind: one small letter")
    if channel not in {"m", "e"}:
        raise ValueError("channel: m or e")
    return f"{installment_id}-{channel}{kind}{on:%Y%m%d}"


def late_fee_id(*, installment_id: str, period: int) -> str:
    """``pln_…-i02-f1``: the first late fee of an installment."""
    if period < 1:
        raise ValueError("period: late fees are numbered from 1")
    return f"{installment_id}-f{period}"


def waiver_id(*, installment_id: str, sequence: int) -> str:
    """``pln_…-i02-v17``: a waiver of an installment's late fees, by its place in the plan's log."""
    if sequence < 1:
        raise ValueError("sequence: a plan's events are numbered from 1")
    return f"{installment_id}-v{sequence}"


def change_id(*, plan_id: str, number: int) -> str:
    """What the books know a change of the schedule by: ``pln_…-change-1``."""
    return f"{plan_id}-change-{number}"


def replay_id(*, plan_id: str, number: int) -> str:
    """A replay of a plan's payments; what the books post of it stands under ids that begin so.

    Args:
        plan_id: the plan.
        number: which replay of the plan it is, from 1.
    """
    return f"{plan_id}-replay-{number}"


def replayed_id(*, replay_id: str, attempt_id: str) -> str:
    """What the books post anew of an attempt's payment with a replay."""
    return f"{replay_id}-{attempt_id.removeprefix(_plan_of(replay_id)).removeprefix('-')}"


def order_of_posting(*, posting_id: str) -> str:
    """The order whose money a posting moves: its own id, or that which a replay has posted anew."""
    found = _REPLAYED.fullmatch(posting_id)
    return posting_id if found is None else f"{found[1]}-{found[2]}"


def is_replay(*, posting_id: str) -> bool:
    """Whether it was posted with a replay of a plan's payments."""
    return "-replay-" in posting_id


def _plan_of(replay_id: str) -> str:
    return replay_id.rpartition("-replay-")[0]


def charge_off_id(*, plan_id: str) -> str:
    """``pln_…-charge-off``: the posting of a plan's loss. There is one in its life."""
    return f"{plan_id}-charge-off"


def write_off_id(*, plan_id: str) -> str:
    """``pln_…-write-off``: the posting of what of a plan is asked for no more; once in its life."""
    return f"{plan_id}-write-off"


def installment_of(*, attempt_id: str) -> str:
    """The installment id inside an attempt id.

    Raises:
        ValueError: the text is no attempt id.
    """
    head, separator, tail = attempt_id.rpartition("-a")
    if not separator or not tail.isdigit() or not ("-i" in head or "-x" in head):
        raise ValueError("attempt id: not of the form pln_…-i01-a1")
    return head


def wire_id(*, meqenet_id: str) -> str:
    """Letters and digits only, for providers whose ids match ``^[A-Za-z0-9]+$``.

    Distinct ids stay distinct, because the derived part has a fixed length and the suffixes
    alternate a letter with digits.
    """
    return meqenet_id.replace("_", "").replace("-", "")


def contract_number(*, plan_id: str) -> str:
    """32 digits, unique to the plan: Telebirr's ``mctContractNo`` grammar (providers.md 1.11)."""
    digest = hashlib.sha256(f"mandate\x1f{plan_id}".encode()).digest()
    return f"{int.from_bytes(digest, 'big') % 10**32:032d}"
