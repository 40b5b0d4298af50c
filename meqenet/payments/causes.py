"""Why a payment failed, in our own words: one table from each provider's codes to a cause.

The codes are those of Telebirr's gateway, its order states and callbacks and the core behind it,
and those of M-PESA's gateway, callbacks and Results. docs/collections.md shows the whole table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from meqenet.errors import Mender
from meqenet.payments.rail import WalletProvider


class FailureCause(StrEnum):
    """Why the money did not move. The value is stable: it is stored and shown."""

    NO_FUNDS = "no_funds"
    """There is too little money in the wallet."""
    LIMIT_REACHED = "limit_reached"
    """The wallet may not pay so much at once, or today: neither lack of funds nor a fault."""
    WALLET_FROZEN = "wallet_frozen"
    """The provider has blocked or closed the wallet."""
    WALLET_MISSING = "wallet_missing"
    """The provider knows no wallet under this phone number."""
    WRONG_PIN = "wrong_pin"
    """The customer typed a wrong PIN."""
    CUSTOMER_DECLINED = "customer_declined"
    """The customer said no."""
    CUSTOMER_UNREACHABLE = "customer_unreachable"
    """The prompt did not reach the phone, or nobody answered it."""
    CUSTOMER_BUSY = "customer_busy"
    """Another prompt is open on the phone."""
    NOT_PAID_IN_TIME = "not_paid_in_time"
    """The order lapsed before the customer paid it."""
    MANDATE_MISSING = "mandate_missing"
    """There is no mandate under which the money may be pulled."""
    MANDATE_OVER_CAP = "mandate_over_cap"
    """The mandate allows less at once, or no further debit in its period."""
    REFUSED_WITHOUT_REASON = "refused_without_reason"
    """The provider says that it failed, and not why."""
    PROVIDER_DOWN = "provider_down"
    """The provider, or the way to it, does not work."""
    OUR_CREDENTIALS = "our_credentials"
    """The provider refuses us: credentials, signature, rights or grammar."""
    DUPLICATE = "duplicate"
    """The provider had this id before, with something else under it."""
    UNKNOWN_CODE = "unknown_code"
    """A code that is in no table yet: a person must read it."""


class FailureCounter(StrEnum):
    """What a failure counts on: each counter has retries of its own, and none eats up another's."""

    FUNDS = "funds"
    """The wallet held too little."""
    LIMIT = "limit"
    """The wallet may not pay so much: neither lack of funds nor a fault."""
    CUSTOMER = "customer"
    """The customer was asked, and did not confirm."""
    TECHNICAL = "technical"
    """The provider, or the way to it, did not work."""
    UNEXPLAINED = "unexplained"
    """Nobody has said why: it may be lack of funds as well as a fault, so it counts on neither."""
    NONE = "none"
    """A repetition cannot mend it: it is tried another way, or by a person."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Remedy:
    """What can be done about a cause.

    Attributes:
        retryable: a later attempt, under a new id and with nobody doing anything, may succeed.
        mender: who can do something.
        counter: what a failure counts on; ``NONE`` exactly when it is not retryable.
        english / amharic: what the customer is told; no private data.
    """

    retryable: bool
    mender: Mender
    counter: FailureCounter
    english: str
    amharic: str


_OURS: Final = Remedy(
    retryable=False,
    mender=Mender.MEQENET,
    counter=FailureCounter.NONE,
    english="Something is wrong on our side. You need not do anything; we are looking into it.",
    amharic="በእኛ በኩል ችግር አጋጥሟል። ከእርስዎ ምንም አይጠበቅም፤ ችግሩን እየፈታን ነው።",
)

REMEDIES: Final[Mapping[FailureCause, Remedy]] = {
    FailureCause.NO_FUNDS: Remedy(
        retryable=True,
        mender=Mender.CUSTOMER,
        counter=FailureCounter.FUNDS,
        english="There is not enough money in your wallet. Please top it up.",
        amharic="በዋሌትዎ ውስጥ በቂ ገንዘብ የለም። እባክዎ ገንዘብ ያስገቡ።",
    ),
    FailureCause.LIMIT_REACHED: Remedy(
        retryable=True,
        mender=Mender.CUSTOMER,
        counter=FailureCounter.LIMIT,
        english="The payment is above your wallet's limit. Please try again when it allows more.",
        amharic="ክፍያው ከዋሌትዎ ገደብ በላይ ነው። ገደቡ ሲፈቅድ እባክዎ እንደገና ይሞክሩ።",
    ),
    FailureCause.WALLET_FROZEN: Remedy(
        retryable=False,
        mender=Mender.CUSTOMER,
        counter=FailureCounter.NONE,
        english="Your wallet is blocked or closed. Please contact your wallet's provider.",
        amharic="ዋሌትዎ ታግዷል ወይም ተዘግቷል። እባክዎ የዋሌቱን አገልግሎት ሰጪ ያነጋግሩ።",
    ),
    FailureCause.WALLET_MISSING: Remedy(
        retryable=False,
        mender=Mender.CUSTOMER,
        counter=FailureCounter.NONE,
        english="There is no wallet under this phone number. Please use another wallet.",
        amharic="በዚህ ስልክ ቁጥር የተመዘገበ ዋሌት የለም። እባክዎ ሌላ ዋሌት ይጠቀሙ።",
    ),
    FailureCause.WRONG_PIN: Remedy(
        retryable=True,
        mender=Mender.CUSTOMER,
        counter=FailureCounter.CUSTOMER,
        english="The PIN was wrong. Please try again.",
        amharic="የሚስጥር ቁጥሩ ትክክል አይደለም። እባክዎ እንደገና ይሞክሩ።",
    ),
    FailureCause.CUSTOMER_DECLINED: Remedy(
        retryable=True,
        mender=Mender.CUSTOMER,
        counter=FailureCounter.CUSTOMER,
        english="You cancelled the payment. Please try again if you want to pay.",
        amharic="ክፍያውን ሰርዘዋል። መክፈል ከፈለጉ እባክዎ እንደገና ይሞክሩ።",
    ),
    FailureCause.CUSTOMER_UNREACHABLE: Remedy(
        retryable=True,
        mender=Mender.CUSTOMER,
        counter=FailureCounter.CUSTOMER,
        english="Your phone could not be reached. Please check that it is on and has network.",
        amharic="ስልክዎን ማግኘት አልተቻለም። ስልክዎ መብራቱንና ኔትወርክ መኖሩን እባክዎ ያረጋግጡ።",
    ),
    FailureCause.CUSTOMER_BUSY: Remedy(
        retryable=True,
        mender=Mender.CUSTOMER,
        counter=FailureCounter.CUSTOMER,
        english="Another payment is open on your phone. Please finish it and try again.",
        amharic="በስልክዎ ላይ ሌላ ክፍያ በሂደት ላይ ነው። እሱን ጨርሰው እባክዎ እንደገና ይሞክሩ።",
    ),
    FailureCause.NOT_PAID_IN_TIME: Remedy(
        retryable=True,
        mender=Mender.CUSTOMER,
        counter=FailureCounter.CUSTOMER,
        english="The time to pay has passed. Please try again.",
        amharic="የመክፈያው ጊዜ አልፏል። እባክዎ እንደገና ይሞክሩ።",
    ),
    FailureCause.MANDATE_MISSING: Remedy(
        retryable=False,
        mender=Mender.CUSTOMER,
        counter=FailureCounter.NONE,
        english="Your permission for automatic payments is missing. Please give it again.",
        amharic="የራስ-ሰር ክፍያ ፈቃድዎ አልተገኘም። እባክዎ ፈቃዱን እንደገና ይስጡ።",
    ),
    FailureCause.MANDATE_OVER_CAP: Remedy(
        retryable=False,
        mender=Mender.CUSTOMER,
        counter=FailureCounter.NONE,
        english="The payment is above what you allowed to be taken by itself. Please confirm it.",
        amharic="ክፍያው በራስ-ሰር እንዲወሰድ ከፈቀዱት መጠን በላይ ነው። እባክዎ ክፍያውን ያረጋግጡ።",
    ),
    FailureCause.REFUSED_WITHOUT_REASON: Remedy(
        retryable=True,
        mender=Mender.CUSTOMER,
        counter=FailureCounter.UNEXPLAINED,
        english="The wallet's provider refused the payment. Please check your balance and wallet.",
        amharic="የዋሌቱ አገልግሎት ሰጪ ክፍያውን አልተቀበለም። እባክዎ ቀሪ ሂሳብዎንና ዋሌትዎን ያረጋግጡ።",
    ),
    FailureCause.PROVIDER_DOWN: Remedy(
        retryable=True,
        mender=Mender.NOBODY,
        counter=FailureCounter.TECHNICAL,
        english="The payment service does not work at the moment. We will try again.",
        amharic="የክፍያ አገልግሎቱ ለጊዜው አይሠራም። እንደገና እንሞክራለን።",
    ),
    FailureCause.OUR_CREDENTIALS: _OURS,
    FailureCause.DUPLICATE: _OURS,
    FailureCause.UNKNOWN_CODE: Remedy(
        retryable=True,
        mender=Mender.MEQENET,
        counter=FailureCounter.UNEXPLAINED,
        english="The payment did not succeed. We are looking into the reason.",
        amharic="ክፍያው አልተሳካም። ምክንያቱን እያጣራን ነው።",
    ),
}

_FROM_US: Final = {
    "unreached": FailureCause.PROVIDER_DOWN,
    "refused_us": FailureCause.OUR_CREDENTIALS,
    "too_late": FailureCause.NOT_PAID_IN_TIME,
    "over_limit": FailureCause.LIMIT_REACHED,
    "no_mandate": FailureCause.MANDATE_MISSING,
    "over_mandate_cap": FailureCause.MANDATE_OVER_CAP,
}
"""What we say ourselves of an order when the provider will not: the same for each of them.

