"""What an operator sets to reach M-PESA Ethiopia, and the addresses where it reaches us."""

import re
from enum import StrEnum
from typing import Self

import httpx
from pydantic import AnyHttpUrl, Field, SecretStr, TypeAdapter, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from integrations.mpesa.password import PasswordForm, encrypt_initiator_password
from integrations.mpesa.pay_bill import PayBillStep
from integrations.mpesa.wire import ResultPurpose

_HTTP_URL = TypeAdapter(AnyHttpUrl)


class TransactionType(StrEnum):
    """What kind of short code is paid by an STK push."""

    PAY_BILL = "CustomerPayBillOnline"
    """The short code is a pay bill; the account reference names the plan."""
    BUY_GOODS = "CustomerBuyGoodsOnline"
    """The short code is a till."""


_CONFIG = SettingsConfigDict(
    env_prefix="MEQENET_MPESA_",
    env_file=".meqenet/env",
    env_ignore_empty=True,
    extra="ignore",
    frozen=True,
    hide_input_in_errors=True,
)


class MpesaCallbackSettings(BaseSettings):
    """The part that a process needs which only receives callbacks.

    Attributes:
        callback_base_url: where the provider reaches our API, without the path.
        callback_secret: the unguessable part of our callback path; callbacks are unsigned.
    """

    model_config = _CONFIG

    callback_base_url: str
    callback_secret: SecretStr = Field(min_length=16)

    @field_validator("callback_base_url", "base_url", check_fields=False)
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        _HTTP_URL.validate_python(value)
        return value.rstrip("/")

    @field_validator("callback_secret")
    @classmethod
    def _fits_in_a_path(cls, value: SecretStr) -> SecretStr:
        if not re.fullmatch(r"[A-Za-z0-9_-]+", value.get_secret_value()):
            raise ValueError("letters, digits, '-' and '_' only: it is a part of a URL path")
        return value

    def stk_callback_url(self, *, order_id: str) -> str:
        """Where the final word on an STK push is to be sent."""
        return f"{self._our_side()}/stk/{order_id}"

    def result_url(self, *, purpose: ResultPurpose, order_id: str) -> str:
        """Where the Result of a request made for ``purpose`` is to be sent."""
        return f"{self._our_side()}/result/{purpose}/{order_id}"

    def pay_bill_url(self, *, step: PayBillStep) -> str:
        """Where M-PESA asks and tells of customers who pay to our short code."""
        return f"{self._our_side()}/pay-bill/{step}"

    def timeout_url(self, *, purpose: ResultPurpose, order_id: str) -> str:
        """Where the provider says that a request waited too long in its queue."""
        return f"{self._our_side()}/timeout/{purpose}/{order_id}"

    def _our_side(self) -> str:
        secret = self.callback_secret.get_secret_value()
        return f"{self.callback_base_url}/v1/callbacks/mpesa/{secret}"


class MpesaSettings(MpesaCallbackSettings):
    """Everything that the client needs. Defaults of open points follow the documents.

    Attributes:
        base_url: the gateway, for example ``https://api.safaricom.et``.
        consumer_key: the portal application's key, one half of the token request.
        consumer_secret: its other half.
        short_code: ours, 4 to 6 digits.
        passkey: the STK passkey of the short code.
        transaction_type: pay bill or till.
        initiator_name: the API operator of the short code, for B2C, status and reversal.
        security_credential: the operator's password, already encrypted in the portal; or else
        initiator_password: the plain one, encrypted here with
        certificate: the portal's certificate, PEM or base64 DER on one line.
        stk_version: ``v3``; versions differ between documents and libraries (providers.md 5.2).
        b2c_version: ``v2``.
        reversal_version: ``v2``.
        status_version: ``v1``.
        password_form: the Ethiopian password, or the Kenyan one where a gateway wants it.
        whole_amounts_only: refuse santim before sending, where a gateway takes whole birr only.
        transaction_description: at most 13 characters, shown with the prompt.
        b2c_command: ``BusinessPayment``, ``SalaryPayment`` or ``PromotionPayment``.
        reversal_receiver_type: ``4`` or ``11``; both occur (providers.md 2.7).
        connect_timeout_seconds: how long a connection may take; nothing has been sent by then.
        answer_timeout_seconds: how long the gateway may take to answer.
    """

    model_config = _CONFIG

    base_url: str
    consumer_key: SecretStr
    consumer_secret: SecretStr
    short_code: str = Field(pattern=r"^\d{4,6}$")
    passkey: SecretStr
    transaction_type: TransactionType = TransactionType.PAY_BILL
    initiator_name: str
    security_credential: SecretStr | None = None
    initiator_password: SecretStr | None = None
    certificate: str | None = None
    stk_version: str = Field(default="v3", pattern=r"^v\d$")
    b2c_version: str = Field(default="v2", pattern=r"^v\d$")
    reversal_version: str = Field(default="v2", pattern=r"^v\d$")
    status_version: str = Field(default="v1", pattern=r"^v\d$")
    password_form: PasswordForm = PasswordForm.ET
    whole_amounts_only: bool = False
    transaction_description: str = Field(default="Meqenet", max_length=13)
    b2c_command: str = "BusinessPayment"
    reversal_receiver_type: str = Field(default="4", pattern=r"^(4|11)$")
    connect_timeout_seconds: float = Field(default=5, gt=0)
    answer_timeout_seconds: float = Field(default=20, gt=0)

    @model_validator(mode="after")
    def _initiator_can_sign(self) -> Self:
        plain = self.initiator_password is not None and self.certificate is not None
        if self.security_credential is None and not plain:
            raise ValueError("give security_credential, or initiator_password and certificate")
        return self

    def credential(self) -> str:
        """The ``SecurityCredential`` of one request.

        Raises:
            Defect: the certificate cannot be read.
        """
        if self.security_credential is not None:
            return self.security_credential.get_secret_value()
        if self.initiator_password is None or self.certificate is None:
            raise ValueError("give security_credential, or initiator_password and certificate")
        return encrypt_initiator_password(
            password=self.initiator_password.get_secret_value(), certificate=self.certificate
        )

    def timeout(self) -> httpx.Timeout:
        """How long one exchange may take."""
        return httpx.Timeout(self.answer_timeout_seconds, connect=self.connect_timeout_seconds)
