"""What a customer is told of a complaint on file: its number, and by when it is answered."""

from dataclasses import dataclass
from datetime import date

from meqenet.calendar import to_ethiopian


@dataclass(frozen=True, kw_only=True)
class Acknowledgement:
    """The same text in two languages; show the one that the customer reads better."""

    english: str
    amharic: str


def acknowledgement(*, tracking_number: str, due_on: date) -> Acknowledgement:
    """Words for the customer; ``due_on`` is the last Addis Ababa date of the answer."""
    ethiopian = to_ethiopian(on=due_on)
    on = f"{ethiopian.day}/{ethiopian.month}/{ethiopian.year}"
    return Acknowledgement(
        english=(
            f"We have received your complaint. Its number is {tracking_number}. You will have our "
            f"answer by {due_on:%d/%m/%Y} ({on} E.C.)."
        ),
        amharic=(f"ቅሬታዎ ደርሶናል። የመከታተያ ቁጥሩ {tracking_number} ነው። እስከ {on} ዓ.ም. ድረስ መልስ እንሰጥዎታለን።"),
    )
