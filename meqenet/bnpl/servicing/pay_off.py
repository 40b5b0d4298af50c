"""What it costs to be free of a plan on a day: the quote, and the account that it pays to zero."""

from dataclasses import dataclass, replace
from datetime import date

from meqenet.bnpl.servicing.account import Account, InstallmentAccount, LateFee
from meqenet.bnpl.servicing.amounts import NOTHING, Amounts
from meqenet.bnpl.servicing.interest import interest_to_day
from meqenet.bnpl.servicing.late_fees import charge_late_fees
from meqenet.bnpl.servicing_policy import PayOffInterest, ServicingPolicy
from meqenet.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class PayOffQuote:
    """What ends the plan on a day, if nothing else is paid until then.

    Attributes:
        on: the Addis Ababa date.
        owed: principal, interest until the day that the plan's rule says, penalties and fees.
        interest_returned: interest that was paid for days that will not come.
        credit: the customer's money that has paid nothing yet.
        interest_saved: interest of the schedule that need not be paid any more.
        late_fees: those in ``owed`` that are charged between now and the day.
    """

    on: date
    owed: Amounts
    interest_returned: Money
    credit: Money
    interest_saved: Money
    late_fees: tuple[LateFee, ...]

    @property
    def total(self) -> Money:
        """What to pay; nothing where the customer's own money is enough."""
        return max(NOTHING, self.owed.total - self.interest_returned - self.credit)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedAccount:
    """An account whose interest stops on a day, and what that changes in the books.

    Attributes:
        account: with no interest beyond the day, and what was paid for it as credit.
        interest_returned: interest that had been paid and is the customer's credit now.
        interest_unearned: interest that the books had earned, unpaid, and that is not owed.
        late_fees: charged with it.
    """

    account: Account
    interest_returned: Money
    interest_unearned: Money
    late_fees: tuple[LateFee, ...]


def pay_off_quote(*, account: Account, policy: ServicingPolicy, on: date) -> PayOffQuote:
    """What ends the plan on this day; paying it then leaves nothing, to the santim.

    Args:
        account: as it is now.
        policy: of the plan's product version.
        on: an Addis Ababa date, from today on.
    """
    ended = ended_account(account=account, policy=policy, on=on)
    return PayOffQuote(
        on=on,
        owed=ended.account.left,
        interest_returned=ended.interest_returned,
        credit=account.credit,
        interest_saved=account.left.interest - ended.account.left.interest,
        late_fees=ended.late_fees,
    )


def ended_account(*, account: Account, policy: ServicingPolicy, on: date) -> EndedAccount:
    """Stop the interest on this day, as the plan's rule has it, and charge the late fees."""
    charged = charge_late_fees(account=account, policy=policy.late_fee, until=on)
    returned, unearned, rows = NOTHING, NOTHING, []
    for row in charged.account.installments:
        interest = _interest_owed(account, row, rule=policy.pay_off_interest, on=on)
        kept = min(row.paid.interest, interest)
        returned += row.paid.interest - kept
        unearned += max(NOTHING, row.accrued_interest - max(row.paid.interest, interest))
        rows.append(
            replace(
                row,
                owed=replace(row.owed, interest=interest),
                paid=replace(row.paid, interest=kept),
                carried_interest=min(row.carried_interest, interest),
                accrued_interest=min(row.accrued_interest, interest),
            )
        )
    ended = charged.account.with_installments(*rows)
    return EndedAccount(
        account=replace(ended, credit=account.credit + returned),
        interest_returned=returned,
        interest_unearned=unearned,
        late_fees=charged.fees,
    )


def _interest_owed(
    account: Account, row: InstallmentAccount, *, rule: PayOffInterest, on: date
) -> Money:
    """Interest of the installment if the plan ends on this day, paid or not.

    What has fallen due is owed as planned; a period that has not begun earns nothing.
    """
    if row.due_on <= on or account.charged_off_on is not None:
        return row.owed.interest
    if not row.has_begun(on=on):
        return row.carried_interest
    match rule:
        case PayOffInterest.TO_NEXT_REST_DATE:
            return row.owed.interest
        case PayOffInterest.TO_THE_DAY:
            earned = interest_to_day(account=account, installment=row, on=on)
            return min(row.owed.interest, row.carried_interest + earned)
