"""What the read models show. They are behind the stores by moments; see docs/read-models.md."""

from db.analytics.views.collecting import CollectionRate, FailureShare, collection_rates
from db.analytics.views.exposures import CustomerExposure, customer_exposure
from db.analytics.views.loans import LatenessClass, portfolio
from db.analytics.views.plans import list_plan_overviews, plan_overview, plan_overview_after
from db.analytics.views.statements import (
    StatementTotals,
    merchant_statement,
    merchant_statement_after,
    statement_totals,
)

__all__ = [
    "CollectionRate",
    "CustomerExposure",
    "FailureShare",
    "LatenessClass",
    "StatementTotals",
    "collection_rates",
    "customer_exposure",
    "list_plan_overviews",
    "merchant_statement",
    "merchant_statement_after",
    "plan_overview",
    "plan_overview_after",
    "portfolio",
    "statement_totals",
]
