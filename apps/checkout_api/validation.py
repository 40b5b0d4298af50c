"""What is wrong with a request's form: the field and the rule, and never what was sent."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from apps.checkout_api.told import Told


class FieldError(Told):
    """One field that does not have its form."""

    field: str
    """The field's path in the request: ``wallet.phone``."""
    rule: str
    """What it must be."""


_RULES: Final[Mapping[str, str]] = {
    "missing": "is required",
    "extra_forbidden": "no such field",
    "json_invalid": "must be one JSON object, each name once, sent as application/json",
    "model_attributes_type": "must be a JSON object, sent as application/json",
    "model_type": "must be a JSON object",
    "dict_type": "must be a JSON object",
    "string_type": "must be a text",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "has characters or a form that are not taken here",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "enum": "must be one of {expected}",
    "literal_error": "must be {expected}",
    "timezone_aware": "must name its time zone, like 2026-11-23T06:00:00Z",
}
"""pydantic's own texts are not used: some of them repeat what was sent."""
_OWN: Final = "meqenet_"
"""Types of the errors that our own validators raise; their texts are ours."""
_NAME: Final = re.compile(r"[a-z][a-z_]{0,39}", re.ASCII)
_OTHERWISE: Final = "does not have the form that is documented for it"


def own_type(name: str) -> str:
    """The type under which a validator of ours raises ``PydanticCustomError``."""
    return f"{_OWN}{name}"


def field_errors(errors: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    """Each field at fault and the rule that it breaks, from pydantic's errors."""
    return [FieldError(field=_path(error), rule=_rule(error)) for error in errors]


def _path(error: Mapping[str, Any]) -> str:
    if error["type"] == "json_invalid":
        return "body"
    place, *names = error["loc"]
    if error["type"] == "extra_forbidden" and not _NAME.fullmatch(str(names[-1])):
        # A name that is no name could be anything: say only where it stands.
        names = names[:-1]
    return ".".join(str(name) for name in names) or str(place)


def _rule(error: Mapping[str, Any]) -> str:
    kind = str(error["type"])
    if kind.startswith(_OWN):
        return str(error["msg"])
    return _RULES.get(kind, _OTHERWISE).format(**error.get("ctx", {}))
