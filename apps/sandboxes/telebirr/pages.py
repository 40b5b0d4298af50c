"""The HTML of the paygate; plain pages that work without JavaScript."""

from collections.abc import Mapping
from html import escape
from string import Template
from typing import Final

from apps.sandboxes.telebirr.orders import Order

_FRAME: Final = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root { color-scheme: light dark; --brand: #1f7a3a; --line: #8886; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --brand: #4caf6d; --bad: #f2b8b5; } }
* { box-sizing: border-box }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 26rem; padding: 1rem }
.notice { border: 1px dashed var(--line); border-radius: .5rem; font-size: .875rem;
  padding: .5rem .75rem; text-align: center }
h1 { font-size: 1.25rem; margin: 1.5rem 0 0 }
.amount { font-size: 2rem; font-variant-numeric: tabular-nums; font-weight: 600; margin: 0 }
.about { margin: 0 0 1.5rem }
label { display: block; font-weight: 600; margin-top: 1rem }
input { border: 1px solid var(--line); border-radius: .5rem; font: inherit; margin-top: .25rem;
  padding: .75rem; width: 100% }
button { border: 0; border-radius: .5rem; cursor: pointer; font: inherit; font-weight: 600;
  margin-top: 1.5rem; padding: .75rem; width: 100% }
.pay { background: var(--brand); color: #fff }
@media (prefers-color-scheme: dark) { .pay { color: #000 } }
.cancel { background: none; color: inherit; margin-top: .5rem; text-decoration: underline }
.consent { border-left: .25rem solid var(--brand); padding-left: .75rem }
.bad { color: var(--bad); font-weight: 600 }
dl { display: grid; gap: .25rem 1rem; grid-template-columns: auto 1fr }
dt { opacity: .75 } dd { margin: 0; overflow-wrap: anywhere; text-align: right }
details { margin-top: 2rem } summary { cursor: pointer }
a { color: inherit }
</style>
</head>
<body>
<p class="notice">telebirr sandbox: a test page, no real money moves.</p>
<main>
$body
</main>
</body>
</html>
""")

_WALLETS: Final = """<details><summary>Test wallets</summary>
<p>Any wallet of this sandbox pays. 251900000000 pays with the PIN 123456; the last two digits
choose other outcomes: 01 has no money, 02 wrong PIN, 03 is frozen, 04 declines, 05 does not
answer, 06 is over its limit.</p></details>"""

_REASONS: Final = {
    "2001": "There is no telebirr wallet with this number.",
    "2002": "The PIN was wrong too often.",
    "3007": "The wallet is blocked.",
    "3016": "The automatic payment cannot be set up.",
    "4003": "There is not enough money in the wallet.",
    "4004": "The payment is above the wallet's limit.",
    "4009": "You cancelled the payment.",
    "expired": "The time to pay is over.",
}


def payment_form(*, order: Order, hidden: Mapping[str, str], problem: str | None) -> str:
    """Where the customer types phone and PIN. ``hidden`` is the signed request, carried along."""
    carried = "\n".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in hidden.items()
    )
    said = f'<p class="bad" role="alert">{escape(problem)}</p>' if problem else ""
    return _page(
        "Pay with telebirr",
        f"""<h1>{escape(order.title)}</h1>
<p class="amount">{order.amount.birr:,.2f} birr</p>
<p class="about">Order {escape(order.merch_order_id)}</p>
{said}{_consent(order)}
<form method="post" action="/payment/web/paygate/pay">
{carried}
<label for="msisdn">telebirr phone number</label>
<input id="msisdn" name="msisdn" type="tel" inputmode="tel" autocomplete="tel"
  placeholder="09 or 2519" required autofocus>
<label for="pin">PIN, six digits</label>
<input id="pin" name="pin" type="password" inputmode="numeric" autocomplete="off"
  pattern="[0-9]{{6}}" maxlength="6" required>
<button class="pay" name="deed" value="pay">Pay {order.amount.birr:,.2f} birr</button>
<button class="cancel" name="deed" value="cancel" formnovalidate>Cancel</button>
</form>
{_WALLETS}""",
    )


def paid_page(*, order: Order) -> str:
    """The payment went through and the merchant gave no place to return to."""
    return _page(
        "Paid",
        f"""<h1>Paid</h1>
<p class="amount">{order.amount.birr:,.2f} birr</p>
<p class="about">{escape(order.title)}</p>
<dl><dt>Receipt</dt><dd>{escape(order.trans_id or "")}</dd>
<dt>Order</dt><dd>{escape(order.merch_order_id)}</dd></dl>
<p>You can close this page.</p>""",
    )


def failed_page(*, order: Order, back: str | None) -> str:
    """The payment failed for good, or was cancelled."""
    reason = _REASONS.get(order.failure_code or "", "The payment was refused.")
    return_link = f'<p><a href="{escape(back)}">Back to the shop</a></p>' if back else ""
    return _page(
        "Not paid",
        f"""<h1>Not paid</h1>
<p class="bad" role="alert">{reason}</p>
<p>Nothing was taken from the wallet. Order {escape(order.merch_order_id)}.</p>
{return_link}""",
    )


def error_page(*, code: str, text: str, solution: str) -> str:
    """The request itself is wrong: for developers."""
    return _page(
        "Cannot pay",
        f"""<h1>This order cannot be paid</h1>
<p class="bad" role="alert">{escape(code)}: {escape(text)}</p>
<p>{escape(solution)}</p>""",
    )


def _consent(order: Order) -> str:
    if order.wish is None:
        return ""
    return f"""<p class="consent">With this payment you also allow the merchant to collect later
installments from your wallet, from {escape(order.wish.execute_on)}, without asking for the PIN
(contract {escape(order.wish.contract_no)}).</p>"""


def _page(title: str, body: str) -> str:
    return _FRAME.substitute(title=escape(title), body=body)
