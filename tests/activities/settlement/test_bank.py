from typing import Any

from temporalio import activity

from activities.bank import BankActivities
from activities.contracts import merchant_settlement, reconciliation
from activities.contracts import settlement as contract
from activities.contracts.settlement import QueryTransfer
from activities.contracts.step import Step
from activities.contracts.turns import BANK_AWAIT_TURN
from activities.merchant_settlement import MerchantSettlementActivities
from activities.settlement import SettlementActivities
from meqenet.money import Money
from meqenet.payments.lanes import Lane
from meqenet.settlement.transfer import (
    CreditTransfer,
    PayoutAccount,
    TransferAnswer,
    TransferStatus,
)
from tests.activities.gates import OpenGate

_ORDER = CreditTransfer(
    end_to_end_id="pln_a-p1",
    creditor=PayoutAccount(bic="CBETETAA", account_number="1000", account_name="Shop"),
    amount=Money(1),
    remittance="Meqenet pln_a",
)
_ANSWER = TransferAnswer(end_to_end_id="pln_a-p1", status=TransferStatus.PENDING)


class _Bank:
    """A bank that answers at once and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    async def send_transfer(self, *, order: CreditTransfer) -> TransferAnswer:
        self.asked.append(order)
        return _ANSWER

    async def query_transfer(self, *, end_to_end_id: str) -> TransferAnswer:
        self.asked.append(end_to_end_id)
        return _ANSWER


async def test_the_bank_is_asked_once_per_step() -> None:
    bank, gate = _Bank(), OpenGate()
    steps: contract.BankSteps = BankActivities(bank=bank, gate=gate)
    assert await steps.send_transfer(_ORDER) == _ANSWER
    assert await steps.query_transfer(QueryTransfer(end_to_end_id="pln_a-p1")) == _ANSWER
    assert bank.asked == [_ORDER, "pln_a-p1"]
    assert gate.passed == [Lane.ORDERS, Lane.QUESTIONS]


def test_every_step_of_the_contract_is_taken_by_somebody() -> None:
    known = (contract, merchant_settlement, reconciliation)
    found = [step for each in known for step in vars(each).values() if isinstance(step, Step)]
    # The bank's statements are fetched as every provider's are.
    steps = {BANK_AWAIT_TURN.name} | {
        step.name
        for step in found
        if step.name.startswith(("settlement.", "bank.")) and step.name != "bank.fetch_statement"
    }
    taken = [
        str(activity._Definition.must_from_callable(deed).name)  # noqa: SLF001 - the SDK shows it nowhere else
        for activities in (SettlementActivities, MerchantSettlementActivities, BankActivities)
        for name, deed in vars(activities).items()
        if callable(deed) and name[0] != "_"
    ]
    assert sorted(taken) == sorted(steps)
