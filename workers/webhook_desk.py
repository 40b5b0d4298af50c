"""What a merchant sees and does of its webhook: notices on file, and the secrets that sign them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from db.marketplace.secret_rotations import end_overlap, require_rotations, rotate
from db.marketplace.views.notices import (
    NoticeView,
    TryView,
    WantedNotices,
    count_given_up,
    find_notice,
    list_notices,
    newest_of_plan,
    notice_tries,
    plan_notices,
)
from meqenet.marketplace.signing_secrets import Signing, signing_at
from meqenet.marketplace.webhooks import new_secret


@dataclass(frozen=True, kw_only=True)
class Rotated:
    """A rotation, with its secret; ``signing`` are the secrets that sign now, the newest first."""

    secret: str = field(repr=False)
    signing: tuple[Signing, ...]


@dataclass(frozen=True, kw_only=True)
class NoticePage:
    """Some notices; ``more``: there are others behind them."""

    notices: tuple[NoticeView, ...]
    more: bool


@dataclass(frozen=True, kw_only=True)
class PlanNotices:
    """A plan's notices behind a number; ``newest`` is the number of its newest, 0 without any."""

    notices: tuple[NoticeView, ...]
    newest: int


class WebhookDesk:
    """Each call is a transaction. Read where it is written: merchants look for what is missing."""

    def __init__(
        self, *, database: Database, keyring: Keyring, randomness: Callable[[int], bytes]
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._randomness = randomness

    async def find(
        self, *, merchant_id: str, notice_id: str
    ) -> tuple[NoticeView, tuple[TryView, ...]] | None:
        """A notice of this merchant's, with every try; None where there is none."""
        async with self._database.write() as session:
            found = await find_notice(session=session, notice_id=notice_id, merchant_id=merchant_id)
            if found is None:
                return None
            return found, await notice_tries(session=session, notice_id=notice_id)

    async def page(
        self, *, wanted: WantedNotices, after: str | None, limit: int
    ) -> NoticePage | None:
        """Notices, the newest first; None where ``after`` is no notice of this merchant's."""
        async with self._database.write() as session:
            last = None
            if after is not None:
                last = await find_notice(
                    session=session, notice_id=after, merchant_id=wanted.merchant_id
                )
                if last is None:
                    return None
            found = await list_notices(session=session, wanted=wanted, after=last, limit=limit + 1)
        return NoticePage(notices=found[:limit], more=len(found) > limit)

    async def of_plan(self, *, plan_id: str, after: int, limit: int) -> PlanNotices:
        """A plan's notices behind a number, in their order. The plan must be the merchant's."""
        async with self._database.write() as session:
            # The newest first, so that no number is shown that is beyond it.
            newest = await newest_of_plan(session=session, plan_id=plan_id)
            found = await plan_notices(session=session, plan_id=plan_id, after=after, limit=limit)
        return PlanNotices(
            notices=tuple(each for each in found if each.sequence <= newest), newest=newest
        )

    async def given_up(
        self, *, merchant_id: str, since: datetime | None, until: datetime | None
    ) -> int:
        """How many of a merchant's notices, put on file in a period, are given up."""
        async with self._database.write() as session:
            return await count_given_up(
                session=session, merchant_id=merchant_id, since=since, until=until
            )

    async def signing(self, *, merchant_id: str, at: datetime) -> tuple[Signing, ...]:
        """The secrets that sign now, the newest first.

        Raises:
            Refusal: as :func:`db.marketplace.secret_rotations.require_rotations`.
        """
        async with self._database.write() as session:
            rotations = await require_rotations(
                session=session, keyring=self._keyring, merchant_id=merchant_id
            )
        return signing_at(rotations=rotations, at=at)

    async def rotate(
        self, *, merchant_id: str, rotation_id: str, overlap: timedelta, at: datetime
    ) -> Rotated:
        """Make a new secret; the same rotation again gives the same one.

        Raises:
            Refusal: as :func:`db.marketplace.secret_rotations.rotate`.
        """
        async with self._database.write() as session:
            rotations = await rotate(
                session=session,
                keyring=self._keyring,
                merchant_id=merchant_id,
                rotation_id=rotation_id,
                secret=new_secret(randomness=self._randomness),
                overlap=overlap,
                at=at,
            )
        return Rotated(secret=rotations[-1].secret, signing=signing_at(rotations=rotations, at=at))

    async def end_overlap(self, *, merchant_id: str, at: datetime) -> tuple[Signing, ...]:
        """From now on the newest secret signs alone.

        Raises:
            Refusal: as :func:`db.marketplace.secret_rotations.end_overlap`.
        """
        async with self._database.write() as session:
            rotations = await end_overlap(
                session=session, keyring=self._keyring, merchant_id=merchant_id, at=at
            )
        return signing_at(rotations=rotations, at=at)
