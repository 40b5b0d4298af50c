"""Where notices may be sent: to hosts on the public Internet, and never into our own network.

A merchant names the endpoint, so without these rules it could have us call what only we can reach
(SSRF). The URL is judged when it is given; what its name resolves to, at each delivery.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from meqenet.errors import Mender, Refusal

_FIELD: Final = "webhook_url"
_URL_LENGTH_MAX: Final = 2000
_PORTS: Final = frozenset({None, 443, 8443})
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
"""All that has been given out of IPv6: mapped, NAT64 and site-local forms are outside of it."""
_WRAPPED: Final = (IPv6Network("2002::/16"), IPv6Network("2001::/23"), IPv6Network("3fff::/20"))
"""6to4, Teredo and other special purposes, documentation: an address of another kind inside."""
_RELAYS: Final = IPv4Address("192.88.99.0")
_OURS_ALONE: Final = frozenset({"localhost", "local", "internal", "lan", "home", "arpa"})
"""Last labels of names that only a network of one's own knows."""
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
Address = IPv4Address | IPv6Address


@dataclass(frozen=True, kw_only=True)
class EndpointRules:
    """What a deployment allows.

    Attributes:
        is_loopback_allowed: in a sandbox on one machine, ``http`` to that machine itself, at any
            port; nothing else is loosened.
    """

    is_loopback_allowed: bool = False


STRICT: Final = EndpointRules()
"""Of a deployment that says nothing."""


def check_endpoint(*, url: str | None, rules: EndpointRules) -> str:
    """The URL, as it may be put on file; its name is not resolved.

    Raises:
        Refusal: ``webhook_url_invalid``: not a URL of an endpoint; ``webhook_target_refused``: a
            host that is not public; ``webhook_url_insecure``: not https;
            ``webhook_port_refused``: another port than 443 and 8443.
    """
    parts = _parts(url)
    if parts is None or url is None:
        raise _refusal(
            "webhook_url_invalid",
            "an http or https URL with a host, without a password, fragment or backslash; names in "
            "other scripts in their xn-- form",
        )
    host = (parts.hostname or "").rstrip(".")
    if rules.is_loopback_allowed and _is_loopback(host):
        return url
    if not _may_be_public(host):
        raise _refusal(
            "webhook_target_refused",
            "the host must be on the public Internet; give its public name or address",
        )
    if parts.scheme != "https":
        raise _refusal("webhook_url_insecure", "must begin with https://")
    if parts.port not in _PORTS:
        raise _refusal("webhook_port_refused", "the port must be 443 or 8443")
    return url


def allowed_address(*, addresses: Sequence[str], rules: EndpointRules) -> str:
    """The address to connect to, of those that the host's name has resolved to.

    One that is not allowed spoils them all: whoever mixes them tries to get past this check.

    Raises:
        Refusal: ``webhook_target_refused``.
    """
    found = [_address(text) for text in addresses]
    if not found or any(each is None or not _may_reach(each, rules=rules) for each in found):
        raise _refusal("webhook_target_refused", "its name leads to an address that is not public")
    return addresses[0]


def is_public(*, address: Address) -> bool:
    """Whether an address is a single host's on the public Internet."""
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if isinstance(address, IPv4Address):
        return int(address) >> 8 != int(_RELAYS) >> 8
    return address in _GLOBAL_UNICAST and not any(address in network for network in _WRAPPED)


def _may_reach(address: Address, *, rules: EndpointRules) -> bool:
    return (rules.is_loopback_allowed and address.is_loopback) or is_public(address=address)


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return host == "localhost" if address is None else address.is_loopback


def _may_be_public(host: str) -> bool:
    address = _address(host)
    if address is not None:
        return is_public(address=address)
    *before, last = host.split(".")
    # Resolvers take 127.1 and 0x7f000001 for addresses: no name ends in a number.
    return bool(before) and all(before) and last not in _OURS_ALONE and not _NUMBER.fullmatch(last)


def _address(text: str) -> Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _parts(url: str | None) -> SplitResult | None:
    if url is None or len(url) > _URL_LENGTH_MAX or not url.isprintable() or not url.isascii():
        return None
    if " " in url or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    is_endpoint = (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and port != 0
        and "@" not in parts.netloc
        and not parts.fragment
    )
    return parts if is_endpoint else None


def _refusal(code: str, rule: str) -> Refusal:
    return Refusal(code, f"{_FIELD}: {rule}", mender=Mender.MERCHANT, field=_FIELD)
