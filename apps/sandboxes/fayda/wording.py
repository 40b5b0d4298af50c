"""What the login page says, in English and Amharic."""

from collections.abc import Mapping
from typing import Final

_ENGLISH: Final = {
    "title": "Log in with Fayda",
    "sandbox": "Sandbox: nobody real is here. Try FAN 6000 0000 0000 0011; every OTP is 111111.",
    "number": "FAN (16 digits) or FIN (12 digits)",
    "get_otp": "Send OTP",
    "otp": "6-digit OTP",
    "otp_sent": "An OTP was sent to",
    "log_in": "Log in",
    "consent": "wants to know",
    "essential": "needed",
    "voluntary": "if you like",
    "allow": "Allow",
    "deny": "Deny",
    "cancel": "Cancel",
    "refused": "This did not work",
    "no_return": "The request cannot be answered. Go back to the shop and start again.",
}
_AMHARIC: Final = {
    "title": "በፋይዳ ይግቡ",
    "sandbox": "የሙከራ ገጽ፦ እውነተኛ ሰው እዚህ የለም። ፋን 6000 0000 0000 0011፣ የአንድ ጊዜ ቁጥር 111111።",
    "number": "ፋን (16 አሃዝ) ወይም ፊን (12 አሃዝ)",
    "get_otp": "የአንድ ጊዜ ቁጥር ላክ",
    "otp": "ባለ 6 አሃዝ የአንድ ጊዜ ቁጥር",
    "otp_sent": "የአንድ ጊዜ ቁጥር ተልኳል ወደ",
    "log_in": "ግባ",
    "consent": "ማወቅ ይፈልጋል",
    "essential": "ያስፈልጋል",
    "voluntary": "ከፈለጉ",
    "allow": "ፍቀድ",
    "deny": "ከልክል",
    "cancel": "ሰርዝ",
    "refused": "አልተሳካም",
    "no_return": "ጥያቄው ሊመለስ አይችልም። ወደ ሱቁ ተመልሰው እንደገና ይጀምሩ።",
}
_CLAIMS: Final = {
    "en": {
        "name": "Name",
        "birthdate": "Date of birth",
        "individual_id": "Fayda number",
        "phone_number": "Phone number",
        "gender": "Gender",
        "email": "E-mail",
        "address": "Address",
    },
    "am": {
        "name": "ስም",
        "birthdate": "የትውልድ ቀን",
        "individual_id": "የፋይዳ ቁጥር",
        "phone_number": "ስልክ ቁጥር",
        "gender": "ጾታ",
        "email": "ኢሜይል",
        "address": "አድራሻ",
    },
}
_REASONS: Final = {
    "en": {
        "invalid_individual_id": "This is not a FAN or FIN; check the digits.",
        "IDA-MLC-018": "Nobody has this number.",
        "IDA-OTA-012": "Ask for an OTP first.",
        "auth_failed": "The OTP is wrong.",
        "individual_id_blocked": "This number is blocked for now.",
        "no_attempts_left": "Too many attempts; this number is blocked for now.",
    },
    "am": {
        "invalid_individual_id": "ይህ ፋን ወይም ፊን አይደለም፤ አሃዞቹን ያረጋግጡ።",
        "IDA-MLC-018": "ይህ ቁጥር የማንም አይደለም።",
        "IDA-OTA-012": "መጀመሪያ የአንድ ጊዜ ቁጥር ይጠይቁ።",
        "auth_failed": "የአንድ ጊዜ ቁጥሩ ትክክል አይደለም።",
        "individual_id_blocked": "ይህ ቁጥር ለጊዜው ታግዷል።",
        "no_attempts_left": "ሙከራዎቹ አልቀዋል፤ ይህ ቁጥር ለጊዜው ታግዷል።",
    },
}


def words(*, locale: str) -> Mapping[str, str]:
    """The page's texts; English for a language that it does not speak."""
    return _AMHARIC if locale.startswith("am") else _ENGLISH


def claim_label(claim: str, *, locale: str) -> str:
    """What a claim is called on the page."""
    return _CLAIMS["am" if locale.startswith("am") else "en"].get(claim, claim)


def reason(code: str, *, locale: str) -> str:
    """Why a step was refused, with eSignet's code; the code alone where nothing can be added."""
    said = _REASONS["am" if locale.startswith("am") else "en"].get(code)
    return f"{said} ({code})" if said else code
