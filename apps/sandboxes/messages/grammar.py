"""A message on the wire."""

import re
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from meqenet.payments.sms_segments import segment_count

_PHONE = re.compile(r"\+[1-9][0-9]{7,14}")
_MAILBOX = re.compile(r"[^@\s]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_SEGMENTS_MAX = 10


class Message(BaseModel):
    """``to`` is a phone with its country (``+2519…``) or a mailbox; only e-mail has a subject."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    channel: Literal["sms", "email"]
    sender: Annotated[str, Field(alias="from", pattern=r"^[A-Za-z0-9]{3,11}$")]
    to: Annotated[str, Field(min_length=1, max_length=254)]
    text: Annotated[str, Field(min_length=1, max_length=5000)]
    subject: Annotated[str, Field(min_length=1, max_length=200)] | None = None

    @model_validator(mode="after")
    def _as_its_channel_takes_it(self) -> Self:
        is_sms = self.channel == "sms"
        if not (_PHONE if is_sms else _MAILBOX).fullmatch(self.to):
            raise ValueError(f"to: {'a phone as +251…' if is_sms else 'a mailbox'} was expected")
        if is_sms is (self.subject is not None):
            raise ValueError("subject: an e-mail has one, a text message has none")
        if is_sms and self.segment_count > _SEGMENTS_MAX:
            raise ValueError(f"text: more than {_SEGMENTS_MAX} segments")
        return self

    @property
    def segment_count(self) -> int:
        """In how many segments a phone network carries it; 1 of an e-mail."""
        return segment_count(text=self.text) if self.channel == "sms" else 1

    @property
    def content(self) -> str:
        """What makes two messages the same."""
        return self.model_dump_json(by_alias=True)


class StrictMessage(Message):
    """The same, with unknown fields refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)
