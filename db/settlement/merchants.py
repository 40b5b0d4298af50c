"""Merchants' terms, versioned by time. Account numbers and names are sealed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select

from db.kernel.encryption import EncryptedColumn, Keyring, find_data_key, make_data_key
from db.kernel.engine import ReadSession, WriteSession
from db.settlement.tables import MerchantTerms
from meqenet.errors import Mender, Refusal
from meqenet.event_chain import canonical_json
from meqenet.money import Money
from meqenet.settlement.lines import ReserveTerms
from meqenet.settlement.terms import Proceeds, Tax, check_account, check_terms, proceeds_of
from meqenet.settlement.transfer import PayoutAccount

_NUMBER: Final = EncryptedColumn(table="merchant_terms", name="account_number_sealed")
_NAME: Final = EncryptedColumn(table="merchant_terms", name="account_name_sealed")


@dataclass(frozen=True, kw_only=True)
class AgreedTerms:
    """What was agreed with a merchant.

    Attributes:
        fee_basis_points, fee_fixed: commission by payment option: a part, and an amount beside it.
        delay_days: whole days between activation and payout.
        account: where it is paid.
        reserve: what of orders' money is kept, and for how long.
        minimum: what would be less waits for the next day.
    """

    merchant_id: str
    fee_basis_points: Mapping[str, int]
    delay_days: int
    account: PayoutAccount
    fee_fixed: Mapping[str, Money]
    reserve: ReserveTerms
    minimum: Money


async def register_terms(
    *, session: WriteSession, keyring: Keyring, terms: AgreedTerms, at: datetime
) -> None:
    """Store terms that hold from ``at`` on. The same terms for the same instant change nothing.

    Raises:
        Refusal: ``merchant_terms_invalid``, ``merchant_account_invalid``, or
            ``merchant_terms_differ`` when other terms were stored for that very instant.
    """
    merchant_id, account = terms.merchant_id, terms.account
    fixed, kept, least = dict(terms.fee_fixed), terms.reserve, terms.minimum
    fee_basis_points, delay_days = terms.fee_basis_points, terms.delay_days
    check_terms(
        fee_basis_points=fee_basis_points.values(),
        delay_days=delay_days,
        fee_fixed=fixed.values(),
        reserve=kept,
        minimum=least,
    )
    check_account(account=account)
    content = canonical_json(
        value={
            "fee_basis_points": dict(fee_basis_points),
            "delay_days": delay_days,
            "account": account,
            "fee_fixed": fixed,
            "reserve": kept,
            "minimum": least,
        }
    ).decode()
    index = keyring.blind_index(purpose=f"terms of {merchant_id}", text=content)
    key = await make_data_key(session=session, keyring=keyring, person_id=merchant_id)
    stored = await session.get(MerchantTerms, (merchant_id, at))
    if stored is not None:
        if stored.content_index != index:
            raise Refusal(
                "merchant_terms_differ",
                "other terms are stored for the same instant",
                mender=Mender.MEQENET,
            )
        return
    session.add(
        MerchantTerms(
            merchant_id=merchant_id,
            effective_at=at,
            fee_basis_points=dict(fee_basis_points),
            delay_days=delay_days,
            bic=account.bic,
            account_number_sealed=_NUMBER.seal(key=key, text=account.account_number),
            account_name_sealed=_NAME.seal(key=key, text=account.account_name),
            content_index=index,
            fee_fixed_santim={option: amount.santim for option, amount in fixed.items()},
            reserve_basis_points=kept.basis_points,
            reserve_days=kept.days,
            minimum_santim=least,
            rail=account.rail,
        )
    )
    await session.flush()


@dataclass(frozen=True, kw_only=True)
class TermsChange:
    """What becomes another of a merchant's terms; what is None, or not named, stays."""

    merchant_id: str
    fee_basis_points: Mapping[str, int]
    fee_fixed: Mapping[str, Money]
    delay_days: int | None
    account: PayoutAccount | None
    reserve_basis_points: int | None
    reserve_days: int | None
    minimum: Money | None

    @property
    def is_one(self) -> bool:
        """Whether anything is to become another."""
        alone = (self.delay_days, self.account, self.reserve_basis_points, self.reserve_days)
        return bool(self.fee_basis_points or self.fee_fixed) or any(
            each is not None for each in (*alone, self.minimum)
        )


