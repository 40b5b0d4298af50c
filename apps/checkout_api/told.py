"""Base of all answers."""

from pydantic import BaseModel, ConfigDict


class Told(BaseModel):
    """A part of an answer; the texts under its fields are their descriptions in the document."""

    model_config = ConfigDict(use_attribute_docstrings=True, frozen=True)
