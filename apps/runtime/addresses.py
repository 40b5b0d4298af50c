"""What is running where, as data and as a table for the person at the terminal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rich.table import Table

from apps.runtime.data_dir import DataDirectory
from apps.runtime.ports import HOST, Ports
from apps.runtime.sandboxes import Sandbox


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """A runtime that is up."""

    environment: Mapping[str, str] = field(repr=False)
    """Every setting of it: give it to ``workers.settings.read``, or to a process."""
    ports: Ports
    directory: DataDirectory
    sandboxes: Mapping[str, Sandbox]
    """By name: telebirr, mpesa, fayda, bank, messages."""
    postgres_data: Path
    """Where PostgreSQL's data is, which may be outside of the directory."""
    backing_only: bool
    """Only the servers run: no sandbox, worker or API."""

    @property
    def api_url(self) -> str:
        """Base URL of the checkout API."""
        return f"http://{HOST}:{self.ports.api_port}"

    @property
    def temporal_address(self) -> str:
        """Host and port of the Temporal frontend."""
        return f"{HOST}:{self.ports.temporal_port}"

    @property
    def temporal_ui_url(self) -> str:
        """The Temporal web UI."""
        return f"http://{HOST}:{self.ports.temporal_ui_port}"


def address_table(*, running: Running) -> Table:
    """Every address, and what is found there."""
    ports = running.ports
    table = Table(
        title="Meqenet is up", title_justify="left", box=None, pad_edge=False, show_header=False
    )
    table.add_column(style="bold", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(style="dim")
    if not running.backing_only:
        table.add_row("API", running.api_url, "reference at /docs")
        codec = f"http://{HOST}:{ports.codec_port}"
        table.add_row("codec server", codec, "decodes for the Temporal UI")
    table.add_row("Temporal UI", running.temporal_ui_url, "every plan is a workflow")
    table.add_row("Temporal", running.temporal_address, "namespace meqenet")
    table.add_row("PostgreSQL", f"{HOST}:{ports.postgres_port}", "one database per domain")
    table.add_row("Valkey", f"{HOST}:{ports.valkey_port}", "events, one stream per domain")
    for sandbox in running.sandboxes.values():
        control = sandbox.control_url.removeprefix(sandbox.base_url)
        table.add_row(sandbox.title, sandbox.base_url, f"controlled at {control}")
    kept = "removed at the end" if running.directory.ephemeral else "kept"
    table.add_row("data", str(running.directory.root), kept)
    if not running.postgres_data.is_relative_to(running.directory.root):
        table.add_row("", str(running.postgres_data), "PostgreSQL's data")
    table.add_row("logs", str(running.directory.logs), "a file per part")
    table.add_row("credentials", str(running.directory.env_file), "for other meqenet commands")
    return table
