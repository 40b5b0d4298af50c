"""A plan's story for programs: all that the page shows, and every entry and event in full."""

from dataclasses import fields

from apps.plan_history.story import AccountBalance, PlanStory


def story_to_tell(*, story: PlanStory) -> dict[str, object]:
    """The story as :func:`apps.writing.as_json` takes it. ``data`` is as the events have it."""
    overview = {each.name: getattr(story.overview, each.name) for each in fields(story.overview)}
    schedule = overview.pop("installments")
    return {
        "plan": story.plan_id,
        "at": story.moment.at,
        "recorded_at": story.moment.recorded_at,
        "later_events": story.later,
        "overview": overview,
        "schedule": schedule,
        "next": story.outlook,
        "merchant": story.merchant,
        "attempts": story.attempts,
        "credits": story.credits,
        "events": [
            {
                "domain": event.source,
                "sequence": event.content.sequence,
                "id": event.content.event_id,
                "type": event.content.event_type,
                "version": event.content.version,
                "effective_at": event.content.effective_at,
                "recorded_at": event.recorded_at,
                "hash": event.hash,
                "data": event.content.data,
            }
            for event in story.events
        ],
        "entries": story.entries,
        "balances": [_balance(each) for each in story.balances],
        "holds": story.holds,
        "exposure": story.exposure,
    }


def _balance(of: AccountBalance) -> dict[str, object]:
    return {
        "account": of.code,
        "type": of.type,
        "debit": of.debit,
        "credit": of.credit,
        "balance": of.balance,
    }
