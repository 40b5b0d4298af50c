from datetime import date

import pytest

from integrations.fayda.wire import read_claims
from meqenet.errors import Defect, Refusal

WHOLE: dict[str, object] = {
    "sub": "s",
    "name": "Abebe Bekele",
    "birthdate": "1990/05/14",
    "individual_id": "6140798523917519",
    "phone_number": "0911223344",
    "gender": "Male",
}


@pytest.mark.parametrize("born", ["1990/05/14", "1990-05-14"])
def test_birth_dates_with_either_separator(born: str) -> None:
    assert read_claims({**WHOLE, "birthdate": born}).birth_date == date(1990, 5, 14)


@pytest.mark.parametrize("born", ["14/05/1990", "1990", "1990/13/01", "1990/02/30", "19900514"])
def test_other_birth_dates_are_a_defect_that_shows_nothing(born: str) -> None:
    with pytest.raises(Defect, match="birthdate") as defect:
        read_claims({**WHOLE, "birthdate": born})
    assert born not in str(defect.value)


@pytest.mark.parametrize(
    ("names", "name"),
    [
        ({"name": "Abebe", "name#am": "አበበ"}, "Abebe"),
        ({"name#en": "Abebe", "name#am": "አበበ"}, "Abebe"),
        ({"name#eng": "Abebe", "name#amh": "አበበ"}, "Abebe"),
        ({"name#am": "አበበ"}, "አበበ"),
        ({"given_name": "Abebe", "family_name": "Bekele"}, "Abebe Bekele"),
        ({"given_name#en": "Abebe", "middle_name#en": "B", "family_name#en": "T"}, "Abebe B T"),
    ],
)
def test_names_in_every_form(names: dict[str, object], name: str) -> None:
    without = {key: value for key, value in WHOLE.items() if key != "name"}
    assert read_claims({**without, **names}).name == name


@pytest.mark.parametrize(
    ("enrolled", "phone"),
    [
        ("0911223344", "251911223344"),
        ("+251 911 223 344", "251911223344"),
        ("0700000000", "251700000000"),
        ("+254711223344", "+254711223344"),
        ("", None),
        (None, None),
    ],
)
def test_phones_in_every_form(enrolled: str | None, phone: str | None) -> None:
    assert read_claims({**WHOLE, "phone_number": enrolled}).phone == phone


def test_individual_id_is_digits_only() -> None:
    claims = read_claims({**WHOLE, "individual_id": "6140 7985-2391 7519"})
    assert claims.individual_id == "6140798523917519"
    with pytest.raises(Defect, match="individual_id"):
        read_claims({**WHOLE, "individual_id": "FAN-6140"})


def test_missing_claims_are_all_named() -> None:
    with pytest.raises(Refusal, match="name, birthdate, individual_id") as refused:
        read_claims({"sub": "s", "name": " ", "birthdate": None})
    assert refused.value.code == "identity_claims_missing"


def test_a_claim_of_another_type_is_a_defect() -> None:
    with pytest.raises(Defect, match="phone_number"):
        read_claims({**WHOLE, "phone_number": 911223344})


def test_gender_need_not_be_shared() -> None:
    assert read_claims({**WHOLE, "gender": None, "gender#en": "Female"}).gender == "Female"
    assert read_claims({**WHOLE, "gender": None}).gender is None
