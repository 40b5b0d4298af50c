"""A provider's statement in a file: CSV with a heading, or a JSON list of objects."""

import csv
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.verify.statement_kinds import malformed, statement_row
from integrations.ports.statements import StatementRow
from meqenet.errors import Refusal
from meqenet.payments.statement_document import StatementForm, cells_of


@dataclass(frozen=True, kw_only=True)
class StatementFile:
    """What lies between its first row and its last is all in it."""

    provider: str
    path: Path
    is_live: bool = False

    async def rows(self) -> AsyncIterator[StatementRow]:
        """Every movement that is a matter of ours.

        Raises:
            Refusal: ``statement_malformed``.
        """
        try:
            for number, cells in enumerate(self._cells(), start=1):
                row = statement_row(number=number, cells=cells)
                if row is not None:
                    yield row
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise malformed(f"--statements: {self.path} cannot be read: {error}") from error
        except Refusal as refusal:
            raise malformed(f"--statements: {self.path}: {refusal.text}") from refusal

    def _cells(self) -> Iterator[Mapping[str, Any]]:
        form = StatementForm.JSON if self.path.suffix.lower() == ".json" else StatementForm.CSV
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            yield from cells_of(lines=file, form=form)
