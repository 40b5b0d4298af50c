"""Requests read exactly: numbers never become floats, and no name stands twice in an object."""

import json
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any, NoReturn

from fastapi import Request, Response
from fastapi.routing import APIRoute
from typing_extensions import override


class ExactRequest(Request):
    """A request whose JSON is read with ``Decimal`` for every number that has a point."""

    @override
    async def json(self) -> Any:
        """The body's JSON.

        Raises:
            JSONDecodeError: it is none, or says one thing twice, or nests too deeply to be read.
        """
        if not hasattr(self, "_exact_json"):
            self._exact_json = read_exactly(body=await self.body())
        return self._exact_json


class ExactRoute(APIRoute):
    """A route that reads its requests as ``ExactRequest``."""

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the request before anything reads it."""
        handler = super().get_route_handler()

        async def exact(request: Request) -> Response:
            return await handler(ExactRequest(request.scope, request.receive))

        return exact


def read_exactly(*, body: bytes) -> Any:  # noqa: ANN401 - JSON can be anything
    """Read JSON without floats and without repeated names.

    Raises:
        JSONDecodeError: it is no such JSON; the text is not in the message.
    """
    try:
        return json.loads(
            body,
            parse_float=Decimal,
            parse_constant=_no_number,
            object_pairs_hook=_each_name_once,
        )
    except (ValueError, RecursionError):
        # Neither the text nor where it stands is told: the body may be private.
        raise json.JSONDecodeError("not exact JSON", "", 0) from None


def canonical(value: object) -> bytes:
    """One spelling for equal JSON values: sorted names, no spaces, numbers as they were."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_number
    ).encode()


def _number(value: object) -> str:
    if isinstance(value, Decimal):
        return f"number {value}"
    raise TypeError(f"{type(value).__name__} is not of JSON")


def _no_number(literal: str) -> NoReturn:
    raise ValueError(f"{literal} is no JSON number")


def _each_name_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in an object")
    return found
