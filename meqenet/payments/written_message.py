"""A message in words, and the one text of it that is kept as evidence."""

from dataclasses import dataclass, field
from typing import Final

from meqenet.payments.messages import MessageKind

_BETWEEN: Final = "\n\n"


@dataclass(frozen=True, kw_only=True)
class WrittenMessage:
    """A message in words.

    Attributes:
        subject: of an e-mail, on one line; a text message has none.
        template_version: of the templates that it was made from.
    """

    text: str = field(repr=False)
    template_version: int
    subject: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.subject is not None and "\n" in self.subject:
            raise ValueError("subject: one line")

    @property
    def kept(self) -> str:
        """What is sealed and hashed: of an e-mail the subject, an empty line, and the text."""
        return self.text if self.subject is None else f"{self.subject}{_BETWEEN}{self.text}"


def read_kept(*, kept: str, channel: MessageKind, template_version: int) -> WrittenMessage:
    """The message again, of the text that was kept."""
    if channel is MessageKind.SMS:
        return WrittenMessage(text=kept, template_version=template_version)
    subject, _, text = kept.partition(_BETWEEN)
    return WrittenMessage(subject=subject, text=text, template_version=template_version)
