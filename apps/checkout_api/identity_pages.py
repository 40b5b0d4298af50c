"""What a shopper sees when the browser comes back from Fayda and there is no shop to go to."""

from dataclasses import dataclass
from html import escape
from typing import Final

from fastapi.responses import HTMLResponse

_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}
_STYLE: Final = (
    "body{font-family:system-ui,sans-serif;max-width:32rem;margin:15vh auto;padding:0 1.5rem;"
    "line-height:1.6;color:#1b1b1b}h1{font-size:1.4rem;margin-bottom:.3rem}p{margin-top:0}"
)


@dataclass(frozen=True, kw_only=True)
class Said:
    """One message in both languages."""

    english_title: str
    english: str
    amharic_title: str
    amharic: str


DONE: Final = Said(
    english_title="Thank you",
    english="Your identity check is done. Go back to the shop; this page can be closed.",
    amharic_title="እናመሰግናለን",
    amharic="የማንነት ማረጋገጫዎ ተጠናቋል። ለመቀጠል ወደ ሱቁ ይመለሱ። ይህን ገጽ መዝጋት ይችላሉ።",
)
NOT_CONFIRMED: Final = Said(
    english_title="Your identity was not confirmed",
    english="The login at Fayda was not finished. Go back to the shop to try again.",
    amharic_title="ማንነትዎ አልተረጋገጠም",
    amharic="የፋይዳ መግቢያው አልተጠናቀቀም። እንደገና ለመሞከር ወደ ሱቁ ይመለሱ።",
)
SEE_THE_SHOP: Final = Said(
    english_title="Thank you",
    english="Go back to the shop: it shows the result and how else you can pay.",
    amharic_title="እናመሰግናለን",
    amharic="ወደ ሱቁ ይመለሱ፤ ውጤቱንና ሌሎች የክፍያ መንገዶችን እዚያ ያገኛሉ።",
)
STILL_WORKING: Final = Said(
    english_title="One moment",
    english="We are still checking with Fayda. Go back to the shop: it will show the result.",
    amharic_title="ትንሽ ይጠብቁ",
    amharic="ከፋይዳ ጋር ገና እያረጋገጥን ነው። ወደ ሱቁ ይመለሱ፤ ውጤቱን እዚያ ያገኛሉ።",
)
NOT_AWAITED: Final = Said(
    english_title="This login is no longer needed",
    english="It was already used, or the time for it is over. Go back to the shop: it shows how "
    "your purchase stands and what to do next.",
    amharic_title="ይህ መግቢያ ከእንግዲህ አያስፈልግም",
    amharic="ቀደም ብሎ ጥቅም ላይ ውሏል ወይም ጊዜው አልፏል። ወደ ሱቁ ይመለሱ፤ ግዢዎ ያለበትን ሁኔታና ቀጣዩን እርምጃ ያሳይዎታል።",
)
NOT_THE_NEWEST: Final = Said(
    english_title="This is not the newest login",
    english="A newer login was opened for this purchase. Go back to the shop and open the login "
    "from there.",
    amharic_title="ይህ የቅርብ ጊዜው መግቢያ አይደለም",
    amharic="ለዚህ ግዢ አዲስ መግቢያ ተከፍቷል። ወደ ሱቁ ይመለሱና መግቢያውን ከዚያ ይክፈቱ።",
)
NOT_OURS: Final = Said(
    english_title="This address is not complete",
    english="Go back to the shop and open the Fayda login from there.",
    amharic_title="ይህ አድራሻ የተሟላ አይደለም",
    amharic="ወደ ሱቁ ይመለሱና የፋይዳ መግቢያውን ከዚያ ይክፈቱ።",
)
TRY_AGAIN: Final = Said(
    english_title="We cannot answer right now",
    english="Nothing is lost. Wait a minute and reload this page.",
    amharic_title="አሁን መልስ መስጠት አልቻልንም",
    amharic="ምንም አልጠፋም። አንድ ደቂቃ ይጠብቁና ይህን ገጽ እንደገና ይክፈቱ።",
)


def page(said: Said, *, status: int) -> HTMLResponse:
    """A message as a page that loads nothing from anywhere."""
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Meqenet</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(said.english_title)}</h1><p>{escape(said.english)}</p>"
        f'<h1 lang="am">{escape(said.amharic_title)}</h1><p lang="am">{escape(said.amharic)}</p>'
        "</body></html>"
    )
    return HTMLResponse(html, status_code=status, headers=_HEADERS)
