"""What a plan's customer was told of its installments, and what became of each message."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from apps.writing import birr, day, instant, table
from workers.reminder_evidence import ToldReminder


def reminders_page(
    *, plan_id: str, reminders: tuple[ToldReminder, ...]
) -> Iterator[RenderableType]:
    """The report for people."""
    yield Text(f"\nreminders of {plan_id}", style="bold")
    if not reminders:
        yield Text("none was decided so far", style="dim")
        return
    yield Text("times are UTC, by the plan's clock; amounts birr", style="dim")
    found = table(
        "told",
        *("decided", "installment", "kind", "due", "amount>"),
        *("by", "text", "SHA-256", "state", "reference"),
    )
    for each in reminders:
        code = "" if each.failure_code is None else f" ({each.failure_code})"
        found.add_row(
            instant(each.opened_at),
            each.installment_id.removeprefix(f"{plan_id}-"),
            f"{each.kind} {each.days}d",
            day(each.due_on),
            birr(each.amount),
            each.channel,
            f"{each.language} v{each.template_version}",
            each.text_hash.hex()[:12],
            f"{each.state}{code}",
            each.provider_reference or "—",
        )
    yield found
    for each in reminders:
        if each.text is not None:
            yield Text(f"\n{each.reminder_id}", style="bold")
            if each.subject is not None:
                yield Text(f"{each.subject}\n", style="underline")
            yield Text(each.text)


def reminders_to_tell(*, plan_id: str, reminders: tuple[ToldReminder, ...]) -> dict[str, object]:
    """The report as JSON."""
    return {"plan_id": plan_id, "reminders": reminders}
