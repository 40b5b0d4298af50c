"""``Idempotency-Key``: the same request under the same key gets the same answer, for ever.

Kept are successes and refusals. Not kept are failures of ours (5xx) and answers that are not the
last word (202): the same request, sent again, is carried out again and finds its own traces.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final, Protocol

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from apps.checkout_api.exact_json import canonical
from apps.checkout_api.parts import ApiParts
from apps.checkout_api.problems import MEDIA_TYPE, Problem, as_problem, problem_body
from apps.checkout_api.problems import problem_headers as headers_of
from meqenet.errors import OutcomeUnknown, Refusal, Unavailable
from workers.front_door import Differs, Replay

KEY_HEADER: Final = "Idempotency-Key"
REPLAYED_HEADER: Final = "Idempotency-Replayed"
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_JSON: Final = "application/json"
_ACCEPTED: Final = 202
_SERVER_ERRORS: Final = 500


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a request is answered with, when it succeeds."""

    status: int
    body: BaseModel
    headers: Mapping[str, str] = field(default_factory=dict)


async def idempotency_key(
    key: Annotated[
        str | None,
        Header(
            alias=KEY_HEADER,
            description="1 to 255 visible ASCII characters of your own: repeat the request under "
            "the same key as often as you like. Another request needs another key.",
        ),
    ] = None,
) -> str:
    """The key that came with the request.

    Raises:
        Problem: 400 ``idempotency_key_missing`` or ``idempotency_key_malformed``.
    """
    if not key:
        raise _bad_key("missing", "send a key of your own with every request that writes")
    if not _KEY.fullmatch(key):
        raise _bad_key("malformed", "1 to 255 visible ASCII characters")
    return key


IdempotencyKey = Annotated[str, Depends(idempotency_key)]
"""The key that a write must carry."""


class Asker(Protocol):
    """Whoever has shown a key: a merchant, or a member of staff."""

    @property
    def asker_id(self) -> str:
        """Idempotency keys of different askers have nothing to do with each other."""
        ...


async def once(
    *,
    request: Request,
    parts: ApiParts,
    asker: Asker,
    key: str,
    act: Callable[[], Awaitable[Answer]],
    is_kept: bool = True,
    is_json: bool = True,
) -> Response:
    """Carry a request out, or give the answer that it got before.

    Args:
        request: as it came.
        parts: the API's parts.
        asker: whose key it is.
        key: the idempotency key.
        act: carries the request out.
        is_kept: False of an answer that shows a secret: it is not put on file, and ``act`` finds
            what it has done before.
        is_json: False of a file, which is compared byte by byte.

    Raises:
        Problem: 422 ``idempotency_key_reused``: the key was used for another request.
    """
    claimed = await parts.answers.claim(
        merchant_id=asker.asker_id,
        key=key,
        request_hash=await _request_hash(request, hash_key=parts.hash_key, is_json=is_json),
        at=parts.clock(),
    )
    match claimed:
        case Differs():
            raise Problem(
                status=422,
                code="idempotency_key_reused",
                detail=f"{KEY_HEADER}: this key was used for another request; take a new one",
                field=KEY_HEADER,
            )
        case Replay():
            return _response(claimed, replayed=True)
        case _:
            given = await _given(act, request_id=request.state.request_id)
    if not is_kept or given.status == _ACCEPTED or given.status >= _SERVER_ERRORS:
        return _response(given)
    kept = await parts.answers.keep(
        merchant_id=asker.asker_id, key=key, given=given, at=parts.clock()
    )
    return _response(kept, replayed=kept != given)


async def _given(act: Callable[[], Awaitable[Answer]], *, request_id: str) -> Replay:
    try:
        answer = await act()
    except (Problem, Refusal, Unavailable, OutcomeUnknown) as error:
        problem = as_problem(error)
        return Replay(
            status=problem.status,
            body=json.dumps(problem_body(problem, request_id=request_id)).encode(),
            headers={"Content-Type": MEDIA_TYPE, **headers_of(problem)},
        )
    return Replay(
        status=answer.status,
        body=answer.body.model_dump_json().encode(),
        headers={"Content-Type": _JSON, **answer.headers},
    )


def _response(given: Replay, *, replayed: bool = False) -> Response:
    response = Response(given.body, status_code=given.status, headers=dict(given.headers))
    if replayed:
        response.headers[REPLAYED_HEADER] = "true"
    return response


async def _request_hash(request: Request, *, hash_key: bytes, is_json: bool) -> str:
    body = await request.body()
    sent = canonical(await request.json()) if body and is_json else body
    text = b"\x1f".join((b"request", request.method.encode(), request.url.path.encode(), sent))
    return hmac.new(hash_key, text, hashlib.sha256).hexdigest()


def _bad_key(what: str, rule: str) -> Problem:
    return Problem(
        status=400,
        code=f"idempotency_key_{what}",
        detail=f"{KEY_HEADER}: {rule}",
        field=KEY_HEADER,
    )