async def change_terms(
    *, session: WriteSession, keyring: Keyring, change: TermsChange, at: datetime
) -> MerchantTerms:
    """The terms in force after the change, which holds from ``at`` on.

    Raises:
        Refusal: ``merchant_terms_missing``, and those of :func:`register_terms`.
    """
    now = await terms_of(session=session, merchant_id=change.merchant_id, at=at)
    if not change.is_one:
        return now
    fixed = {option: Money(santim) for option, santim in now.fee_fixed_santim.items()}
    delay, minimum = change.delay_days, change.minimum
    points, days = change.reserve_basis_points, change.reserve_days
    await register_terms(
        session=session,
        keyring=keyring,
        terms=AgreedTerms(
            merchant_id=change.merchant_id,
            fee_basis_points={**now.fee_basis_points, **change.fee_basis_points},
            delay_days=now.delay_days if delay is None else delay,
            account=change.account
            or await account_of(
                session=session,
                keyring=keyring,
                merchant_id=change.merchant_id,
                terms_at=now.effective_at,
            ),
            fee_fixed={**fixed, **change.fee_fixed},
            reserve=ReserveTerms(
                basis_points=now.reserve_basis_points if points is None else points,
                days=now.reserve_days if days is None else days,
            ),
            minimum=now.minimum_santim if minimum is None else minimum,
        ),
        at=at,
    )
    return await terms_of(session=session, merchant_id=change.merchant_id, at=at)


async def terms_of(*, session: ReadSession, merchant_id: str, at: datetime) -> MerchantTerms:
    """The terms that hold at an instant: the newest at or before it.

    A merchant's first terms also hold for anything earlier, which only a test clock can ask for.

    Raises:
        Refusal: ``merchant_terms_missing``.
    """
    mine = MerchantTerms.merchant_id == merchant_id
    newest = (
        select(MerchantTerms)
        .where(mine, MerchantTerms.effective_at <= at)
        .order_by(MerchantTerms.effective_at.desc())
        .limit(1)
    )
    first = select(MerchantTerms).where(mine).order_by(MerchantTerms.effective_at).limit(1)
    found = await session.scalar(newest) or await session.scalar(first)
    if found is None:
        raise terms_missing()
    return found


async def account_of(
    *, session: ReadSession, keyring: Keyring, merchant_id: str, terms_at: datetime
) -> PayoutAccount:
    """The account of one version of a merchant's terms.

    Raises:
        Refusal: ``merchant_terms_missing``; ``person_erased``.
    """
    terms = await session.get(MerchantTerms, (merchant_id, terms_at))
    if terms is None:
        raise terms_missing()
    key = await find_data_key(session=session, keyring=keyring, person_id=merchant_id)
    return PayoutAccount(
        bic=terms.bic,
        account_number=_NUMBER.open(key=key, sealed=terms.account_number_sealed),
        account_name=_NAME.open(key=key, sealed=terms.account_name_sealed),
        rail=terms.rail,
    )


def proceeds_by(*, terms: MerchantTerms, option: str, gross: Money, tax: Tax | None) -> Proceeds:
    """What an order by a payment option brings its merchant.

    Args:
        terms: the merchant's.
        option: the plan's, by which the fee is found.
        gross: the order's price.
        tax: the one on the fee; None where there is none.

    Raises:
        Refusal: ``merchant_terms_missing``.
        Defect: ``proceeds_impossible``.
    """
    basis_points = terms.fee_basis_points.get(option)
    if basis_points is None:
        raise terms_missing()
    return proceeds_of(
        gross=gross,
        fee_basis_points=basis_points,
        fee_fixed=Money(terms.fee_fixed_santim.get(option, 0)),
        tax=tax,
    )


def terms_missing() -> Refusal:
    """There is nothing agreed by which the merchant could be paid."""
    return Refusal(
        "merchant_terms_missing",
        "no settlement terms are on file for the merchant and this payment option",
        mender=Mender.MEQENET,
    )
