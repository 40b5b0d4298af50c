"""The closing table: our books beside the providers', which must be equal to the santim."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import httpx
from rich.table import Table

from apps.demo.view import Scene
from db.kernel.engine import ReadSession
from db.ledger.views import TrialBalance, balance
from meqenet.money import Money, total

_TOLD = {
    "merchant fees earned": "merchant_fee_income",
    "merchant fees still to be earned": "merchant_fee_deferred",
    "interest earned": "interest_income",
    "interest earned and not yet paid": "interest_receivable",
    "customers still owe": "plan_receivable",
    "still held for customers": "customer_deposits",
    "still owed to merchants": "merchant_payable",
}


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One sum in our books and in a provider's."""

    what: str
    ours: Money
    theirs: Money

    @property
    def equal(self) -> bool:
        """Whether they agree to the santim."""
        return self.ours == self.theirs


@dataclass(frozen=True, kw_only=True)
class ProviderBooks:
    """The balances of a sandbox's accounts, and the accounts that are ours there."""

    provider: str
    balances: Mapping[str, Money]

    def of(self, prefix: str) -> Money:
        """What stands on all accounts under a prefix."""
        return total(amount for code, amount in self.balances.items() if code.startswith(prefix))


async def read_books(*, http: httpx.AsyncClient, provider: str, control_url: str) -> ProviderBooks:
    """A sandbox's own books."""
    answer = await http.get(f"{control_url}/books")
    answer.raise_for_status()
    found: dict[str, str] = answer.json()
    balances = {code: Money.from_birr(birr) for code, birr in found.items()}
    return ProviderBooks(provider=provider, balances=balances)


async def compare(*, session: ReadSession, books: Sequence[ProviderBooks]) -> list[Compared]:
    """Wallet money collected, by provider, and money paid out through the bank."""
    compared = []
    for book in books:
        if book.provider == "bank":
            ours = -await balance(session=session, prefix="bank_clearing")
            what, theirs = "paid to merchants by the bank", book.of("bank:")
        else:
            ours = await balance(session=session, prefix=f"provider_clearing:{book.provider}")
            what, theirs = f"collected by {book.provider}", book.of("merchant:")
        compared.append(Compared(what=what, ours=ours, theirs=theirs))
    return compared


def closing_table(
    *, scenes: Iterable[Scene], trial: TrialBalance, compared: Sequence[Compared]
) -> Table:
    """What the demo leaves behind."""
    table = Table(title="At the end", title_justify="left", show_header=True)
    table.add_column("", no_wrap=True)
    table.add_column("Meqenet's books", justify="right")
    table.add_column("the provider's books", justify="right")
    table.add_column("")
    for state, count in sorted(Counter(scene.state for scene in scenes).items()):
        table.add_row(f"plans {state}", str(count), "", "")
    table.add_section()
    for line in compared:
        verdict = "[green]equal[/green]" if line.equal else "[red]DIFFERENT[/red]"
        table.add_row(line.what, str(line.ours), str(line.theirs), verdict)
    table.add_section()
    balances = {line.code: line.balance for line in trial.lines}
    for what, account in _TOLD.items():
        table.add_row(what, str(balances.get(account, Money.zero())), "", "")
    balanced = trial.debit == trial.credit
    verdict = "[green]balanced[/green]" if balanced else "[red]NOT BALANCED[/red]"
    table.add_row("ledger: debits / credits", str(trial.debit), str(trial.credit), verdict)
    return table
