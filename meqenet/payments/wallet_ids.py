"""Opaque ids of the wallets from which a plan may be paid: its own, and further ones."""

import re
from typing import Final

from meqenet.errors import Defect

OWN_WALLET: Final = 1
"""Number of the wallet that the customer named at checkout."""
FURTHER_WALLETS_MAX: Final = 3
"""So many further wallets may be on file for one plan."""
_WALLET: Final = re.compile(r"(?P<plan>.+)-w(?P<number>[1-9][0-9]?)", re.ASCII)


def wallet_id_of(*, plan_id: str, number: int = OWN_WALLET) -> str:
    """``pln_…-w2`` for the first further wallet of a plan; its own is ``pln_…-w1``."""
    if not OWN_WALLET <= number <= OWN_WALLET + FURTHER_WALLETS_MAX:
        raise ValueError(f"number: wallets are numbered 1 to {OWN_WALLET + FURTHER_WALLETS_MAX}")
    return f"{plan_id}-w{number}"


def wallet_number(*, plan_id: str, wallet_id: str | None) -> int:
    """The number of a plan's wallet; None stands for its own.

    Raises:
        Defect: ``wallet_foreign``: the id is not derived from the plan's.
    """
    if wallet_id is None:
        return OWN_WALLET
    found = _WALLET.fullmatch(wallet_id)
    if found is None or found["plan"] != plan_id:
        raise Defect("wallet_foreign", f"{wallet_id!r} is no wallet of {plan_id}")
    return int(found["number"])
