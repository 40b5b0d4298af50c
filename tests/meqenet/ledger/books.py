"""How tests write down what a rule posts."""

from collections.abc import Iterable

from meqenet.ledger.happenings import Happening
from meqenet.ledger.posting_rules import entries_for
from meqenet.money import Money


def table(happening: Happening) -> str:
    """The lines of a happening, as the rule's table has them."""
    return "\n".join(
        f"{entry.side.value.ljust(6)} {entry.account.code} {entry.amount}"
        for entry in entries_for(happening=happening)
    )


def rows(*lines: str) -> str:
    """The lines that are expected."""
    return "\n".join(lines)


def left_over(story: Iterable[Happening]) -> dict[str, str]:
    """Every account that a story leaves with something on it: debits count up, credits down."""
    balances: dict[str, Money] = {}
    for happening in story:
        for entry in entries_for(happening=happening):
            code = entry.account.code
            balances[code] = balances.get(code, Money.zero()) + entry.signed
    return {code: str(balance) for code, balance in balances.items() if balance}
