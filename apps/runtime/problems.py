"""Why the embedded runtime cannot run; each is one sentence that says what to do."""

from pathlib import Path

from meqenet.errors import Mender, Refusal


class CannotRun(Refusal):
    """The machine is not in the state that the runtime needs.

    Args:
        code: stable snake_case name.
        text: what is wrong, where, and what to do about it.
        exit_code: what the command line exits with.
    """

    def __init__(self, code: str, text: str, *, exit_code: int = 1) -> None:
        super().__init__(code, text, mender=Mender.MEQENET)
        self.exit_code = exit_code


class PortTaken(CannotRun):
    """Somebody else listens on a port that we were told to use."""

    def __init__(self, *, port: int, part: str, setting: str) -> None:
        super().__init__(
            "port_taken",
            f"port {port} is taken; it is meant for {part}. "
            f"Set {setting} to another port, or start with --port auto",
        )
        self.port = port


class AlreadyRunning(CannotRun):
    """Another process holds the data directory."""

    def __init__(self, *, directory: Path, process: str) -> None:
        super().__init__(
            "already_running",
            f"already running on {directory} (process {process}). Stop that one first, "
            "or give this one data of its own with --data or --ephemeral",
            exit_code=3,
        )


class PartFailed(CannotRun):
    """A part did not start, or died too often."""

    def __init__(self, *, part: str, reason: str, log: Path, tail: str) -> None:
        shown = f"\n{tail}" if tail else ""
        super().__init__("part_failed", f"{part} {reason}. The end of {log}:{shown}")
        self.part = part


class Interrupted(CannotRun):
    """A signal stopped the runtime before its work was done."""

    def __init__(self) -> None:
        super().__init__("interrupted", "interrupted; everything was stopped", exit_code=130)
