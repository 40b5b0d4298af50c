import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.errors import Defect
from meqenet.identity import payout_id
from meqenet.settlement.payouts import (
    PayoutStanding,
    PayoutState,
    after_transfer_answer,
    plan_and_number_of,
)
from meqenet.settlement.transfer import TransferAnswer, TransferStatus

_STAYS, _CONTRADICTS = "stays", "contradicts"


@pytest.mark.parametrize(
    ("before", "said", "after"),
    [
        ("created", None, "unknown"),
        ("created", "pending", "pending"),
        ("created", "settled", "settled"),
        ("created", "rejected", "rejected"),
        ("created", "not_found", "created"),
        ("unknown", None, "unknown"),
        ("unknown", "pending", "pending"),
        ("unknown", "settled", "settled"),
        ("unknown", "rejected", "rejected"),
        ("unknown", "not_found", "created"),
        ("pending", None, _STAYS),
        ("pending", "pending", "pending"),
        ("pending", "settled", "settled"),
        ("pending", "rejected", "rejected"),
        ("pending", "not_found", _CONTRADICTS),
        ("settled", None, _STAYS),
        ("settled", "pending", _STAYS),
        ("settled", "settled", _STAYS),
        ("settled", "rejected", _CONTRADICTS),
        ("settled", "not_found", _CONTRADICTS),
        ("rejected", None, _STAYS),
        ("rejected", "pending", _STAYS),
        ("rejected", "settled", _CONTRADICTS),
        ("rejected", "rejected", _STAYS),
        ("rejected", "not_found", _STAYS),
    ],
)
def test_the_whole_table(before: str, said: str | None, after: str) -> None:
    standing = PayoutStanding(state=PayoutState(before), bank_reference="B1")
    answer = (
        None if said is None else TransferAnswer(end_to_end_id="e1", status=TransferStatus(said))
    )
    heard = after_transfer_answer(standing=standing, answer=answer)
    assert heard.contradicts is (after == _CONTRADICTS)
    if after in (_STAYS, _CONTRADICTS):
        assert heard.standing == standing
    else:
        assert heard.standing.state is PayoutState(after)


def test_what_the_bank_says_is_kept() -> None:
    answer = TransferAnswer(
        end_to_end_id="e1",
        status=TransferStatus.REJECTED,
        bank_reference="B2",
        reason_code="AC03",
    )
    heard = after_transfer_answer(standing=PayoutStanding(), answer=answer)
    assert heard.standing == PayoutStanding(
        state=PayoutState.REJECTED, bank_reference="B2", reason_code="AC03"
    )


_answers = st.one_of(
    st.none(),
    st.sampled_from(TransferStatus).map(
        lambda status: TransferAnswer(end_to_end_id="e1", status=status)
    ),
)


@given(answers=st.lists(_answers, max_size=12))
def test_whatever_comes_in_whatever_order_a_final_state_stays(
    answers: list[TransferAnswer | None],
) -> None:
    standing = PayoutStanding()
    for answer in answers:
        heard = after_transfer_answer(standing=standing, answer=answer)
        if standing.state.is_final:
            assert heard.standing == standing
        standing = heard.standing


def test_a_payout_names_its_plan_and_its_number() -> None:
    assert plan_and_number_of(payout_id=payout_id(plan_id="pln_a", number=12)) == ("pln_a", 12)


@pytest.mark.parametrize("text", ["", "pln_a", "pln_a-p", "pln_a-p0", "-p1", "pln_a-p1-x"])
def test_no_other_id_is_a_payout(text: str) -> None:
    with pytest.raises(Defect) as broken:
        plan_and_number_of(payout_id=text)
    assert broken.value.code == "payout_id_malformed"
