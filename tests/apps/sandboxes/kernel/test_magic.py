from datetime import UTC, datetime

import pytest

from apps.sandboxes.kernel.book import Book, WalletStatus
from apps.sandboxes.kernel.magic import MagicOutcome, open_well_known, outcome_for
from meqenet.money import Money

AT = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize("operator", ["9", "7"])
@pytest.mark.parametrize("outcome", list(MagicOutcome))
def test_the_last_two_digits_choose(operator: str, outcome: MagicOutcome) -> None:
    assert outcome_for(msisdn=f"251{operator}000000{outcome.value}") is outcome


@pytest.mark.parametrize("msisdn", ["251911223301", "251900000099", "2519000000011", "", None])
def test_every_other_number_pays(msisdn: str | None) -> None:
    assert outcome_for(msisdn=msisdn) is MagicOutcome.PAYS


def test_well_known_wallets_are_opened_once() -> None:
    book = Book(path=None)
    open_well_known(book=book, operator="7", pin="1234", at=AT)
    book.set_balance(msisdn="251700000000", balance=Money(1), at=AT)
    open_well_known(book=book, operator="7", pin="1234", at=AT)
    assert len(book.wallets()) == len(MagicOutcome)
    assert book.wallet(msisdn="251700000000").balance == Money(1)
    assert book.wallet(msisdn="251700000001").balance == Money.zero()
    assert book.wallet(msisdn="251700000003").status is WalletStatus.FROZEN
    assert book.wallet(msisdn="251700000012").balance == Money.from_birr(1_000_000)
