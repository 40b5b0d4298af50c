"""The providers' sandboxes: one process for all, their credentials made into settings."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from apps.runtime.child import Child
from apps.runtime.own_parts import Program
from apps.runtime.ports import Ports
from apps.runtime.problems import CannotRun
from apps.runtime.readiness import listens, printed, until
from apps.runtime.supervisor import Part
from workers.settings import PREFIX

SANDBOXES = ("telebirr", "mpesa", "fayda", "bank", "messages")
_STATEMENT_KEY = "statement_key"
_STATEMENTS_AT = "/merchant-portal/statement"
"""Whoever moves money hands out statements there, against the key."""
_TITLES = {
    "telebirr": "Telebirr",
    "mpesa": "M-PESA",
    "fayda": "Fayda",
    "bank": "bank",
    "messages": "messages",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Sandbox:
    """A running sandbox, as its first line of output tells it."""

    name: str
    base_url: str
    """Where it speaks the provider's wire."""
    control_url: str
    """Where a test makes wallets and chooses outcomes."""
    credentials: Mapping[str, str] = field(repr=False)
    """Test credentials by field of the provider's settings class."""

    @property
    def title(self) -> str:
        """As people call it."""
        return f"{_TITLES[self.name]} sandbox"

    @property
    def settings(self) -> dict[str, str]:
        """The settings that point the provider's client at it."""
        fields = {"base_url": self.base_url, **self.credentials}
        if _STATEMENT_KEY in fields:
            fields["statement_url"] = f"{self.base_url}{_STATEMENTS_AT}"
        prefix = f"{PREFIX}{self.name.upper()}_"
        return {f"{prefix}{name.upper()}": value for name, value in fields.items()}


class SandboxesPart:
    """The process of all sandboxes, to be started; once it is ready, ``told`` says what they are.

    They share a process because most of what starting one costs is reading the same libraries.
    """

    def __init__(self, *, ports: Ports, program: Program) -> None:
        self._ports: dict[str, int] = {
            name: getattr(ports, f"sandbox_{name}_port") for name in SANDBOXES
        }
        self._told: dict[str, Sandbox] | None = None
        chosen = [f"--port={name}={port}" for name, port in self._ports.items()]
        data = str(program.directory.sandboxes(names=SANDBOXES))
        words = ("sandboxes", "--json", "--data", data, *chosen)
        self.part = Part(
            name="sandbox process",
            command=program.command(*words, log="sandboxes", settings=_behaviour()),
            ready=self._ready,
        )

    @property
    def told(self) -> Mapping[str, Sandbox]:
        """What the running sandboxes have said of themselves, by name.

        Raises:
            CannotRun: they have not been started.
        """
        if self._told is None:
            raise CannotRun("sandboxes_not_started", "the sandboxes were not started")
        return self._told

    async def _ready(self, child: Child) -> None:
        told: dict[str, Sandbox] = {}
        for name, port in self._ports.items():
            line = await printed(child=child, line=_tells_of(name))
            told[name] = read_sandbox(name=name, line=line)
            await until(partial(listens, child=child, port=port))
        for name, before in (self._told or {}).items():
            if told[name] != before:
                raise CannotRun(
                    "sandbox_changed",
                    f"the {before.title} came back with other credentials; start meqenet up again",
                )
        self._told = told


def _tells_of(name: str) -> Callable[[str], bool]:
    """Whether a line of output is this sandbox's description."""

    def told(line: str) -> bool:
        return line.startswith("{") and f'"provider": "{name}"' in line

    return told


def _behaviour() -> dict[str, str]:
    """What the caller's environment says of sandboxes; nothing else of ours concerns them."""
    prefix = f"{PREFIX}SANDBOX_"
    return {name: value for name, value in os.environ.items() if name.startswith(prefix)}


def read_sandbox(*, name: str, line: str) -> Sandbox:
    """Read the line ``{"provider", "base_url", "control_url", "credentials": {field: value}}``.

    Raises:
        CannotRun: the line is something else.
    """
    try:
        told = json.loads(line)
        credentials = {
            str(key): value if isinstance(value, str) else json.dumps(value)
            for key, value in told["credentials"].items()
        }
        return Sandbox(
            name=name,
            base_url=str(told["base_url"]),
            control_url=str(told["control_url"]),
            credentials=credentials,
        )
    except (ValueError, KeyError, AttributeError, TypeError) as problem:
        raise CannotRun(
            "sandbox_line",
            f"the {_TITLES[name]} sandbox printed no usable description: "
            f"{type(problem).__name__} {problem}",
        ) from problem
