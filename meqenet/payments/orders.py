"""Which plan and attempt an order to a wallet provider belongs to: its id says so."""

import re
from typing import Final

from meqenet.errors import Defect
from meqenet.identity import OWN_PAYMENT_FROM

_ORDER: Final = re.compile(
    r"(?P<attempt>(?P<installment>(?P<plan>.+)-(?P<letter>[ix])(?P<number>[0-9]{2}))-a(?P<tried>[0-9]+))"
    r"(?:-r[0-9]+)?",
    re.ASCII,
)
_REMINDER: Final = re.compile(r"(?P<plan>.+)-i[0-9]{2}-[em][a-z][0-9]{8}", re.ASCII)

_PLAN_ON_THE_WIRE: Final = re.compile(r"(pln)([a-z2-7]{20})(?=[ix][0-9]{2}a[0-9]|p[0-9])", re.ASCII)
_REFUND_ON_THE_WIRE: Final = re.compile(r"pln[a-z2-7]{20}[ix][0-9]{2}a[0-9]+r[0-9]+", re.ASCII)
_PLAN_NUMBER: Final = re.compile(r"(?:pln)?[a-z2-7]{12}(?:[a-z2-7]{8})?", re.ASCII)


def is_plan_number(*, reference: str) -> bool:
    """Whether it is what customers type who pay unasked: the first letters of a plan's id, or all.

    Args:
        reference: as it stands on a statement, in any case.
    """
    letters = re.sub(r"[\s_-]", "", reference).lower()
    return _PLAN_NUMBER.fullmatch(letters) is not None


def is_refund_on_the_wire(*, reference: str) -> bool:
    """Whether it is a refund's id, in any spelling: money that goes back to a customer.

    Args:
        reference: as it stands on a statement.
    """
    return _REFUND_ON_THE_WIRE.fullmatch(re.sub(r"[_-]", "", reference)) is not None


def plan_on_the_wire(*, reference: str) -> str | None:
    """The plan of an order's id in letters and digits alone; None when it is no id of ours.

    An attempt's, a refund's and a payout's id begin with it.
    """
    found = _PLAN_ON_THE_WIRE.match(reference)
    return None if found is None else f"{found[1]}_{found[2]}"


def plan_of(*, order_id: str) -> str:
    """The plan of an attempt's or a refund's id (``pln_…-i02-a1``, ``pln_…-i02-a1-r1``).

    Raises:
        Defect: ``order_id_malformed``.
    """
    return _parts(order_id)["plan"]


def installment_of(*, order_id: str) -> str:
    """The installment of an attempt's or a refund's id.

    Raises:
        Defect: ``order_id_malformed``.
    """
    return _parts(order_id)["installment"]


def installment_number(*, order_id: str) -> int:
    """The number of the installment of an attempt's or a refund's id, counted from 1.

    Payments of the customer's own will are numbered from 101.

    Raises:
        Defect: ``order_id_malformed``.
    """
    parts = _parts(order_id)
    return int(parts["number"]) + (OWN_PAYMENT_FROM if parts["letter"] == "x" else 0)


def attempt_number(*, order_id: str) -> int:
    """The number of the attempt of its installment, counted from 1.

    Raises:
        Defect: ``order_id_malformed``.
    """
    return int(_parts(order_id)["tried"])


def attempt_of(*, order_id: str) -> str:
    """The attempt of a refund's id; an attempt's id is its own.

    Raises:
        Defect: ``order_id_malformed``.
    """
    return _parts(order_id)["attempt"]


def plan_of_reminder(*, reminder_id: str) -> str:
    """The plan of a reminder's id (``pln_…-i02-mf20261212``).

    Raises:
        Defect: ``reminder_id_malformed``.
    """
    found = _REMINDER.fullmatch(reminder_id)
    if found is None:
        raise Defect("reminder_id_malformed", f"{reminder_id!r} is no reminder's id")
    return found["plan"]


def _parts(order_id: str) -> dict[str, str]:
    found = _ORDER.fullmatch(order_id)
    if found is None:
        raise Defect(
            "order_id_malformed", f"{order_id!r} is neither an attempt's id nor a refund's"
        )
    return found.groupdict()
