"""The daily statement, fetched over HTTP as the document that it is."""

from dataclasses import dataclass, field
from datetime import date
from typing import Final

import httpx

from integrations.ports.statements import StatementDocument
from integrations.statements.settings import StatementSettings
from meqenet.errors import Defect, Unavailable
from meqenet.payments.statement_document import StatementForm

_REFUSALS: Final = frozenset({httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN})


@dataclass(frozen=True, kw_only=True)
class StatementClient:
    """Fetching changes nothing at the provider: it may be repeated."""

    settings: StatementSettings
    http: httpx.AsyncClient = field(repr=False)

    async def fetch(self, *, provider: str, day: date) -> StatementDocument:
        """The provider's document of one day in Addis Ababa.

        Raises:
            Unavailable: ``statement_unavailable``: no readable answer; ask again later.
            Defect: ``statement_refused``: our key was refused; ``statement_address_missing``.
        """
        address = self.settings.address_of(provider=provider)
        if address is None:
            raise Defect(
                "statement_address_missing",
                f"MEQENET_{provider.upper()}_STATEMENT_URL and …_STATEMENT_KEY are not given",
            )
        url, key = address
        wanted = {"from": f"{day}", "to": f"{day}", "format": StatementForm.CSV.value}
        try:
            answer = await self.http.get(
                url, params=wanted, headers={"Authorization": f"Bearer {key}"}
            )
        except httpx.HTTPError as error:
            raise Unavailable(
                "statement_unavailable",
                f"the statement of {provider} cannot be fetched ({type(error).__name__})",
            ) from error
        if answer.status_code in _REFUSALS:
            raise Defect("statement_refused", f"{provider} refuses our statement key")
        if answer.status_code != httpx.codes.OK:
            raise Unavailable(
                "statement_unavailable",
                f"{provider} answered {answer.status_code} when asked for its statement",
            )
        return StatementDocument(form=StatementForm.CSV, content=answer.content)