The last three are known before anything is sent: by limits and by a mandate that is asked after.
"""

_TELEBIRR: Final = {
    # What queryOrder and the callback say.
    "PAY_FAILED": FailureCause.REFUSED_WITHOUT_REASON,
    "Failure": FailureCause.REFUSED_WITHOUT_REASON,
    "REFUND_FAILED": FailureCause.REFUSED_WITHOUT_REASON,
    "REFUND_DUPLICATED": FailureCause.DUPLICATE,
    "ORDER_CLOSED": FailureCause.NOT_PAID_IN_TIME,
    "Expired": FailureCause.NOT_PAID_IN_TIME,
    # What the gateway says.
    "60320006": FailureCause.NOT_PAID_IN_TIME,
    "60330006": FailureCause.MANDATE_MISSING,
    "60200087": FailureCause.OUR_CREDENTIALS,
    "60200088": FailureCause.OUR_CREDENTIALS,
    "60200099": FailureCause.OUR_CREDENTIALS,
    "49401024991": FailureCause.PROVIDER_DOWN,
    "49401024995": FailureCause.OUR_CREDENTIALS,
    "49401031101": FailureCause.OUR_CREDENTIALS,
    "error.common.param.must.be.number": FailureCause.OUR_CREDENTIALS,
    # What the core behind it says, where the gateway passes it on.
    "1001": FailureCause.OUR_CREDENTIALS,
    "1002": FailureCause.OUR_CREDENTIALS,
    "1003": FailureCause.OUR_CREDENTIALS,
    "1004": FailureCause.DUPLICATE,
    "2001": FailureCause.WALLET_MISSING,
    "2002": FailureCause.WRONG_PIN,
    "2006": FailureCause.PROVIDER_DOWN,
    "3007": FailureCause.WALLET_FROZEN,
    "3008": FailureCause.OUR_CREDENTIALS,
    "3012": FailureCause.CUSTOMER_BUSY,
    "3015": FailureCause.WALLET_MISSING,
    "3016": FailureCause.LIMIT_REACHED,
    "4001": FailureCause.PROVIDER_DOWN,
    "4003": FailureCause.NO_FUNDS,
    "4004": FailureCause.LIMIT_REACHED,
    "4006": FailureCause.PROVIDER_DOWN,
    "4009": FailureCause.CUSTOMER_DECLINED,
    "4010": FailureCause.PROVIDER_DOWN,
    "6001": FailureCause.PROVIDER_DOWN,
    "6002": FailureCause.PROVIDER_DOWN,
}

RECEIPT_KNOWN: Final = "receipt_known"
"""Our own code: money was told of as paid unasked, and an order of ours has brought it."""

_MPESA: Final = {
    # What the callback and the Result say.
    "1": FailureCause.NO_FUNDS,
    "2": FailureCause.OUR_CREDENTIALS,
    "3": FailureCause.LIMIT_REACHED,
    "4": FailureCause.LIMIT_REACHED,
    "8": FailureCause.LIMIT_REACHED,
    "17": FailureCause.LIMIT_REACHED,
    "20": FailureCause.OUR_CREDENTIALS,
    "21": FailureCause.OUR_CREDENTIALS,
    "26": FailureCause.PROVIDER_DOWN,
    "1001": FailureCause.CUSTOMER_BUSY,
    "1019": FailureCause.CUSTOMER_UNREACHABLE,
    "1025": FailureCause.PROVIDER_DOWN,
    "9999": FailureCause.PROVIDER_DOWN,
    "1032": FailureCause.CUSTOMER_DECLINED,
    "1037": FailureCause.CUSTOMER_UNREACHABLE,
    "2001": FailureCause.WRONG_PIN,
    "TP40087": FailureCause.WRONG_PIN,
    "2006": FailureCause.WALLET_FROZEN,
    "2028": FailureCause.OUR_CREDENTIALS,
    "2040": FailureCause.WALLET_MISSING,
    "3007": FailureCause.REFUSED_WITHOUT_REASON,
    # What the gateway says at once.
    "400": FailureCause.WALLET_MISSING,
    "400.002.02": FailureCause.OUR_CREDENTIALS,
    "401": FailureCause.OUR_CREDENTIALS,
    "403.001.01": FailureCause.OUR_CREDENTIALS,
    "404.001.03": FailureCause.OUR_CREDENTIALS,
    "401.002.01": FailureCause.OUR_CREDENTIALS,
    "500.001.1001": FailureCause.PROVIDER_DOWN,
    "500.002.1001": FailureCause.PROVIDER_DOWN,
    "SVC0403": FailureCause.OUR_CREDENTIALS,
    # What it says of the token's credentials.
    "999991": FailureCause.OUR_CREDENTIALS,
    "999996": FailureCause.OUR_CREDENTIALS,
    "999997": FailureCause.OUR_CREDENTIALS,
    "999998": FailureCause.OUR_CREDENTIALS,
    # What the status of a transaction says, where it gives no reason.
    "Failed": FailureCause.REFUSED_WITHOUT_REASON,
    "Declined": FailureCause.REFUSED_WITHOUT_REASON,
    "Cancelled": FailureCause.CUSTOMER_DECLINED,
    "Expired": FailureCause.NOT_PAID_IN_TIME,
    # What we find ourselves.
    RECEIPT_KNOWN: FailureCause.DUPLICATE,
}
"""``2`` is an amount below the smallest that M-PESA moves, ``17`` a rule or a limit of the wallet;
what ``3007`` means is not published; ``400`` is a bad phone number, ``400.002.02`` any other field.
"""

CAUSES: Final[Mapping[WalletProvider, Mapping[str, FailureCause]]] = {
    WalletProvider.TELEBIRR: {**_TELEBIRR, **_FROM_US},
    WalletProvider.MPESA: {**_MPESA, **_FROM_US},
}
UNDER_MANDATE: Final[Mapping[WalletProvider, Mapping[str, FailureCause]]] = {
    WalletProvider.TELEBIRR: {"3016": FailureCause.MANDATE_OVER_CAP},
    WalletProvider.MPESA: {},
}
"""Codes that mean something else of a debit under a mandate: the rule broken is the mandate's."""


def cause_of(
    *, provider: WalletProvider, code: str | None, under_mandate: bool = False
) -> FailureCause:
    """The cause that a provider's code stands for; ``UNKNOWN_CODE`` for every other code.

    Args:
        provider: whose code it is.
        code: the code, verbatim; None where the provider gave none.
        under_mandate: the money was to be pulled under a mandate, with nobody confirming.
    """
    if code is None:
        return FailureCause.REFUSED_WITHOUT_REASON
    if under_mandate and code in UNDER_MANDATE[provider]:
        return UNDER_MANDATE[provider][code]
    return CAUSES[provider].get(code, FailureCause.UNKNOWN_CODE)


def remedy_for(*, cause: FailureCause) -> Remedy:
    """What can be done about it."""
    return REMEDIES[cause]
