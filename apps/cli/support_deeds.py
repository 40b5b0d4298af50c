"""What commands share that have a plan do something: its page afterwards, or a preview first."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apps.cli.calling import called, print_found
from apps.cli.reading import BAD_INPUT, end

if TYPE_CHECKING:
    from rich.console import RenderableType

_REASON = typer.Option("--why", help="The reason; kept for ever, so no names and no phones.")
Plan = Annotated[str, typer.Argument(help="The plan's id.", metavar="PLAN")]
"""Which plan."""
Why = Annotated[str, _REASON]
"""Why it is done."""
WhyUnlessPreview = Annotated[str | None, _REASON]
"""The same of what may be looked at first."""
Preview = Annotated[
    bool, typer.Option("--preview", help="Show what it would do, and change nothing.")
]
"""Whether it is only looked at."""


def tell_plan(
    *,
    name: str,
    api: str | None,
    path: str,
    body: Mapping[str, object] | None = None,
    as_json: bool,
) -> None:
    """Print the plan as the API answers it: as it stands, or after what is asked of it.

    Args:
        name: the command behind ``support``.
        api: the API's address, else that of the settings.
        path: where it is asked.
        body: what is asked; without it the plan is read.
        as_json: whether the answer is printed as it is.
    """
    from apps.cli.support_page import plan_page  # noqa: PLC0415 - heavy; not for --help

    plan = called(
        command=f"support {name}",
        api=api,
        call=lambda reached: reached.get(path) if body is None else reached.post(path, body),
    )
    print_found(plan, page=plan_page(plan=plan), as_json=as_json)


def look_or_have_done(
    *,
    name: str,
    api: str | None,
    path: str,
    change: Mapping[str, object],
    why: str | None,
    approval: Mapping[str, object] | None = None,
    preview: bool,
    page: "Callable[[Mapping[str, Any]], Iterator[RenderableType]]",
    as_json: bool,
) -> None:
    """Print what a change would do, or have it made and print the plan.

    Args:
        name: the command behind ``support``.
        api: the API's address, else that of the settings.
        path: where the change is asked for; its preview is at ``/preview`` below.
        change: which one.
        why: the reason; the command ends where it is missing and nothing is only looked at.
        approval: what is said beside the reason.
        preview: whether it is only looked at.
        page: how the preview is shown.
        as_json: whether the answer is printed as it is.
    """
    if not preview:
        if why is None:
            text = "--why: give the reason, or look first with --preview"
            end(command=f"support {name}", text=text, code=BAD_INPUT)
        body = {**change, "why": why, **(approval or {})}
        tell_plan(name=name, api=api, path=path, body=body, as_json=as_json)
        return
    found = called(
        command=f"support {name}",
        api=api,
        call=lambda reached: reached.post(f"{path}/preview", change),
    )
    print_found(found, page=page(found), as_json=as_json)
