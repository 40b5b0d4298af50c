"""A plan as a support agent reads it on a terminal."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from apps.writing import instant, table
from meqenet.identity import OWN_PAYMENT_FROM


def plan_page(*, plan: Mapping[str, Any]) -> Iterator[RenderableType]:
    """The plan's state, its installments and attempts, and what may be done now."""
    yield Text(f"\n{plan['id']}  {plan['state']}", style="bold")
    yield Text(
        f"{plan['option']} of {plan['amount']} birr for {plan['merchant']}, order "
        f"{plan['reference']}; by {plan['wallet_provider']}; {plan['outstanding']} birr still owed"
    )
    if plan["charged_off_on"]:
        still = ": what still comes is a recovery" if plan["next_step"] else ""
        yield Text(f"charged off on {_day(plan['charged_off_on'])}{still}", style="red")
    yield Text(_order(plan["order"]))
    yield Text(f"next: {_next(plan)}")
    if plan["hold"]:
        hold = plan["hold"]
        yield Text(f"held: {hold['reason']} until {_day(hold['until'])}", style="yellow")
    if plan["installments"]:
        yield _installments(plan)
    if plan["own_payments"] or any(row["attempts"] for row in plan["installments"]):
        yield _attempts(plan)
        yield from _texts(plan)
    if len(plan["wallets"]) > 1:
        yield _wallets(plan)
    if plan["credits"]:
        yield _credits(plan)
    yield from _deeds(plan)


def _order(order: Mapping[str, Any]) -> str:
    told = (
        f"order {order['status'].replace('_', ' ')}: {order['captured']} captured, "
        f"{order['voided']} voided, {order['refunded']} refunded"
    )
    if order["capturable"] == "0.00":
        return told
    until = _at(order["authorisation_expires_at"])
    return f"{told}; {order['capturable']} may be captured until {until} UTC"


def _next(plan: Mapping[str, Any]) -> str:
    step = plan["next_step"]
    if not step:
        return "nothing; the plan has ended"
    return str(step["what"]) + (f", {_at(step['at'])} UTC" if step["at"] else "")


def _installments(plan: Mapping[str, Any]) -> Table:
    found = table(
        "installments, times are UTC",
        "#",
        "due",
        "birr>",
        "late fee>",
        "state",
        "failed>",
        "next attempt",
    )
    for row in plan["installments"]:
        found.add_row(
            str(row["number"]),
            _day(row["due_on"]),
            row["amount"],
            row["late_fee"],
            row["state"],
            str(row["failed_attempts"]),
            _at(row["next_attempt_at"]) if row["next_attempt_at"] else "",
        )
    return found


def _attempts(plan: Mapping[str, Any]) -> Table:
    found = table(
        "attempts",
        "#",
        "attempt",
        "made",
        "by",
        "of",
        "birr>",
        "state",
        "cause",
        "code",
        "receipt",
    )
    tried = [(str(row["number"]), each) for row in plan["installments"] for each in row["attempts"]]
    tried += [(each["id"].rsplit("-", 2)[1], each) for each in plan["own_payments"]]
    for of, each in tried:
        failure = each["failure"] or {}
        found.add_row(
            of,
            each["id"].rpartition("-")[2],
            _at(each["opened_at"]),
            each["channel"],
            each["wallet"],
            each["amount"],
            each["state"],
            failure.get("cause", ""),
            failure.get("provider_code") or "",
            each["receipt"] or "",
        )
    return found


def _wallets(plan: Mapping[str, Any]) -> Table:
    found = table("wallets", "wallet", "by", "on file since")
    for each in plan["wallets"]:
        name = f"{each['id']} (own)" if each["is_own"] else each["id"]
        found.add_row(name, each["provider"], _at(each["since"]))
    return found


def _credits(plan: Mapping[str, Any]) -> Table:
    found = table(
        "the customer's credit", "attempt", "birr>", "by", "since", "where it is", "receipt"
    )
    for each in plan["credits"]:
        state = each["state"].replace("_", " ")
        if each["returned_at"]:
            state += f" {_at(each['returned_at'])}"
        elif each["failure_code"]:
            state += f" ({each['failure_code']})"
        found.add_row(
            each["attempt"],
            each["amount"],
            each["provider"],
            _at(each["since"]),
            state,
            each["receipt"] or "",
        )
    return found


def _texts(plan: Mapping[str, Any]) -> Iterator[Text]:
    """What to tell the customer of the newest failure of each unpaid installment."""
    for row in plan["installments"]:
        if row["state"] == "paid" or not row["attempts"]:
            continue
        failure = row["attempts"][-1]["failure"]
        if failure is None:
            continue
        mends = {"nobody": "it may pass by itself", "meqenet": "we must mend it"}
        useful = "a later attempt may succeed" if failure["retryable"] else "no retry alone helps"
        yield Text(
            f"\ninstallment {row['number']}: {failure['cause']}; "
            f"{mends.get(failure['mender'], 'the customer can mend it')}; {useful}"
        )
        yield Text(f"  say: {failure['english']}")
        yield Text(f"       {failure['amharic']}")


def _deeds(plan: Mapping[str, Any]) -> Iterator[RenderableType]:
    possible = [deed for deed in plan["deeds"] if deed["possible"]]
    if all(deed["deed"] == "return_credit" for deed in plan["deeds"]) and not possible:
        yield Text("\nnothing can be done: the plan's process is over or does not answer")
        return
    names = ", ".join(_name(deed) for deed in possible) or "nothing"
    yield Text(f"\npossible now: {names}")
    reasons = [deed for deed in plan["deeds"] if not deed["possible"]]
    if not reasons:
        return
    found = table("not now", "what", "why not")
    for why_not, names_of in _by_reason(reasons).items():
        found.add_row(names_of, why_not)
    yield found


def _by_reason(deeds: list[Mapping[str, Any]]) -> dict[str, str]:
    """What cannot be done now, by why not: many deeds have one reason."""
    found: dict[str, list[str]] = {}
    for deed in deeds:
        found.setdefault(deed["why_not"], []).append(_name(deed))
    return {why_not: ", ".join(names) for why_not, names in found.items()}


def _name(deed: Mapping[str, Any]) -> str:
    number = f" {_of(deed['number'])}" if deed["number"] else ""
    return f"{deed['deed'].replace('_', ' ')}{number}"


def _of(number: int) -> str:
    """An installment's number, or a payment's beside the schedule as its attempts name it."""
    own = number - OWN_PAYMENT_FROM
    return f"x{own:02d}" if own > 0 else str(number)


def _day(day: Mapping[str, str]) -> str:
    return f"{day['gregorian']} ({day['ethiopian']})"


def _at(text: str) -> str:
    return instant(datetime.fromisoformat(text))
