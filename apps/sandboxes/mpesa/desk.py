"""Where every request of the gateway is received: token, version, body, faults."""

import re
from dataclasses import dataclass

from fastapi import Request

from apps.sandboxes.kernel.assembly import Kernel
from apps.sandboxes.kernel.edge import note_reference
from apps.sandboxes.kernel.faults import Faults
from apps.sandboxes.mpesa.answers import (
    BAD_REQUEST,
    NO_RESOURCE,
    SYSTEM_ERROR,
    GatewayError,
    refusal,
)
from apps.sandboxes.mpesa.behaviour import Behaviour
from apps.sandboxes.mpesa.credentials import Credentials
from apps.sandboxes.mpesa.grammar import Fields
from apps.sandboxes.mpesa.journal import Journal
from apps.sandboxes.mpesa.phones import Phones
from apps.sandboxes.mpesa.spelling import loads
from apps.sandboxes.mpesa.tokens import Tokens

_VERSION = re.compile(r"v[1-3]")


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What the routes share."""

    kernel: Kernel
    credentials: Credentials
    behaviour: Behaviour
    journal: Journal
    phones: Phones
    tokens: Tokens
    strict: bool

    async def receive(self, *, request: Request, version: str, documented: str) -> Fields:
        """The fields of a request with a good token, at the documented version of its path.

        Lenient takes v1 to v3, because client libraries differ (providers.md 2.6, 2.7).
        """
        if version != documented and (self.strict or not _VERSION.fullmatch(version)):
            raise GatewayError(NO_RESOURCE)
        self.tokens.require(request=request)
        values = loads(await request.body())
        if values is None:
            raise GatewayError(BAD_REQUEST, "Bad Request - Invalid Body")
        return Fields(values=values, strict=self.strict)

    def faults(
        self, *, request: Request, operation: str, our_id: str, msisdn: str | None = None
    ) -> Faults:
        """Note whose request this is and let go wrong what was planned to, before anything."""
        note_reference(request=request, reference=our_id)
        faults = self.kernel.faults.take(operation=operation, subject=our_id, msisdn=msisdn)
        faults.before()
        code = faults.refusal()
        if code is not None:
            raise refusal(code)
        return faults

    def require_short_code(self, *, given: str) -> None:
        """This sandbox has one short code; others do not exist.

        Raises:
            GatewayError: 500.001.1001, as for wrong credentials.
        """
        if given != self.credentials.short_code:
            raise GatewayError(SYSTEM_ERROR, "Merchant does not exist or wrong credentials")
