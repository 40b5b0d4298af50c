"""What the read models show. They are behind the stores by moments; see docs/reports.md."""

from db.analytics.views.collecting import CollectionRate, FailureShare, collection_rates
from db.analytics.views.exposures import CustomerExposure, customer_exposure
from db.analytics.views.loans import LatenessClass, portfolio
from db.analytics.views.losses import Losses, losses
from db.analytics.views.plans import WantedPlans, list_plan_overviews, plan_overview
from db.analytics.views.statements import (
    StatementTotals,
    merchant_statement,
    statement_line,
    statement_totals,
)

__all__ = [
    "CollectionRate",
    "CustomerExposure",
    "FailureShare",
    "LatenessClass",
    "Losses",
    "StatementTotals",
    "WantedPlans",
    "collection_rates",
    "customer_exposure",
    "list_plan_overviews",
    "losses",
    "merchant_statement",
    "plan_overview",
    "portfolio",
    "statement_line",
    "statement_totals",
]
