"""The front of the Fabric gateway: token, envelope, signature, and the signed answer."""

import json
import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from fastapi import Request
from fastapi.responses import JSONResponse

from apps.sandboxes.kernel.clock import ADDIS, Clock
from apps.sandboxes.kernel.edge import note_reference
from apps.sandboxes.telebirr import refusals
from apps.sandboxes.telebirr.credentials import Credentials
from apps.sandboxes.telebirr.grammar import ENVELOPE, Rule, read
from apps.sandboxes.telebirr.refusals import Refused, grammar
from apps.sandboxes.telebirr.signing import SIGN_TYPE, Misfit, Verdict, judge, signature

Biz = dict[str, str]
Handler = Callable[[Biz, Mapping[str, object]], Awaitable[dict[str, object]]]
"""Takes the checked fields and the raw ``biz_content``; gives the answer's ``biz_content``."""

TOKEN_LIFE: Final = timedelta(hours=1)
_SECRET_MIN: Final = 8
_PHONE: Final = re.compile(r"\b251\d{9}\b")
_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One business call. ``aliases`` are methods that are taken too, unless strict."""

    paths: tuple[str, ...]
    method: str
    rules: Mapping[str, Rule]
    handle: Handler
    aliases: tuple[str, ...] = ()


class Signatures:
    """What came of every signature, so that a test sees why its own was refused."""

    def __init__(self) -> None:
        self.good = 0
        self.misfits: dict[Misfit, int] = dict.fromkeys(Misfit, 0)
        self.last_canonical: str | None = None

    def note(self, *, verdict: Verdict) -> None:
        """Count one; the canonical string of a refused one is logged."""
        if verdict.misfit is None:
            self.good += 1
            return
        self.misfits[verdict.misfit] += 1
        self.last_canonical = verdict.canonical
        masked = _PHONE.sub("251#########", verdict.canonical)
        _log.warning("60200099, %s: %s", verdict.misfit.value, masked)


class Gateway:
    """Checks what the provider checks, in its order, before an operation sees anything."""

    def __init__(self, *, credentials: Credentials, clock: Clock, strict: bool) -> None:
        self._credentials = credentials
        self._clock = clock
        self.strict = strict
        self.signatures = Signatures()
        self._tokens: dict[str, datetime] = {}

    async def issue_token(self, *, request: Request) -> JSONResponse:
        """``applyFabricToken``: key and secret for a token of an hour."""
        try:
            self._require_secret(await _body(request), key=request.headers.get("X-APP-Key"))
        except Refused as refused:
            return self._refusal(refused)
        now = self._clock()
        token = f"Bearer {secrets.token_hex(16)}"
        self._tokens[token] = now + TOKEN_LIFE
        return JSONResponse(
            {
                "token": token,
                "effectiveDate": _stamp(now),
                "expirationDate": _stamp(now + TOKEN_LIFE),
            }
        )

    def forget_tokens(self) -> None:
        """Every token that was issued is refused from now on."""
        self._tokens.clear()

    async def serve(self, *, request: Request, operation: Operation) -> JSONResponse:
        """Answer one business call."""
        try:
            self._require_token(request)
            message = await _body(request)
            biz, raw = self._checked(message, operation=operation)
            note_reference(request=request, reference=biz.get("merch_order_id", ""))
            answer = await operation.handle(biz, raw)
        except Refused as refused:
            return self._refusal(refused)
        return JSONResponse(self._signed({"result": "SUCCESS", **_SAYS_OK}, biz=answer))

    def verify(self, *, message: Mapping[str, object]) -> None:
        """Check the merchant's signature over a message or a raw request.

        Raises:
            Refused: 60200099, with the reason as its solution.
        """
        verdict = judge(message=message, key=self._credentials.merchant_public_key)
        self.signatures.note(verdict=verdict)
        if verdict.misfit is not None:
            raise Refused(
                code=refusals.SIGNATURE,
                text="sign verification failed",
                solution=verdict.misfit.value,
            )

    def require_merchant(self, *, fields: Mapping[str, object]) -> None:
        """Check whose request it is.

        Raises:
            Refused: 60200087.
        """
        ours = {
            "appid": self._credentials.merchant_app_id,
            "merch_code": self._credentials.merchant_code,
            "merch_short_code": self._credentials.merchant_code,
        }
        for name, value in ours.items():
            if fields.get(name, value) != value:
                raise Refused(
                    code=refusals.ORGANISATION,
                    text="The organization does not exist",
                    solution=f"{name}: not the one that was issued",
                )

    def sign(self, *, fields: Mapping[str, object]) -> dict[str, object]:
        """Add the provider's signature."""
        signed = signature(message=fields, key=self._credentials.sp_private_key)
        return {**fields, "sign": signed, "sign_type": SIGN_TYPE}

    def _require_secret(self, fields: Mapping[str, object], *, key: str | None) -> None:
        if not key:
            raise grammar(field="X-APP-Key", rule="must be filled in")
        secret = fields.get("appSecret")
        if not isinstance(secret, str) or len(secret) < _SECRET_MIN:
            raise grammar(field="appSecret", rule="is below the minimum length")
        if (key, secret) != (self._credentials.fabric_app_id, self._credentials.app_secret):
            raise Refused(code=refusals.CREDENTIALS, text="Not authorised for the access function")

    def _require_token(self, request: Request) -> None:
        key = request.headers.get("X-APP-Key")
        if not key:
            raise grammar(field="X-APP-Key", rule="must be filled in")
        expires_at = self._tokens.get(request.headers.get("Authorization", ""))
        good = expires_at is not None and self._clock() < expires_at
        if not good or key != self._credentials.fabric_app_id:
            raise Refused(
                code=refusals.UNAUTHENTICATED,
                text="The token is invalid or has expired",
                solution="Apply for a token and send it unchanged, with the word Bearer",
            )

    def _checked(
        self, message: Mapping[str, object], *, operation: Operation
    ) -> tuple[Biz, Mapping[str, object]]:
        read(fields=message, rules=ENVELOPE, strict=self.strict)
        methods = (operation.method,) if self.strict else (operation.method, *operation.aliases)
        if message.get("method") not in methods:
            raise grammar(field="method", rule=f"must be {operation.method}")
        raw = message.get("biz_content")
        if not isinstance(raw, dict):
            raise grammar(field="biz_content", rule="must be an object")
        self.verify(message=message)
        biz = read(fields=raw, rules=operation.rules, strict=self.strict)
        self.require_merchant(fields=biz)
        return biz, raw

    def _refusal(self, refused: Refused) -> JSONResponse:
        envelope: dict[str, object] = {"errorCode": refused.code, "errorMsg": refused.text}
        if refused.solution:
            envelope["errorSolution"] = refused.solution
        if not refused.by_gateway:
            envelope = self._signed(
                {**envelope, "result": "FAIL", "code": refused.code, "msg": refused.text}
            )
        return JSONResponse(envelope, status_code=refused.status)

    def _signed(
        self, fields: dict[str, object], *, biz: dict[str, object] | None = None
    ) -> dict[str, object]:
        fields["nonce_str"] = secrets.token_hex(16).upper()
        if biz:
            fields["biz_content"] = {k: v for k, v in biz.items() if v is not None}
        return self.sign(fields=fields)


_SAYS_OK: Final = {"code": "0", "msg": "success"}


async def _body(request: Request) -> dict[str, object]:
    try:
        fields = json.loads(await request.body(), parse_float=Decimal)
    except ValueError:
        raise grammar(field="body", rule="must be JSON") from None
    if not isinstance(fields, dict):
        raise grammar(field="body", rule="must be a JSON object")
    return fields


def _stamp(at: datetime) -> str:
    return at.astimezone(ADDIS).strftime("%Y%m%d%H%M%S")
