"""The statement of a provider's sandbox, over its control API."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from apps.verify.statement_kinds import malformed, statement_row
from integrations.ports.statements import StatementRow
from meqenet.errors import Unavailable

_SETTINGS: Final[Mapping[str, str]] = {
    "telebirr": "MEQENET_TELEBIRR_BASE_URL",
    "mpesa": "MEQENET_MPESA_BASE_URL",
    "bank": "MEQENET_BANK_BASE_URL",
}
PROVIDERS: Final = tuple(_SETTINGS)
"""Whoever moves money for us."""
_CONTROL: Final = "/_sandbox"


@dataclass(frozen=True, kw_only=True)
class SandboxStatement:
    """Everything that a sandbox has moved since it began."""

    provider: str
    control_url: str
    http: httpx.AsyncClient
    is_live: bool = True

    async def rows(self) -> AsyncIterator[StatementRow]:
        """Every movement that is a matter of ours.

        Raises:
            Unavailable: the sandbox cannot be reached.
            Refusal: ``statement_malformed``.
        """
        try:
            answer = await self.http.get(f"{self.control_url}/statement")
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise Unavailable(
                "statement_unavailable",
                f"the statement of {self.provider} cannot be read ({type(error).__name__})",
            ) from error
        rows: list[dict[str, Any]] = answer.json()
        if not isinstance(rows, list):
            raise malformed(f"the statement of {self.provider} is not a list")
        for number, cells in enumerate(rows, start=1):
            row = statement_row(number=number, cells=cells)
            if row is not None:
                yield row


async def sandbox_statements(
    *, environment: Mapping[str, str], http: httpx.AsyncClient
) -> list[SandboxStatement]:
    """The statements of those configured providers that are sandboxes.

    Raises:
        Unavailable: a provider of this configuration cannot be reached.
    """
    found = []
    for provider, setting in _SETTINGS.items():
        base_url = environment.get(setting, "").rstrip("/")
        if base_url and await _is_sandbox(http, provider=provider, base_url=base_url):
            statement = SandboxStatement(
                provider=provider, control_url=f"{base_url}{_CONTROL}", http=http
            )
            found.append(statement)
    return found


async def _is_sandbox(http: httpx.AsyncClient, *, provider: str, base_url: str) -> bool:
    """Whether it is one on this machine: no real provider is asked what only a sandbox knows."""
    if httpx.URL(base_url).host not in {"127.0.0.1", "localhost", "::1"}:
        return False
    try:
        answer = await http.get(f"{base_url}{_CONTROL}/books")
    except httpx.HTTPError as error:
        raise Unavailable(
            "statement_unavailable",
            f"{provider} cannot be reached at {base_url} ({type(error).__name__})",
        ) from error
    return answer.status_code == httpx.codes.OK
