"""A merchant's payouts: listed, one by one, and each with its signed statement."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query, Response

from apps.checkout_api.authentication import Authenticated, Merchant
from apps.checkout_api.parts import ApiParts, Parts
from apps.checkout_api.payout_files import FORMS
from apps.checkout_api.payout_resource import (
    Payouts,
    PayoutStatementTold,
    PayoutTold,
    payout_told,
    unpaid_told,
)
from apps.checkout_api.problems import Problem, openapi_responses
from db.settlement.views.merchants import (
    MerchantPayoutView,
    merchant_payout,
    merchant_payouts,
    payout_statement,
    unpaid_money,
)

router = APIRouter(tags=["payouts"], responses=openapi_responses(401, 403, 503))
SIGNATURE_HEADER: Final = "Meqenet-Signature"
_PAYOUT: Final = r"^pay_[a-z2-7]{20}-[1-9][0-9]{0,5}$"
PayoutId = Annotated[str, Path(pattern=_PAYOUT, description="As the list names it.")]
_After = Annotated[
    str | None,
    Query(pattern=_PAYOUT, description="The last payout of the page before: its `next_after`."),
]
_FILES: Final[dict[str, Any]] = {
    "model": PayoutStatementTold,
    "content": {media: {} for media, _ in FORMS.values() if media != "application/json"},
    "description": "The file; the header `Meqenet-Signature` is its detached JWS.",
}


@router.get("/v1/payouts", summary="List your payouts", responses=openapi_responses(422))
async def listed(
    parts: Parts,
    merchant: Authenticated,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    after: _After = None,
) -> Payouts:
    """The newest first; and what is still to come, or owed by you."""
    async with parts.stores["settlement"].read() as session:
        found = await merchant_payouts(
            session=session, merchant_id=merchant.merchant_id, after=after, limit=limit + 1
        )
        unpaid = await unpaid_money(
            session=session, merchant_id=merchant.merchant_id, at=parts.clock()
        )
    page = found[:limit]
    return Payouts(
        unpaid=unpaid_told(unpaid),
        payouts=[payout_told(each) for each in page],
        next_after=page[-1].payout_id if len(found) > limit else None,
    )


@router.get(
    "/v1/payouts/{payout_id}", summary="Read a payout", responses=openapi_responses(404, 422)
)
async def one(parts: Parts, merchant: Authenticated, payout_id: PayoutId) -> PayoutTold:
    """Where it stands, and what it is made of."""
    return payout_told(await _own(parts, merchant, payout_id=payout_id))


@router.get(
    "/v1/payouts/{payout_id}/statement.{form}",
    summary="The signed statement of a payout",
    responses={200: _FILES, **openapi_responses(404, 409, 422)},
)
async def statement(
    parts: Parts,
    merchant: Authenticated,
    payout_id: PayoutId,
    form: Annotated[Literal["csv", "pdf", "json"], Path(description="Which kind of file.")],
) -> Response:
    """Each line with its order, and their sum, which is what was paid."""
    payout = await _own(parts, merchant, payout_id=payout_id)
    async with parts.stores["settlement"].read() as session:
        found = await payout_statement(session=session, payout_id=payout_id)
    if found is None:
        raise Problem(
            status=409,
            code="payout_rejected",
            detail=f"payout: it is {payout.state}; its lines are in a later payout, or wait for it",
            field="payout",
        )
    if parts.statements is None:
        raise Problem(
            status=503,
            code="statement_not_signed",
            detail="statements cannot be signed here; ask Meqenet to set up its key",
        )
    media, made = FORMS[form]
    content = made(found)
    name = f"payout-{payout_id}.{form}"
    return Response(
        content,
        media_type=media,
        headers={
            SIGNATURE_HEADER: parts.statements.sign(content),
            "Content-Disposition": f'attachment; filename="{name}"',
        },
    )


@router.get("/v1/keys", summary="The keys by which signed statements are checked")
async def keys(parts: Parts) -> Mapping[str, Any]:
    """A JSON Web Key Set. Anybody may read it."""
    return {"keys": []} if parts.statements is None else parts.statements.public_keys()


async def _own(parts: ApiParts, merchant: Merchant, *, payout_id: str) -> MerchantPayoutView:
    async with parts.stores["settlement"].read() as session:
        found = await merchant_payout(session=session, payout_id=payout_id)
    if found is None or found.merchant_id != merchant.merchant_id:
        raise unknown_payout()
    return found


def unknown_payout() -> Problem:
    """There is none of this id, or it is another merchant's."""
    return Problem(
        status=404,
        code="payout_unknown",
        detail="payout: there is no such payout",
        field="payout",
    )
