"""The command ``meqenet``. Only the module of the command that is asked for is imported."""

import gc
import importlib
import sys
from collections.abc import Sequence
from typing import Final

import typer

COMMANDS = {
    "up": "apps.runtime.command",
    "demo": "apps.cli.demo",
    "migrate": "apps.cli.migrate",
    "worker": "apps.cli.worker",
    "api": "apps.cli.api",
    "codec": "apps.cli.codec",
    "sandbox": "apps.sandboxes.command",
    "sandboxes": "apps.sandboxes.command",
    "merchant": "apps.cli.merchant",
    "mpesa": "apps.cli.mpesa",
    "staff": "apps.cli.staff",
    "plan": "apps.cli.plan",
    "support": "apps.cli.support",
    "report": "apps.cli.report",
    "ledger": "apps.cli.ledger",
    "calc": "apps.cli.calc",
    "verify": "apps.cli.verify",
    "reconcile": "apps.cli.reconcile",
    "rehydrate": "apps.cli.rehydrate",
    "events": "apps.cli.events",
    "rebuild": "apps.cli.rebuild",
    "bench": "apps.cli.bench",
    "faults": "apps.cli.faults",
}
"""Each command's module; it has ``register(app=…)``, and puts that command on an app."""

_SELDOM: Final = (20_000, 10, 10)
"""How often to look for garbage. What is read at the start stays to the end: looking through it
again and again on the way, as the interpreter does by itself, is every eighth second of a start.
"""


def build(*, arguments: Sequence[str]) -> typer.Typer:
    """The application, with the command that is asked for, or all of them for the help."""
    app = typer.Typer(
        name="meqenet",
        help="Buy now, pay later for Ethiopia: plans as durable workflows.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_show_locals=False,
    )

    @app.callback()
    def root() -> None:
        """Buy now, pay later for Ethiopia: plans as durable workflows."""

    asked = next((word for word in arguments if not word.startswith("-")), None)
    modules = [COMMANDS[asked]] if asked in COMMANDS else list(dict.fromkeys(COMMANDS.values()))
    for module in modules:
        importlib.import_module(module).register(app=app)
    return app


def main() -> None:
    """Run the command line."""
    gc.set_threshold(*_SELDOM)
    build(arguments=sys.argv[1:])()


if __name__ == "__main__":
    main()
