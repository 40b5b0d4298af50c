"""What domains in memory do of replayed payments; what the log tells, the real rules say."""

from dataclasses import dataclass, field

from activities.contracts import credit, ledger
from activities.contracts import payment_replays as contract
from activities.contracts.step import Nothing
from activities.edge import takes
from meqenet.ledger.replays import ReplayPayments


@dataclass
class Replays:
    """Each by the replay's id: once, however often it is asked."""

    recounted: dict[str, contract.RecountPayments] = field(default_factory=dict)
    replayed: dict[str, ReplayPayments] = field(default_factory=dict)
    owed_again: dict[str, credit.ReverseRepayment] = field(default_factory=dict)

    @takes(contract.FIND_GONE_BACK)
    async def find_gone_back(self, _command: contract.FindGoneBack) -> contract.GoneBackFound:
        return contract.GoneBackFound(attempt_ids=())

    @takes(contract.RECOUNT_PAYMENTS)
    async def recount_payments(self, command: contract.RecountPayments) -> Nothing:
        assert self.recounted.setdefault(command.replay_id, command) == command
        return Nothing()

    @takes(ledger.REPLAY_PAYMENTS)
    async def replay_payments(self, command: ReplayPayments) -> Nothing:
        assert self.replayed.setdefault(command.replay_id, command) == command
        return Nothing()

    @takes(ledger.PREVIEW_REPLAY)
    async def preview_replay(self, _command: ReplayPayments) -> ledger.ReplayPreviewed:
        return ledger.ReplayPreviewed(accounts=())

    @takes(credit.REVERSE_REPAYMENT)
    async def reverse_repayment(self, command: credit.ReverseRepayment) -> Nothing:
        assert self.owed_again.setdefault(command.repayment_id, command) == command
        return Nothing()
