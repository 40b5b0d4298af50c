"""Who shops in the demo, for what, and how it is meant to end."""

from dataclasses import dataclass
from typing import Final

from apps.sandboxes.fayda.people import WELL_KNOWN_PEOPLE


@dataclass(frozen=True, kw_only=True)
class Part:
    """One shopper with one purchase. ``wallet`` is the balance it starts with, in birr.

    ``short_on_day``: from this day of the clock the wallet is empty; ``paid_again_on_day``: until
    this one. ``cancels``: the shopper changes their mind before paying. ``ends``: how the plan is
    meant to end.
    """

    shopper: str
    shop: str
    option: str
    amount: str
    goods: str
    provider: str
    phone: str
    installment_count: int | None = None
    wallet: str = "60000.00"
    short_on_day: int | None = None
    paid_again_on_day: int | None = None
    cancels: bool = False
    ends: str = "completed"

    @property
    def fan(self) -> str:
        """The shopper's Fayda number."""
        return WELL_KNOWN_PEOPLE[self.shopper].number


SHOPS: Final = {"addis-electronics": "Addis Electronics", "merkato-fashion": "Merkato Fashion"}

CAST: Final = (
    Part(
        shopper="abebe",
        shop="merkato-fashion",
        option="pay_in_4",
        amount="4000.00",
        goods="A coat and boots",
        provider="telebirr",
        phone="251911000101",
    ),
    Part(
        shopper="hana",
        shop="merkato-fashion",
        option="pay_in_30",
        amount="2650.00",
        goods="A wedding dress on loan",
        provider="mpesa",
        phone="251711000102",
    ),
    Part(
        shopper="tigist",
        shop="merkato-fashion",
        option="pay_in_30",
        amount="1890.50",
        goods="Three shirts",
        provider="telebirr",
        phone="251911000107",
    ),
    Part(
        shopper="dawit",
        shop="addis-electronics",
        option="pay_over_time",
        amount="24000.00",
        goods="A refrigerator",
        provider="telebirr",
        phone="251911000103",
        installment_count=6,
    ),
    Part(
        shopper="mohammed",
        shop="addis-electronics",
        option="pay_over_time",
        amount="9999.99",
        goods="A telephone",
        provider="mpesa",
        phone="251711000108",
        installment_count=7,
    ),
    Part(
        shopper="almaz",
        shop="addis-electronics",
        option="pay_in_full",
        amount="15500.00",
        goods="A laptop",
        provider="mpesa",
        phone="251711000104",
    ),
    Part(
        shopper="chaltu",
        shop="merkato-fashion",
        option="pay_in_4",
        amount="6000.00",
        goods="Shoes for four",
        provider="mpesa",
        phone="251711000105",
        short_on_day=1,
        paid_again_on_day=15,
    ),
    Part(
        shopper="yonas",
        shop="addis-electronics",
        option="pay_in_4",
        amount="3200.00",
        goods="A headset",
        provider="telebirr",
        phone="251911000109",
        cancels=True,
        ends="cancelled",
    ),
    Part(
        shopper="minor",
        shop="addis-electronics",
        option="pay_in_4",
        amount="5000.00",
        goods="A game console",
        provider="telebirr",
        phone="251911000106",
        ends="declined",
    ),
)
"""All four options; one is declined, one cancels, one runs short for a day and pays then."""

DAYS: Final = 225
"""By then every plan is over: the longest runs seven months."""
