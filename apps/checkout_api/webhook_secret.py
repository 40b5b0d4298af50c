"""The secret that signs a merchant's notices: changed without a gap, both signing for a while."""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Request, Response
from pydantic import ConfigDict, Field

from apps.checkout_api.authentication import Authenticated
from apps.checkout_api.exact_json import ExactRoute
from apps.checkout_api.idempotency import Answer, IdempotencyKey, once
from apps.checkout_api.parts import Parts
from apps.checkout_api.problems import openapi_responses
from apps.checkout_api.webhook_resource import SecretRotated, SecretStanding, signing_told
from apps.checkout_api.wire import Sent
from meqenet.identity import derived_id

router = APIRouter(
    prefix="/v1/webhooks/secret",
    tags=["webhooks"],
    route_class=ExactRoute,
    responses=openapi_responses(401, 403, 409, 422),
)
_OVERLAP_HOURS: Final = 24
_OVERLAP_HOURS_MAX: Final = 7 * 24


class RotateRequest(Sent):
    """For how long the old secret signs too."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"overlap_hours": 48}, {"overlap_hours": 0}, {}]}
    )

    overlap_hours: Annotated[int, Field(ge=0, le=_OVERLAP_HOURS_MAX, strict=True)] = _OVERLAP_HOURS
    """0 where others know the old one: then it stops at once."""


@router.get("", summary="See which secrets sign")
async def standing(parts: Parts, merchant: Authenticated) -> SecretStanding:
    """Since when and until when each signs; never the secrets themselves."""
    signing = await parts.webhooks.signing(merchant_id=merchant.merchant_id, at=parts.clock())
    return SecretStanding(signing=signing_told(signing))


@router.post(
    "/rotate",
    summary="Change the secret",
    response_model=SecretRotated,
    responses=openapi_responses(400),
)
async def rotate(
    request: Request,
    parts: Parts,
    merchant: Authenticated,
    key: IdempotencyKey,
    body: RotateRequest,
) -> Response:
    """A new secret, shown this once; a repetition under the same key shows the same one. Until the
    overlap ends, `webhook-signature` has a signature by each, and either verifies."""  # noqa: D205, D209 - shown as one paragraph

    async def act() -> Answer:
        rotated = await parts.webhooks.rotate(
            merchant_id=merchant.merchant_id,
            rotation_id=derived_id(prefix="rot", parts=(merchant.merchant_id, key)),
            overlap=timedelta(hours=body.overlap_hours),
            at=parts.clock(),
        )
        told = SecretRotated(secret=rotated.secret, signing=signing_told(rotated.signing))
        return Answer(status=200, body=told, headers={"Cache-Control": "no-store"})

    # The secret is on file sealed, and nowhere else.
    return await once(request=request, parts=parts, asker=merchant, key=key, act=act, is_kept=False)


@router.post(
    "/end-overlap",
    summary="Stop the old secret now",
    response_model=SecretStanding,
    responses=openapi_responses(400),
)
async def end_overlap(
    request: Request, parts: Parts, merchant: Authenticated, key: IdempotencyKey
) -> Response:
    """From now on the newest secret signs alone."""

    async def act() -> Answer:
        signing = await parts.webhooks.end_overlap(
            merchant_id=merchant.merchant_id, at=parts.clock()
        )
        return Answer(status=200, body=SecretStanding(signing=signing_told(signing)))

    return await once(request=request, parts=parts, asker=merchant, key=key, act=act)
