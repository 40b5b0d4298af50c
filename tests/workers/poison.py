"""Plans of few events, and read models that cannot take one of them in: programs with a bug."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from db.analytics.models import MODELS, ReadModel
from db.bnpl.opening import Opening, open_plan
from db.bnpl.recording import Recording, record
from meqenet.analytics.facts import Fact
from meqenet.bnpl import events as e
from meqenet.bnpl.states import PlanState
from meqenet.money import Money
from tests.workers.worlds import World
from workers.consuming import Consumer, Step

AT: Final = datetime(2026, 3, 2, 6, tzinfo=UTC)
MODEL: Final = "plan_overview"


async def three_events(world: World, plan_id: str) -> None:
    """A plan that was opened, asked for its identity, and expired."""
    opening = Opening(
        plan_id=plan_id,
        merchant_id="mrc_1",
        reference=f"order-{plan_id}",
        request_hash="hash",
        option="pay_in_30",
        amount=Money.from_birr(1_000),
        installment_count=None,
        wallet_provider="mpesa",
        test_clock_id=None,
        at=AT,
    )
    async with world["bnpl"].write() as session:
        await open_plan(session=session, opening=opening)
    asked = e.IdentityRequested(attempt=1, expires_at=AT + timedelta(minutes=30))
    await _record(world, plan_id, 2, asked, PlanState.IDENTITY_REQUIRED)
    await _record(world, plan_id, 3, e.PlanExpired(stage="identity"), PlanState.EXPIRED)


async def a_fourth(world: World, plan_id: str, *, amount: Money) -> None:
    """Money of that plan went back."""
    returned = e.PaymentReturned(refund_id=f"{plan_id}-i00-a1-r1", amount=amount)
    await _record(world, plan_id, 4, returned, PlanState.EXPIRED)


async def _record(
    world: World, plan_id: str, sequence: int, event: e.PlanEvent, state: PlanState
) -> None:
    async with world["bnpl"].write() as session:
        await record(
            session=session,
            recording=Recording(
                plan_id=plan_id,
                sequence=sequence,
                event=event,
                state=state,
                next_action=None,
                next_step="wait",
                next_step_at=None,
                at=AT + timedelta(minutes=sequence),
            ),
        )


@dataclass(frozen=True, kw_only=True)
class Bug:
    """What the program does wrong with one event of one plan."""

    stream: str
    sequence: int
    does: Callable[[Any], Any]

    def within(self, model: ReadModel) -> ReadModel:
        """The read model with this bug in it."""
        (sheet, *others) = model.sheets

        def fold(*, before: Any, fact: Fact) -> Any:  # noqa: ANN401 - the line of any model
            after = sheet.fold(before=before, fact=fact)
            is_hit = (fact.content.stream, fact.content.sequence) == (self.stream, self.sequence)
            return self.does(after) if is_hit else after

        return replace(model, sheets=(replace(sheet, fold=fold), *others))


def divide_by_nothing(line: Any) -> Any:  # noqa: ANN401 - the line of any model
    """Raise, with a text that nobody may read."""
    raise ZeroDivisionError(f"Abebe Bikila, 251911000000: {line}")


def make_unstorable(line: Any) -> Any:  # noqa: ANN401 - the line of any model
    """Give a line that is well formed here, and that the database refuses."""
    return replace(line, reference="order\x00")


async def take_with(world: World, bug: Bug, *, batch_max: int = 50) -> Consumer:
    """Publish everything, and take it in by a program that has the bug."""
    await world.relay()
    consumer = world.consumer(MODEL, batch_max=batch_max)
    consumer.model = bug.within(MODELS[MODEL])
    # Held up is by another consumer of the model, which other tests may have left at work.
    while await consumer.step() is not Step.QUIET:
        pass
    return consumer
