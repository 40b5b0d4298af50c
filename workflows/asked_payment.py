"""A payment that a customer has asked for and that the plan has not begun yet."""

from dataclasses import dataclass

from temporalio.exceptions import ApplicationError

from meqenet.money import Money


@dataclass
class AskedPayment:
    """How much, None for everything; ``done`` once it is on record, or ``refused``."""

    amount: Money | None
    done: bool = False
    refused: ApplicationError | None = None
