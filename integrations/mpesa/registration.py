"""Our addresses for pay-bill payments, told to M-PESA once per short code (providers.md 2.5)."""

import httpx

from integrations.mpesa.pay_bill import PayBillStep
from integrations.mpesa.settings import MpesaSettings
from integrations.mpesa.spelling import decode, encode, text_of
from meqenet.errors import Defect, Unavailable

_PATH = "/v1/c2b-register-url/register"
_REGISTERED = "200"
_REGISTERED_ALREADY = "400"


async def register_pay_bill(*, settings: MpesaSettings, http: httpx.AsyncClient) -> bool:
    """Have M-PESA ask and tell us of customers who pay to our short code.

    Unanswered, it takes the money all the same: the statement tells of what nobody looked at.

    Args:
        settings: the short code, its key, and where M-PESA reaches us.
        http: a client.

    Returns:
        Whether they are registered now; False where the short code had registered some before,
        which only M-PESA's staff can change.

    Raises:
        Unavailable: ``mpesa_unreachable``, ``mpesa_unavailable``: nothing that we know was changed.
        Defect: ``mpesa_registration_refused``: the key or an address is wrong.
    """
    fields = {
        "ShortCode": settings.short_code,
        "ResponseType": "Completed",
        "CommandID": "RegisterURL",
        "ConfirmationURL": settings.pay_bill_url(step=PayBillStep.CONFIRMATION),
        "ValidationURL": settings.pay_bill_url(step=PayBillStep.VALIDATION),
    }
    try:
        response = await http.post(
            f"{settings.base_url}{_PATH}",
            params={"apikey": settings.consumer_key.get_secret_value()},
            content=encode(fields),
            headers={"Content-Type": "application/json"},
            timeout=settings.timeout(),
        )
    except httpx.RequestError as error:
        raise Unavailable("mpesa_unreachable", "M-PESA could not be reached") from error
    header = (decode(response.content) or {}).get("header")
    code = text_of(header.get("responseCode")) if isinstance(header, dict) else None
    if code == _REGISTERED:
        return True
    if code == _REGISTERED_ALREADY:
        return False
    if code is None:
        raise Unavailable("mpesa_unavailable", "M-PESA gave no readable answer")
    raise Defect(
        "mpesa_registration_refused",
        "M-PESA refused our pay-bill addresses: check consumer_key and short_code",
        facts={"response_code": code},
    )
