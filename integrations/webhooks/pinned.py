"""HTTP to merchants' endpoints: connects only to an address that has been checked.

A name is resolved once, what it resolves to is checked, and that very address is connected to: a
name that leads elsewhere the next time it is asked (DNS rebinding) gains nothing. ``Host``, and the
name that TLS asks for and whose certificate it wants, stay the endpoint's own.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from typing import Final

import httpx
from typing_extensions import override

from meqenet.marketplace.endpoints import EndpointRules, allowed_address, check_endpoint

_RESOLVING_MAX: Final = 64
"""Names at a time: more than a worker's places, for one that hangs outlives its try."""
_HTTPS_PORT: Final = 443
_HTTP_PORT: Final = 80
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class PinnedTransport(httpx.AsyncBaseTransport):
    """Sends to checked addresses only.

    Args:
        rules: which endpoints may be reached.
        verify: the certificates to trust; those of the operating system without it.
        resolve: a name's addresses, for whoever does not ask the operating system.
    """

    def __init__(
        self,
        *,
        rules: EndpointRules,
        verify: ssl.SSLContext | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        self._rules = rules
        self._threads = ThreadPoolExecutor(
            max_workers=_RESOLVING_MAX, thread_name_prefix="resolve-endpoint"
        )
        self._resolve = resolve or self._ask_system
        # A connection is not kept: it was made for one name, and could be taken for another one
        # at the same address.
        self._transport = httpx.AsyncHTTPTransport(
            verify=verify or True, limits=httpx.Limits(max_keepalive_connections=0)
        )

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send to the address that the request's host has now.

        Raises:
            Refusal: as :func:`meqenet.marketplace.endpoints.check_endpoint` and
                ``webhook_target_refused``; nothing was sent.
            OSError: the name does not resolve.
            httpx.HTTPError: as httpx has it.
        """
        url = request.url
        check_endpoint(url=str(url), rules=self._rules)
        # As the wire has it: lower case, and other scripts in their xn-- form.
        host = url.raw_host.decode("ascii")
        port = url.port or (_HTTPS_PORT if url.scheme == "https" else _HTTP_PORT)
        address = allowed_address(addresses=await self._addresses(host, port), rules=self._rules)
        extensions = dict(request.extensions)
        if address != host:
            extensions["sni_hostname"] = host
        return await self._transport.handle_async_request(
            httpx.Request(
                method=request.method,
                url=url.copy_with(host=address),
                headers=request.headers,
                stream=request.stream,
                extensions=extensions,
            )
        )

    @override
    async def aclose(self) -> None:
        """Close every connection; nobody waits for a name that hangs."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        await self._transport.aclose()

    async def _addresses(self, host: str, port: int) -> Sequence[str]:
        try:
            return [str(ip_address(host))]
        except ValueError:
            return await self._resolve(host, port)

    async def _ask_system(self, host: str, port: int) -> Sequence[str]:
        # In threads of its own: names of dead endpoints must not hold those that others share.
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, _addresses_of, host, port
        )


def webhook_client(*, rules: EndpointRules) -> httpx.AsyncClient:
    """A client for merchants' endpoints: it follows no redirect and heeds no proxy.

    It has no patience of its own: whoever sends says how long an answer is awaited.
    """
    return httpx.AsyncClient(
        transport=PinnedTransport(rules=rules),
        follow_redirects=False,
        trust_env=False,
        timeout=None,  # noqa: S113 - see above
    )


def _addresses_of(host: str, port: int) -> list[str]:
    return [str(place[4][0]) for place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
