"""Notices and secrets as a merchant reads them on a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from apps.writing import instant, table


def notices_page(*, found: Mapping[str, Any]) -> Iterator[RenderableType]:
    """A page of notices, and how to see the next one."""
    if not found["notices"]:
        yield Text("there are no such notices")
        return
    rows = table(
        "notices, newest first; times are UTC",
        *("notice", "no.>", "kind", "order", "on file since", "state", "tries>", "last answer"),
    )
    for each in found["notices"]:
        rows.add_row(
            each["id"],
            str(each["sequence"]),
            each["content"]["type"],
            each["content"]["data"]["reference"],
            _at(each["stored_at"]),
            each["state"].replace("_", " "),
            str(each["attempt_count"]),
            "" if each["last_status"] is None else str(each["last_status"]),
        )
    yield rows
    if found["next_after"]:
        yield Text(f"more with --after {found['next_after']}", style="dim")


def notice_page(*, found: Mapping[str, Any]) -> Iterator[RenderableType]:
    """A notice, and each try of it."""
    content = found["content"]
    yield Text(
        f"{found['id']}: {content['type']} of order {content['data']['reference']}, notice "
        f"{found['sequence']} of plan {content['data']['plan_id']}",
        style="bold",
    )
    yield Text(
        f"state: {found['state'].replace('_', ' ')}; on file since {_at(found['stored_at'])}"
    )
    if not found["tries"]:
        yield Text("no try yet")
        return
    rows = table(
        "tries; times are UTC", *("try>", "answered at", "answer", "took ms>", "asked for again")
    )
    for made in found["tries"]:
        rows.add_row(
            str(made["number"]),
            _at(made["tried_at"]),
            str(made["status"] or (made["failure"] or "none").replace("_", " ")),
            "" if made["took_ms"] is None else str(made["took_ms"]),
            "yes" if made["is_replay"] else "",
        )
    yield rows


def signing_lines(*, signing: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """One line for each secret that signs, the newest first."""
    for each in signing:
        until = "" if each["until"] is None else f" until {_at(each['until'])} UTC"
        yield f"secret no. {each['number']} signs since {_at(each['since'])} UTC{until}"


def _at(text: str) -> str:
    return instant(datetime.fromisoformat(text))
