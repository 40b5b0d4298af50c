"""How much of a customer's limit is used: by the read model, or by the events until a day."""

from collections.abc import Iterator
from datetime import date, timedelta

from rich.console import RenderableType
from rich.text import Text

from apps.writing import birr, day, instant, table
from db.analytics.views import CustomerExposure, customer_exposure
from db.kernel.engine import ReadSession
from db.kernel.recorded import read_recorded
from meqenet.analytics import customer_exposure as rules
from meqenet.analytics.customer_exposure import CustomerLine, ExposureLine
from meqenet.analytics.facts import Fact
from meqenet.calendar import at_addis
from meqenet.event_catalogue import as_known_or_told

__all__ = [
    "customer_exposure",
    "exposure_on",
    "exposure_page",
    "exposure_to_tell",
]


async def exposure_on(
    *, session: ReadSession, customer_id: str, as_of: date
) -> CustomerExposure | None:
    """What was used at the end of an Addis Ababa day; None before the first decision.

    Args:
        session: of the credit store. The read model keeps no past; its rules do as well here.
        customer_id: the customer.
        as_of: the day.
    """
    end = at_addis(on=as_of + timedelta(days=1), hour=0)
    events = await read_recorded(session=session, source="credit", stream=customer_id)
    facts = [
        Fact(source="credit", content=as_known_or_told(domain="credit", content=event.content))
        for event in events
        if event.content.effective_at < end
    ]
    customer = CustomerLine(customer_id=customer_id)
    plans: dict[str, ExposureLine] = {}
    for fact in facts:
        if rules.customer_of(fact=fact) is not None:
            customer = rules.fold_customer(before=customer, fact=fact)
        plan_id = rules.plan_of(fact=fact)
        if plan_id is not None:
            before = plans.get(plan_id) or ExposureLine(plan_id=plan_id)
            plans[plan_id] = rules.fold_plan(before=before, fact=fact)
    if customer.decided_at is None:
        return None
    return CustomerExposure(
        customer=customer, plans=tuple(plans[plan_id] for plan_id in sorted(plans))
    )


def exposure_page(*, exposure: CustomerExposure, as_of: date | None) -> Iterator[RenderableType]:
    """The report for people."""
    customer = exposure.customer
    when = "now" if as_of is None else f"at the end of {day(as_of)}"
    yield Text(f"\nexposure of {customer.customer_id} {when}", style="bold")
    yield Text("times are UTC, amounts birr", style="dim")
    yield Text(
        f"tier {customer.tier}, decided {instant(customer.decided_at)}: "
        f"{customer.approved} approved, {customer.declined} declined"
    )
    used = exposure.held + exposure.owed
    yield Text(
        f"limit {birr(customer.limit)}, used {birr(used)}, available {birr(exposure.available)}"
    )
    found = table("by plan", "plan", "state", "held>", "owed>", "at first>", "late", "since")
    for line in exposure.plans:
        found.add_row(
            line.plan_id,
            str(line.state),
            birr(line.held),
            birr(line.owed),
            birr(line.financed),
            "yes" if line.was_late else "no",
            instant(line.moved_at),
        )
    found.add_section()
    found.add_row("total", "", birr(exposure.held), birr(exposure.owed))
    yield found


def exposure_to_tell(*, exposure: CustomerExposure, as_of: date | None) -> dict[str, object]:
    """The report for programs, as :func:`apps.writing.as_json` takes it."""
    return {
        "as_of": as_of,
        "currency": "ETB",
        "customer": exposure.customer,
        "held": exposure.held,
        "owed": exposure.owed,
        "available": exposure.available,
        "plans": exposure.plans,
    }
