"""What becomes of a notice to a merchant: where it stands, and why a try of it came to nothing."""

from enum import StrEnum


class NoticeState(StrEnum):
    """Where a notice stands."""

    PENDING = "pending"
    """It is being told: tried again until the endpoint takes it."""
    DELIVERED = "delivered"
    """The endpoint has answered 2xx. Final."""
    GIVEN_UP = "given_up"
    """The endpoint has not taken it for a week. A replay begins anew."""
    NOT_WANTED = "not_wanted"
    """The merchant has given no webhook: it is on file to be read."""


class TryFailure(StrEnum):
    """Why a try brought no answer."""

    TOO_SLOW = "too_slow"
    """Nothing within the seconds that an endpoint may take."""
    NO_CONNECTION = "no_connection"
    """Refused, unreachable, or without a certificate that holds for the name."""
    NAME_UNKNOWN = "name_unknown"
    """The host's name does not resolve."""
    TARGET_REFUSED = "target_refused"
    """The name leads to an address that is not public: nothing was sent."""
    ANSWER_BROKEN = "answer_broken"
    """What came back is no HTTP answer."""
    NOT_SENT = "not_sent"
    """A trouble of ours: nothing is known to have been sent."""
