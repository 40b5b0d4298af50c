"""Plans that begin in force: the first of a kind is onboarded, others find what that has left.

Half of the steps of most plans lie before activation, and a test of what comes later need not take
them anew: the domains in memory are given what an onboarded plan of the same kind has left in them,
under the ids of the new one, and its run begins as one that continues as new does.
``test_in_force.py`` shows that both live the same life.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from activities.contracts import settlement
from meqenet.bnpl.events import IdentityRequested, InstallmentPaid, PlanActivated, PlanOffered
from meqenet.bnpl.products import ProductVersion
from meqenet.bnpl.states import InstallmentState, PlanState
from meqenet.calendar import addis_date
from meqenet.identity import contract_number, payout_id
from meqenet.money import Money
from tests.workflows.fakes import Domains, catalogue
from workflows.clock import ClockReading
from workflows.messages import Application
from workflows.plan_life import InstallmentLife, PayoutLife, PlanLife, PlanRun

Kind = tuple[type[Domains], Application, ProductVersion, date | None]
Contents = dict[str, Any]
_CONTAINERS = (dict, list, set)


@dataclass(frozen=True, kw_only=True)
class Onboarded:
    """A plan that was onboarded, and what that has put into the domains."""

    kind: Kind
    application: Application
    left: Contents


_ONBOARDED: list[Onboarded] = []
"""One of each kind that this process has met."""


def contents_of(domains: Domains) -> Contents:
    """All that the domains hold, as of now."""
    held = {k: v for k, v in vars(domains).items() if isinstance(v, _CONTAINERS)}
    return {name: _renamed(value, {}) for name, value in held.items()}


def remember(application: Application, *, domains: Domains, before: Contents) -> None:
    """Keep what the onboarding of a plan has added to what was there before."""
    now = contents_of(domains)
    left = {name: _added(before[name], value) for name, value in now.items()}
    kind = _kind_of(application, domains=domains)
    _ONBOARDED.append(Onboarded(kind=kind, application=application, left=left))


def onboarded_like(application: Application, *, domains: Domains) -> Onboarded | None:
    """A plan of the same kind that this process has onboarded before."""
    kind = _kind_of(application, domains=domains)
    return next((each for each in _ONBOARDED if each.kind == kind), None)


@contextmanager
def forgotten() -> Iterator[None]:
    """Meanwhile the next plan of each kind is onboarded, whatever was met before."""
    known = _ONBOARDED.copy()
    _ONBOARDED.clear()
    yield
    _ONBOARDED.extend(known)


def _kind_of(application: Application, *, domains: Domains) -> Kind:
    """What tells one onboarding from another, ids apart; in real time that is also the day."""
    by_clock = application.test_clock_now is not None
    nameless = replace(
        application,
        plan_id="",
        merchant_id="",
        reference="",
        test_clock_id="" if by_clock else None,
    )
    product = domains.sold_as(catalogue(application.option, version=domains.product_version))
    today = None if by_clock else addis_date(at=datetime.now(UTC))
    return type(domains), nameless, product, today


async def put_in_force(application: Application, *, domains: Domains, like: Onboarded) -> PlanRun:
    """Give the domains what the onboarding would have; returns the run that goes on from there."""
    names = {
        getattr(like.application, name): getattr(application, name)
        for name in ("plan_id", "merchant_id", "test_clock_id")
        if getattr(like.application, name) is not None
    }
    plan, other = application.plan_id, like.application.plan_id
    names[contract_number(plan_id=other)] = contract_number(plan_id=plan)
    for name, added in like.left.items():
        _add(getattr(domains, name), _renamed(added, names))
    domains.plans[plan] = replace(domains.plans[plan], reference=application.reference)
    return PlanRun(application=application, life=await _life(application, domains=domains))


async def _life(application: Application, *, domains: Domains) -> PlanLife:
    plan = domains.plans[application.plan_id]
    log = [each.event for each in domains.events[plan.plan_id]]
    terms = await copy(domains).open_plan(plan)
    (active,) = (each for each in log if isinstance(each, PlanActivated))
    (offered,) = (each for each in log if isinstance(each, PlanOffered))
    paid = {each.number for each in log if isinstance(each, InstallmentPaid)}
    order = settlement.ScheduleSettlement(
        plan_id=plan.plan_id,
        merchant_id=plan.merchant_id,
        payout_id=payout_id(plan_id=plan.plan_id, number=1),
        option=plan.option,
        amount=plan.amount,
        activated_on=active.activated_on,
        protection_days=terms.protection_days,
        at=plan.at,
    )
    now = application.test_clock_now
    return PlanLife(
        state=PlanState.ACTIVE,
        sequence=1 + len(log),
        terms=terms,
        identity_attempt=sum(isinstance(each, IdentityRequested) for each in log),
        customer_id="cus_1",
        tier=offered.tier,
        activated_on=active.activated_on,
        installments=[
            InstallmentLife(
                planned=row,
                state=InstallmentState.PAID if row.number in paid else InstallmentState.SCHEDULED,
            )
            for row in active.installments
        ],
        payout=PayoutLife(scheduled=await Domains().schedule(order), by_day=True),
        clock=None if now is None else ClockReading(now=now, turn=0),
    )


def _added(before: Any, now: Any) -> Any:  # noqa: ANN401 - whatever a domain holds
    if isinstance(now, dict):
        new = {key: value for key, value in now.items() if key not in before}
        # A list may be there, empty, because a test has looked into it.
        grown = {
            k: v[len(before[k]) :] for k, v in now.items() if k in before and isinstance(v, list)
        }
        return new | {key: value for key, value in grown.items() if value}
    return now[len(before) :] if isinstance(now, list) else now - before


def _add(held: Any, added: Any) -> None:  # noqa: ANN401 - whatever a domain holds
    if isinstance(held, list):
        held.extend(added)
        return
    if isinstance(held, set):
        held.update(added)
        return
    for key, value in added.items():
        if isinstance(value, list) and key in held:
            held[key].extend(value)  # a test may hold the list already
        else:
            held[key] = value


def _renamed(value: Any, names: dict[str, str]) -> Any:  # noqa: ANN401 - whatever a domain holds
    """The same anew, all of it, with other ids."""
    match value:
        case Money():
            return value
        case str() if type(value) is str:
            for old, new in names.items():
                value = value.replace(old, new)
            return value
        case dict():
            return {_renamed(k, names): _renamed(each, names) for k, each in value.items()}
        case tuple() | list() | set():
            return type(value)(_renamed(each, names) for each in value)
        case _ if is_dataclass(value) and not isinstance(value, type):
            changed = {f.name: _renamed(getattr(value, f.name), names) for f in fields(value)}
            return type(value)(**changed)
        case _:
            return value
