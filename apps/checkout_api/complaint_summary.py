"""The monthly summary of complaints over HTTP, as ``meqenet report complaints`` prints it."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import ConfigDict

from apps.checkout_api.amounts import Day, day_of
from apps.checkout_api.parts import Parts
from apps.checkout_api.problems import openapi_responses
from apps.checkout_api.staff_authentication import Staff, staff_who
from apps.checkout_api.statement_csv import CSV
from apps.checkout_api.told import Told
from apps.checkout_api.wire import Sent
from apps.reports.complaints import complaints_csv
from meqenet.auth.roles import Deed
from meqenet.disputes.complaint_summary import ComplaintSummary, Tally
from meqenet.disputes.months import MonthCalendar, chosen_month

router = APIRouter(
    prefix="/v1/support/complaints/summary",
    tags=["support"],
    responses=openapi_responses(401, 403, 422, 503),
)
_Counter = Annotated[Staff, Depends(staff_who(Deed.SUM_UP_COMPLAINTS))]


class SummaryQuery(Sent):
    """Which month, of one of the two calendars."""

    month: str | None = None
    """A Gregorian month, like 2026-11."""
    ethiopian_month: str | None = None
    """An Ethiopian month, like 2019-03; 13 is Pagume."""
    format: Literal["json", "csv"] = "json"
    """``csv`` for one file, a line per group."""


class TallyTold(Told):
    """Complaints that have something in common."""

    received: int
    reopened: int
    answered_in_time: int
    answered_late: int
    withdrawn: int
    """Closed before they were answered."""
    open: int
    """Without an answer at the end."""
    overdue: int
    """Those of them whose last day was over."""


class ComplaintSummaryTold(Told):
    """What became of complaints in a month."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "calendar": "ethiopian",
                    "month": "2019-03",
                    "first": {"gregorian": "2026-11-10", "ethiopian": "2019-03-01"},
                    "last": {"gregorian": "2026-12-09", "ethiopian": "2019-03-30"},
                    "as_of": "2026-12-09T21:00:00Z",
                    "all": {
                        "received": 1,
                        "reopened": 0,
                        "answered_in_time": 0,
                        "answered_late": 0,
                        "withdrawn": 0,
                        "open": 1,
                        "overdue": 0,
                    },
                    "by_category": {},
                    "by_language": {},
                    "open_by_age": {
                        "0-7 days": 1,
                        "8-14 days": 0,
                        "15-30 days": 0,
                        "over 30 days": 0,
                    },
                }
            ]
        }
    )

    calendar: MonthCalendar
    month: str
    first: Day
    last: Day
    as_of: datetime
    """The end of the month, or now while it is under way."""
    all: TallyTold
    by_category: dict[str, TallyTold]
    by_language: dict[str, TallyTold]
    """By language without its region: `am`, `om`, `en`."""
    open_by_age: dict[str, int]
    """Complaints without an answer, by whole days since they came."""


@router.get(
    "",
    summary="Sum up a month's complaints",
    response_model=ComplaintSummaryTold,
    responses={200: {"content": {CSV: {"schema": {"type": "string"}}}}},
)
async def summary(
    parts: Parts, staff: _Counter, query: Annotated[SummaryQuery, Query()]
) -> Response | ComplaintSummaryTold:
    """Received, answered in time and late, and open at its end, by category, language and age."""
    del staff  # the dependency has judged the role
    month = chosen_month(gregorian=query.month, ethiopian=query.ethiopian_month)
    found = await parts.complaints.summary(month=month, now=parts.clock())
    if query.format == "csv":
        name = f"complaints-{month.calendar}-{month.name}.csv"
        return Response(
            complaints_csv(summary=found),
            media_type=CSV,
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )
    return _told(found)


def _told(found: ComplaintSummary) -> ComplaintSummaryTold:
    month = found.month
    return ComplaintSummaryTold(
        calendar=month.calendar,
        month=month.name,
        first=day_of(month.first),
        last=day_of(month.following - timedelta(days=1)),
        as_of=found.as_of,
        all=_tally(found.all),
        by_category={name: _tally(each) for name, each in found.by_category.items()},
        by_language={name: _tally(each) for name, each in found.by_language.items()},
        open_by_age=dict(found.open_by_age),
    )


def _tally(tally: Tally) -> TallyTold:
    return TallyTold(**asdict(tally))
