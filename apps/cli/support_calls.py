"""How commands reach the API: under a staff key or a merchant's, and one line for each refusal."""

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import httpx

from apps.cli.reading import BAD_INPUT, end

KEY_VARIABLE: Final = "MEQENET_STAFF_KEY"
MERCHANT_KEY_VARIABLE: Final = "MEQENET_MERCHANT_KEY"
_URL_VARIABLE: Final = "MEQENET_PUBLIC_URL"
_SECONDS_MAX: Final = 60
_FAILED: Final = 400


class Refused(Exception):
    """The API's problem document, as one line."""

    def __init__(self, *, code: str, text: str, is_final: bool) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.is_final = is_final
        """Whether the same request would be refused again."""


class SupportApi:
    """The API under one key."""

    def __init__(self, *, client: httpx.Client) -> None:
        self._client = client

    def get(self, path: str, *, query: Mapping[str, str | int] | None = None) -> dict[str, Any]:
        """Read.

        Raises:
            Refused: the answer is a problem.
        """
        return _answered(self._client.get(path, params=dict(query or {})))

    def fetch(self, path: str) -> tuple[bytes, Mapping[str, str]]:
        """Read a file, and the headers that came with it.

        Raises:
            Refused: the answer is a problem.
        """
        answer = self._client.get(path)
        if answer.status_code >= _FAILED:
            _answered(answer)
        return answer.content, answer.headers

    def post(
        self, path: str, body: Mapping[str, object], *, key: str | None = None
    ) -> dict[str, Any]:
        """Write, under this idempotency key or a fresh one.

        Raises:
            Refused: the answer is a problem.
        """
        sent = {name: value for name, value in body.items() if value is not None}
        headers = {"Idempotency-Key": key or f"cli-{secrets.token_hex(8)}"}
        return _answered(self._client.post(path, json=sent, headers=headers))

    def send(self, path: str, content: bytes) -> dict[str, Any]:
        """Bring a file in, under a fresh idempotency key.

        Raises:
            Refused: the answer is a problem.
        """
        headers = {
            "Idempotency-Key": f"cli-{secrets.token_hex(8)}",
            "Content-Type": "application/octet-stream",
        }
        return _answered(self._client.post(path, content=content, headers=headers))


@contextmanager
def merchant_api(*, command: str, api: str | None) -> Iterator[SupportApi]:
    """The same for a merchant, under its own API key."""
    text = f"put your API key into {MERCHANT_KEY_VARIABLE} (`meqenet merchant add` prints one)"
    with _api(command=command, api=api, variable=MERCHANT_KEY_VARIABLE, missing=text) as reached:
        yield reached


@contextmanager
def support_api(*, command: str, api: str | None) -> Iterator[SupportApi]:
    """The API, reached until the end; ends the command where the key or the address is missing.

    Args:
        command: what is being run, for the one line that says what is missing.
        api: the API's address, else that of the settings.
    """
    text = f"put your staff key into {KEY_VARIABLE} (`meqenet staff add` prints one)"
    with _api(command=command, api=api, variable=KEY_VARIABLE, missing=text) as reached:
        yield reached


@contextmanager
def _api(*, command: str, api: str | None, variable: str, missing: str) -> Iterator[SupportApi]:
    from workers.settings import effective_environment  # noqa: PLC0415 - heavy; not for --help

    settings = effective_environment()
    key = os.environ.get(variable) or settings.get(variable)
    url = api or settings.get(_URL_VARIABLE)
    if not key:
        end(command=command, text=missing, code=BAD_INPUT)
    if not url:
        text = f"name the API's address with --api, or in {_URL_VARIABLE}"
        end(command=command, text=text, code=BAD_INPUT)
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=url, timeout=_SECONDS_MAX, headers=headers) as client:
        yield SupportApi(client=client)


def _answered(answer: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = answer.json()
    if answer.status_code < _FAILED:
        return found
    raise Refused(
        code=str(found.get("code", answer.status_code)),
        text=f"{found.get('detail', 'no reason was given')} ({found.get('code', 'no code')})",
        is_final=answer.status_code < 500,  # noqa: PLR2004 - from there on it is the server's fault
    )
