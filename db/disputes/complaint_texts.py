"""What is said in a complaint: sealed under the complaint's data key, and nowhere else."""

from datetime import datetime
from typing import Final

from sqlalchemy import select

from db.disputes.tables import ComplaintText
from db.kernel.encryption import EncryptedColumn, Keyring, find_data_key, make_data_key
from db.kernel.engine import ReadSession, WriteSession

_TEXT: Final = EncryptedColumn(table="complaint_texts", name="text_sealed")
_PER_ROUND: Final = 2
"""What the customer says, and the answer."""


def said_number(*, round_number: int) -> int:
    """The place of what the customer says in a round: 1, then 3."""
    return _PER_ROUND * round_number - 1


def answer_number(*, round_number: int) -> int:
    """The place of a round's answer: 2, then 4."""
    return _PER_ROUND * round_number


async def keep_text(
    *,
    session: WriteSession,
    keyring: Keyring,
    tracking_number: str,
    number: int,
    language: str,
    text: str,
    by: str,
    at: datetime,
) -> None:
    """Seal what was said, and keep it."""
    key = await make_data_key(session=session, keyring=keyring, person_id=tracking_number)
    session.add(
        ComplaintText(
            tracking_number=tracking_number,
            number=number,
            language=language,
            text_sealed=_TEXT.seal(key=key, text=text),
            by=by,
            at=at,
        )
    )
    await session.flush()


async def texts_of(
    *, session: ReadSession, keyring: Keyring, tracking_number: str
) -> list[tuple[ComplaintText, str]]:
    """All that was said, in order, each with its words in clear.

    Raises:
        Refusal: ``person_erased``: the words cannot be read any more.
    """
    found = await session.scalars(
        select(ComplaintText)
        .where(ComplaintText.tracking_number == tracking_number)
        .order_by(ComplaintText.number)
    )
    rows = list(found)
    if not rows:
        return []
    key = await find_data_key(session=session, keyring=keyring, person_id=tracking_number)
    return [(row, _TEXT.open(key=key, sealed=row.text_sealed)) for row in rows]
