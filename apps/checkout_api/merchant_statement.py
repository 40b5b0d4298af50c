"""What a merchant gets for its plans: JSON by pages, or CSV in one piece."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from apps.checkout_api.amounts import day_of
from apps.checkout_api.authentication import Authenticated, Merchant
from apps.checkout_api.own_writes import ReadAfter, shown_after
from apps.checkout_api.parts import Parts
from apps.checkout_api.periods import Period
from apps.checkout_api.plan_list import PlanId
from apps.checkout_api.plans import unknown_plan
from apps.checkout_api.problems import Problem, openapi_responses
from apps.checkout_api.statement_csv import CSV, CSV_LINES_MAX, csv_of
from apps.checkout_api.statement_resource import Statement, line_of, totals_of
from db.analytics.views import merchant_statement, statement_line, statement_totals
from db.kernel.engine import ReadSession
from meqenet.analytics.merchant_statement import StatementLine
from meqenet.money import Currency

router = APIRouter(
    prefix="/v1/statement", tags=["statement"], responses=openapi_responses(401, 403, 503)
)
_LIMIT: Final = 100
_LIMIT_MAX: Final = 500
_MODEL: Final = "merchant_statement"
_CSV_ANSWER: Final[dict[str, Any]] = {
    "content": {CSV: {"schema": {"type": "string"}}},
    "description": "The statement, as JSON or CSV",
}


class StatementQuery(Period):
    """Plans that became active on these days."""

    format: Literal["json", "csv"] | None = None
    """`csv`, or the header `Accept: text/csv`, for one file with every line."""
    limit: Annotated[int, Field(ge=1, le=_LIMIT_MAX)] | None = None
    """JSON: lines of a page, 100 by default."""
    after: PlanId | None = None
    """JSON: the last plan of the page before: its `next_after`."""


@router.get(
    "",
    summary="Your statement",
    response_model=Statement,
    responses={200: _CSV_ANSWER, **openapi_responses(400, 404, 422)},
)
async def statement(
    request: Request,
    parts: Parts,
    merchant: Authenticated,
    written: ReadAfter,
    query: Annotated[StatementQuery, Query()],
) -> Statement | Response:
    """Price, fee and payout of each plan that became active on the days asked for.

    The sums are those of all lines of the period. Lines and sums are of one moment.
    """
    query.require_order()
    if not _wants_csv(request, query):
        return await shown_after(
            parts=parts,
            model=_MODEL,
            written=written,
            view=lambda session: _page(session, merchant=merchant, query=query),
        )
    if query.limit is not None or query.after is not None:
        field = "limit" if query.limit is not None else "after"
        raise Problem(
            status=422,
            code="csv_has_no_pages",
            detail=f"{field}: a CSV file has every line of its period; leave it out, or ask for "
            "format=json",
            field=field,
        )
    lines = await shown_after(
        parts=parts,
        model=_MODEL,
        written=written,
        view=lambda session: _every_line(session, merchant=merchant, query=query),
    )
    return Response(
        csv_of(lines=lines),
        media_type=CSV,
        headers={"Content-Disposition": f'attachment; filename="{_file_name(query)}"'},
    )


def _wants_csv(request: Request, query: StatementQuery) -> bool:
    if query.format is not None:
        return query.format == "csv"
    accepted = request.headers.get("accept", "").partition(",")[0]
    return accepted.partition(";")[0].strip().lower() == CSV


async def _page(session: ReadSession, *, merchant: Merchant, query: StatementQuery) -> Statement:
    if query.after is not None and not await statement_line(
        session=session, merchant_id=merchant.merchant_id, plan_id=query.after
    ):
        raise unknown_plan()
    limit = query.limit or _LIMIT
    found = await merchant_statement(
        session=session,
        merchant_id=merchant.merchant_id,
        since=query.since,
        until=query.until,
        after=query.after,
        limit=limit + 1,
    )
    totals = await statement_totals(
        session=session,
        merchant_id=merchant.merchant_id,
        since=query.since,
        until=query.until,
    )
    lines = found[:limit]
    return Statement(
        merchant=merchant.merchant_id,
        currency=Currency.ETB,
        from_=None if query.from_ is None else day_of(query.from_),
        to=None if query.to is None else day_of(query.to),
        totals=totals_of(totals),
        lines=[line_of(line) for line in lines],
        next_after=lines[-1].plan_id if len(found) > limit else None,
    )


async def _every_line(
    session: ReadSession, *, merchant: Merchant, query: StatementQuery
) -> tuple[StatementLine, ...]:
    lines = await merchant_statement(
        session=session,
        merchant_id=merchant.merchant_id,
        since=query.since,
        until=query.until,
        limit=CSV_LINES_MAX + 1,
    )
    if len(lines) > CSV_LINES_MAX:
        raise Problem(
            status=422,
            code="period_too_long",
            detail=f"to: the period has more than {CSV_LINES_MAX} lines; ask for fewer days",
            field="to",
        )
    return lines


def _file_name(query: StatementQuery) -> str:
    days = [f"{day}" for day in (query.from_, query.to) if day is not None]
    return "-".join(["statement", *days]) + ".csv"
