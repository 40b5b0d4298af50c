"""Where notices may be sent: never into a network of our own, however it is spelled."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.errors import Refusal
from meqenet.marketplace.endpoints import (
    STRICT,
    EndpointRules,
    allowed_address,
    check_endpoint,
    is_public,
)

SANDBOX = EndpointRules(is_loopback_allowed=True)
NOT_PUBLIC = [
    "0.0.0.0",  # noqa: S104 - nothing listens there
    "10.0.0.5",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "172.16.3.4",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "3fff::1",
    "fc00::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]


def code_of(url: str | None, rules: EndpointRules = STRICT) -> str:
    with pytest.raises(Refusal) as refusal:
        check_endpoint(url=url, rules=rules)
    assert refusal.value.field == "webhook_url"
    return refusal.value.code


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_an_address_that_is_not_public_is_refused_when_given_and_when_resolved(text: str) -> None:
    assert not is_public(address=ip_address(text))
    if "%" not in text:
        host = f"[{text}]" if ":" in text else text
        assert code_of(f"https://{host}/hooks") == "webhook_target_refused"
    for addresses in ([text], ["8.8.8.8", text], [text, "2606:4700::1111"]):
        with pytest.raises(Refusal) as refusal:
            allowed_address(addresses=addresses, rules=STRICT)
        assert refusal.value.code == "webhook_target_refused"


@pytest.mark.parametrize("text", ["8.8.8.8", "196.188.0.1", "2606:4700::1111", "2c0f:f248::1"])
def test_a_public_address_is_taken(text: str) -> None:
    assert is_public(address=ip_address(text))
    assert allowed_address(addresses=[text, "1.1.1.1"], rules=STRICT) == text
    host = f"[{text}]" if ":" in text else text
    assert check_endpoint(url=f"https://{host}/h", rules=STRICT) == f"https://{host}/h"


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost.",
        "shop.localhost",
        "LOCALHOST",
        "printer",
        "db.internal",
        "nas.local",
        "shop.lan",
        "1.0.0.127.in-addr.arpa",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "shop..example",
    ],
)
def test_a_name_that_only_our_own_network_knows_is_refused(host: str) -> None:
    assert code_of(f"https://{host}/hooks") == "webhook_target_refused"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://shop.example/", "webhook_url_insecure"),
        ("https://shop.example:22/", "webhook_port_refused"),
        ("https://shop.example:80/", "webhook_port_refused"),
        ("https://shop.example\\@127.0.0.1/", "webhook_url_invalid"),
        ("https://:@shop.example/", "webhook_url_invalid"),
        ("https://@shop.example/", "webhook_url_invalid"),
        ("https://ሱቅ.example/", "webhook_url_invalid"),
        ("file:///etc/passwd", "webhook_url_invalid"),
        (None, "webhook_url_invalid"),
    ],
)
def test_each_rule_has_its_code(url: str | None, code: str) -> None:
    assert code_of(url) == code
    assert code_of(url, SANDBOX) == code


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9000/h", "http://localhost:80/", "http://[::1]:9000/h"]
)
def test_a_sandbox_reaches_its_own_machine_and_loosens_nothing_else(url: str) -> None:
    assert check_endpoint(url=url, rules=SANDBOX) == url
    assert code_of(url) == "webhook_target_refused"
    assert code_of("http://10.0.0.5:9000/", SANDBOX) == "webhook_target_refused"
    for address in ("127.0.0.1", "::1"):
        assert allowed_address(addresses=[address], rules=SANDBOX) == address
    for address in ("10.0.0.5", "::ffff:127.0.0.1"):
        with pytest.raises(Refusal):
            allowed_address(addresses=[address], rules=SANDBOX)


def test_a_name_without_an_address_is_refused() -> None:
    with pytest.raises(Refusal):
        allowed_address(addresses=[], rules=SANDBOX)


@given(st.integers(min_value=0, max_value=2**32 - 1))
def test_no_form_of_ipv6_that_wraps_an_ipv4_address_is_public(number: int) -> None:
    wrapped = (
        number,
        (0xFFFF << 32) | number,
        (0x64FF9B << 96) | number,
        (0x2002 << 112) | (number << 80),
        (0x20010000 << 96) | (number ^ 0xFFFFFFFF),
    )
    assert not any(is_public(address=IPv6Address(each)) for each in wrapped)


@given(st.integers(min_value=0, max_value=2**24 - 1))
def test_no_address_of_a_private_network_is_public(number: int) -> None:
    for first in (0, 10, 127):
        assert not is_public(address=IPv4Address((first << 24) | number))
