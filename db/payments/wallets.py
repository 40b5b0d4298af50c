"""Wallets and mandates of plans. Phones are sealed; equal phones are told by a blind index."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from db.kernel.encryption import EncryptedColumn, Keyring, find_data_key, make_data_key
from db.kernel.engine import ReadSession, WriteSession
from db.kernel.events import NewEvent, append
from db.payments.tables import FurtherWallet, Mandate, Wallet
from meqenet.errors import Defect, Mender, Refusal
from meqenet.payments.events import MandateChanged
from meqenet.payments.rail import MandateAnswer, MandateStatus, WalletProvider
from meqenet.payments.wallet_ids import FURTHER_WALLETS_MAX, OWN_WALLET, wallet_id_of

_MSISDN: Final = EncryptedColumn(table="wallets", name="msisdn_sealed")
_FURTHER_MSISDN: Final = EncryptedColumn(table="further_wallets", name="msisdn_sealed")
_PURPOSE: Final = "msisdn"


@dataclass(frozen=True, kw_only=True)
class OpenWallet:
    """A plan's wallet with its phone in clear, for the length of a step.

    ``contract_no``: only the plan's own wallet can have a mandate.
    """

    provider: WalletProvider
    msisdn: str = field(repr=False)
    contract_no: str | None


async def lock_plan(*, session: WriteSession, plan_id: str) -> None:
    """Let no other transaction write to this plan's payments until this one has ended."""
    key = func.hashtextextended(f"payments:{plan_id}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(key)))


async def register_wallet(
    *,
    session: WriteSession,
    keyring: Keyring,
    plan_id: str,
    provider: WalletProvider,
    msisdn: str,
    contract_no: str | None,
    at: datetime,
) -> None:
    """Put the wallet that pays a plan on file, once.

    Raises:
        Refusal: ``wallet_differs`` when the plan has another one.
    """
    await lock_plan(session=session, plan_id=plan_id)
    index = keyring.blind_index(purpose=_PURPOSE, text=msisdn)
    stored = await session.get(Wallet, plan_id)
    if stored is not None:
        same = (stored.provider, stored.msisdn_index, stored.contract_no)
        if same != (provider, index, contract_no):
            raise Refusal(
                "wallet_differs", "the plan is paid from another wallet", mender=Mender.MERCHANT
            )
        return
    key = await make_data_key(session=session, keyring=keyring, person_id=plan_id)
    session.add(
        Wallet(
            plan_id=plan_id,
            provider=provider,
            msisdn_sealed=_MSISDN.seal(key=key, text=msisdn),
            msisdn_index=index,
            contract_no=contract_no,
            registered_at=at,
        )
    )
    await session.flush()


async def file_wallet(
    *,
    session: WriteSession,
    keyring: Keyring,
    plan_id: str,
    provider: WalletProvider,
    msisdn: str,
    at: datetime,
) -> str:
    """Put a further wallet of the customer on file, once; returns its opaque id.

    Raises:
        Refusal: ``wallet_is_own``: the plan is paid from it already; ``wallets_full``;
            ``person_erased``.
        Defect: ``wallet_missing``: the plan has no wallet of its own.
    """
    await lock_plan(session=session, plan_id=plan_id)
    own = await own_wallet(session=session, plan_id=plan_id)
    index = keyring.blind_index(purpose=_PURPOSE, text=msisdn)
    if index == own.msisdn_index:
        text = "wallet.phone: the plan is paid from this wallet already"
        raise Refusal("wallet_is_own", text, mender=Mender.MERCHANT, field="wallet.phone")
    filed = await further_wallets(session=session, plan_id=plan_id)
    for each in filed:
        if each.msisdn_index == index:
            return wallet_id_of(plan_id=plan_id, number=each.number)
    if len(filed) >= FURTHER_WALLETS_MAX:
        text = f"wallet: a plan has {FURTHER_WALLETS_MAX} further wallets at most"
        raise Refusal("wallets_full", text, mender=Mender.MERCHANT, field="wallet")
    key = await find_data_key(session=session, keyring=keyring, person_id=plan_id)
    number = OWN_WALLET + len(filed) + 1
    session.add(
        FurtherWallet(
            plan_id=plan_id,
            number=number,
            provider=provider,
            msisdn_sealed=_FURTHER_MSISDN.seal(key=key, text=msisdn),
            msisdn_index=index,
            registered_at=at,
        )
    )
    await session.flush()
    return wallet_id_of(plan_id=plan_id, number=number)


async def own_wallet(*, session: ReadSession, plan_id: str) -> Wallet:
    """The plan's own wallet as it is stored.

    Raises:
        Defect: ``wallet_missing``: none was registered.
    """
    stored = await session.get(Wallet, plan_id)
    if stored is None:
        raise Defect("wallet_missing", f"no wallet is on file for {plan_id}")
    return stored


async def further_wallets(*, session: ReadSession, plan_id: str) -> Sequence[FurtherWallet]:
    """The plan's further wallets as they are stored, in the order in which to ask them."""
    found = await session.scalars(
        select(FurtherWallet).where(FurtherWallet.plan_id == plan_id).order_by(FurtherWallet.number)
    )
    return found.all()


async def wallet_of(
    *, session: ReadSession, keyring: Keyring, plan_id: str, number: int = OWN_WALLET
) -> OpenWallet:
    """A wallet from which a plan is paid: its own, or a further one.

    Raises:
        Defect: ``wallet_missing``: none was registered under this number.
        Refusal: ``person_erased``.
    """
    if number == OWN_WALLET:
        own = await own_wallet(session=session, plan_id=plan_id)
        key = await find_data_key(session=session, keyring=keyring, person_id=plan_id)
        return OpenWallet(
            provider=own.provider,
            msisdn=_MSISDN.open(key=key, sealed=own.msisdn_sealed),
            contract_no=own.contract_no,
        )
    further = await session.get(FurtherWallet, (plan_id, number))
    if further is None:
        raise Defect("wallet_missing", f"no wallet {number} is on file for {plan_id}")
    key = await find_data_key(session=session, keyring=keyring, person_id=plan_id)
    return OpenWallet(
        provider=further.provider,
        msisdn=_FURTHER_MSISDN.open(key=key, sealed=further.msisdn_sealed),
        contract_no=None,
    )


async def record_mandate(
    *, session: WriteSession, plan_id: str, answer: MandateAnswer, at: datetime
) -> None:
    """Store what the provider says of a plan's mandate, unless something newer is known.

    Raises:
        Defect: ``mandate_foreign``: the contract is not the plan's.
    """
    await lock_plan(session=session, plan_id=plan_id)
    wallet = await session.get(Wallet, plan_id)
    if wallet is None or wallet.contract_no != answer.contract_no:
        raise Defect("mandate_foreign", f"the mandate is not that of {plan_id}")
    before = await session.get(Mandate, (plan_id, answer.contract_no))
    if before is not None and before.heard_at > at:
        return
    word = {
        "status": answer.status,
        "mandate_id": answer.mandate_id,
        "debit_limit_santim": answer.debit_limit,
    }
    unchanged = before is not None and all(getattr(before, k) == v for k, v in word.items())
    await session.execute(
        insert(Mandate)
        .values(plan_id=plan_id, contract_no=answer.contract_no, heard_at=at, **word)
        .on_conflict_do_update(
            index_elements=["plan_id", "contract_no"], set_={**word, "heard_at": at}
        )
    )
    if not unchanged:
        await _tell(session=session, plan_id=plan_id, answer=answer, at=at)


async def active_contract(*, session: ReadSession, plan_id: str) -> str | None:
    """The contract number of the plan's active mandate, if it has one."""
    return await session.scalar(
        select(Mandate.contract_no).where(
            Mandate.plan_id == plan_id, Mandate.status == MandateStatus.ACTIVE
        )
    )


async def _tell(
    *, session: WriteSession, plan_id: str, answer: MandateAnswer, at: datetime
) -> None:
    await append(
        session=session,
        event=NewEvent.of(
            event_id=f"{plan_id}-mandate-{answer.status}-{at.isoformat()}",
            stream=plan_id,
            data=MandateChanged(contract_no=answer.contract_no, status=answer.status),
            at=at,
        ),
    )
