"""The login page: plain HTML forms, so that a browser and curl can both pass."""

from collections.abc import Iterable
from html import escape

from apps.sandboxes.fayda.logins import Transaction
from apps.sandboxes.fayda.wording import claim_label, reason, words

_STYLE = """
body{margin:0;font:16px/1.5 system-ui,"Noto Sans Ethiopic",sans-serif;background:#eef2f5;
color:#16242f;display:flex;justify-content:center;padding:8vh 1rem}
main{background:#fff;border-radius:12px;padding:2rem;width:100%;max-width:24rem;
box-shadow:0 2px 16px #16242f22;box-sizing:border-box}
h1{font-size:1.4rem;margin:0 0 .25rem}
.client{margin:0 0 1.25rem;color:#4b5d6b}
label{display:block;font-weight:600;margin:1rem 0 .35rem}
input[type=text]{width:100%;box-sizing:border-box;font:inherit;letter-spacing:.08em;
padding:.65rem .75rem;border:1px solid #9fb0bd;border-radius:8px}
ul{list-style:none;padding:0;margin:.5rem 0 0}
li label{font-weight:400;margin:.4rem 0;display:flex;gap:.5rem;align-items:baseline}
small{color:#4b5d6b}
.row{display:flex;gap:.75rem;margin-top:1.5rem}
button{flex:1;font:inherit;font-weight:600;padding:.7rem;border-radius:8px;cursor:pointer;
border:1px solid #0b6e4f;background:#0b6e4f;color:#fff}
button.quiet{background:#fff;color:#0b6e4f}
.error{background:#fdecea;color:#8c1d18;border-radius:8px;padding:.6rem .75rem}
.sandbox{margin:1.5rem 0 0;padding-top:1rem;border-top:1px solid #dde5ea;font-size:.85rem;
color:#4b5d6b}
"""


def number_page(*, login: Transaction, error: str | None = None) -> str:
    """First: which number."""
    word = words(locale=login.request.ui_locale)
    fields = (
        f'<label for="individual_id">{word["number"]}</label>'
        '<input type="text" id="individual_id" name="individual_id" inputmode="numeric" '
        'autocomplete="off" required autofocus>'
    )
    return _page(login, fields=fields, action="otp", button=word["get_otp"], error=error)


def otp_page(
    *, login: Transaction, individual_id: str, sent_to: str, error: str | None = None
) -> str:
    """Second: the OTP."""
    word = words(locale=login.request.ui_locale)
    fields = (
        f"<p>{word['otp_sent']} {escape(sent_to)}</p>"
        f'<input type="hidden" name="individual_id" value="{escape(individual_id)}">'
        f'<label for="otp">{word["otp"]}</label>'
        '<input type="text" id="otp" name="otp" inputmode="numeric" autocomplete="one-time-code" '
        'maxlength="6" required autofocus>'
    )
    return _page(login, fields=fields, action="login", button=word["log_in"], error=error)


def consent_page(*, login: Transaction, error: str | None = None) -> str:
    """Third: what may be shared. Needed claims are always sent, the others can be unticked."""
    locale = login.request.ui_locale
    word = words(locale=locale)
    rows = [
        *_rows(login.request.essential_claims, locale=locale, note=word["essential"], fixed=True),
        *_rows(login.request.voluntary_claims, locale=locale, note=word["voluntary"], fixed=False),
    ]
    fields = f"<p>{escape(login.client.name)} {word['consent']}:</p><ul>{''.join(rows)}</ul>"
    return _page(login, fields=fields, action="consent", button=word["allow"], error=error)


def dead_end_page(*, error: str, locale: str) -> str:
    """A request that must not be sent back anywhere (OAuth 2.0 §4.1.2.1)."""
    word = words(locale=locale)
    body = f'<p class="error">{word["refused"]}: {escape(error)}</p><p>{word["no_return"]}</p>'
    return _document(body, locale=locale)


def _rows(claims: Iterable[str], *, locale: str, note: str, fixed: bool) -> list[str]:
    """A disabled box is not sent by browsers, so a fixed claim has a hidden field as well."""
    rows = []
    for claim in claims:
        name = f'name="accepted_claims" value="{escape(claim)}"'
        hidden = f'<input type="hidden" {name}>' if fixed else ""
        box = f'<input type="checkbox" checked {"disabled" if fixed else name}>'
        label = escape(claim_label(claim, locale=locale))
        rows.append(f"<li>{hidden}<label>{box}<span>{label} <small>({note})</small></span></label>")
    return rows


def _page(login: Transaction, *, fields: str, action: str, button: str, error: str | None) -> str:
    locale = login.request.ui_locale
    word = words(locale=locale)
    why = escape(reason(error, locale=locale)) if error else ""
    complaint = f'<p class="error">{why}</p>' if why else ""
    leave = word["deny"] if action == "consent" else word["cancel"]
    body = (
        f'<p class="client">{escape(login.client.name)}</p>{complaint}'
        f'<form method="post" action="/authorize/{action}">'
        f'<input type="hidden" name="transaction_id" value="{escape(login.transaction_id)}">'
        f'{fields}<div class="row">'
        f'<button type="submit">{button}</button>'
        f'<button type="submit" class="quiet" formaction="/authorize/cancel" formnovalidate>'
        f"{leave}</button></div></form>"
    )
    return _document(body, locale=locale)


def _document(body: str, *, locale: str) -> str:
    word = words(locale=locale)
    language = "am" if locale.startswith("am") else "en"
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{word['title']}</title><style>{_STYLE}</style></head><body><main>"
        f'<h1>{word["title"]}</h1>{body}<p class="sandbox">{word["sandbox"]}</p>'
        "</main></body></html>"
    )
