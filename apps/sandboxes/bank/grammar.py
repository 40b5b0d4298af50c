"""The transfer order on the wire: pacs.008's field names in JSON."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from meqenet.money import Money

_SWIFT_X = r"^[A-Za-z0-9/\-?:().,'+ ]{1,35}$"
"""The character set that payment systems pass on unchanged in references."""

Max35Text = Annotated[str, Field(pattern=_SWIFT_X)]
Max140Text = Annotated[str, Field(min_length=1, max_length=140)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    @field_validator("*", mode="after")
    @classmethod
    def _no_surrounding_blanks(cls, value: object, info: ValidationInfo) -> object:
        if isinstance(value, str) and value != value.strip():
            raise ValueError(f"{info.field_name}: blanks at an end")
        return value


class Amount(_Part):
    """``{"Ccy": "ETB", "Value": "1250.50"}``: always two decimals, above zero."""

    Ccy: Literal["ETB"]
    Value: Annotated[str, Field(pattern=r"^\d{1,15}\.\d{2}$")]

    @field_validator("Value")
    @classmethod
    def _above_zero(cls, value: str) -> str:
        if not Money.from_birr(value):
            raise ValueError("Value: not above zero")
        return value

    @property
    def money(self) -> Money:
        """The amount."""
        return Money.from_birr(self.Value)


class Party(_Part):
    """``{"Nm": …}``."""

    Nm: Max140Text


class Account(_Part):
    """``{"Id": …}``."""

    Id: Annotated[str, Field(pattern=r"^\d{1,34}$")]


class Agent(_Part):
    """``{"BICFI": …}``: 8 or 11 characters."""

    BICFI: Annotated[str, Field(pattern=r"^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$")]


class Remittance(_Part):
    """``{"Ustrd": …}``: free text."""

    Ustrd: Max140Text


class TransferOrder(_Part):
    """One credit transfer. ``MsgId`` names the message, ``EndToEndId`` the order."""

    MsgId: Max35Text
    EndToEndId: Max35Text
    Amt: Amount
    Dbtr: Party
    DbtrAcct: Account
    CdtrAgt: Agent
    Cdtr: Party
    CdtrAcct: Account
    RmtInf: Remittance

    @property
    def content(self) -> str:
        """What makes two orders the same: everything but the message's own name."""
        return self.model_dump_json(exclude={"MsgId"})


class StrictTransferOrder(TransferOrder):
    """The same, with unknown fields refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)
