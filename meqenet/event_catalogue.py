"""Every event that is written, of all domains: the one place that says how each is read."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from meqenet.auth import events as auth
from meqenet.bnpl import events as bnpl
from meqenet.credit import events as credit
from meqenet.disputes import events as disputes
from meqenet.event_chain import EventContent
from meqenet.event_types import EventTypes
from meqenet.kyc import events as kyc
from meqenet.ledger import events as ledger
from meqenet.marketplace import events as marketplace
from meqenet.payments import events as payments
from meqenet.settlement import events as settlement

CATALOGUE: Final[Mapping[str, EventTypes]] = MappingProxyType(
    {
        of.domain: of
        for of in (
            auth.EVENT_TYPES,
            kyc.EVENT_TYPES,
            credit.EVENT_TYPES,
            bnpl.EVENT_TYPES,
            payments.EVENT_TYPES,
            ledger.EVENT_TYPES,
            settlement.EVENT_TYPES,
            marketplace.EVENT_TYPES,
            disputes.EVENT_TYPES,
        )
    }
)
"""The types of events by domain. A domain that is not here writes none."""


def as_known_or_told(*, domain: str, content: EventContent) -> EventContent:
    """An event of any domain in its newest version; as it was told when it is not known here.

    For readers that pass over most events and refuse by themselves what they cannot use.
    """
    known = CATALOGUE.get(domain)
    if known is None or not known.knows(content=content):
        return content
    return known.as_known(content=content)
