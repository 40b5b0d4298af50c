"""Only a checked address is connected to, and TLS still asks for the endpoint's own name."""

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from integrations.webhooks.pinned import PinnedTransport
from meqenet.errors import Refusal
from meqenet.marketplace.endpoints import STRICT, EndpointRules

SANDBOX = EndpointRules(is_loopback_allowed=True)
_ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


@dataclass
class Server:
    """What reached it: requests, and the names that TLS asked for."""

    port: int = 0
    requests: list[bytes] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)


@dataclass
class Names:
    """A name server that gives its answers one after another."""

    answers: list[Sequence[str]]
    asked: list[tuple[str, int]] = field(default_factory=list)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self.answers.pop(0)


@asynccontextmanager
async def listening(*, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    found = Server()

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(_ANSWER)
        await writer.drain()
        writer.close()

    if tls is not None:
        tls.sni_callback = lambda _socket, name, _context: found.names.append(name)
    server = await asyncio.start_server(hear, "127.0.0.1", 0, ssl=tls)
    async with server:
        found.port = server.sockets[0].getsockname()[1]
        yield found


def certificate(directory: Path, *, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context for a name, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = directory / "endpoint.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cafile=path)


async def post(
    url: str, *, names: Names, rules: EndpointRules = SANDBOX, verify: ssl.SSLContext | None = None
) -> int:
    transport = PinnedTransport(rules=rules, verify=verify, resolve=names)
    async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
        return (await client.post(url, content=b"{}")).status_code


async def test_the_address_that_was_checked_is_the_one_that_is_connected_to() -> None:
    names = Names(answers=[["127.0.0.1"], ["10.0.0.5"]])
    async with listening() as server:
        url = f"http://localhost:{server.port}/hooks"
        assert await post(url, names=names) == 204
        assert names.asked == [("localhost", server.port)], "asked once: it cannot change its mind"
        (request,) = server.requests
        assert f"\r\nhost: localhost:{server.port}\r\n".encode() in request.lower()
        with pytest.raises(Refusal) as refusal:
            await post(url, names=names)
        assert refusal.value.code == "webhook_target_refused"
        assert len(server.requests) == 1


async def test_tls_asks_for_the_name_and_wants_its_certificate(tmp_path: Path) -> None:
    tls, trusting = certificate(tmp_path, name="localhost")
    async with listening(tls=tls) as server:
        names = Names(answers=[["127.0.0.1"]])
        url = f"https://localhost:{server.port}/hooks"
        assert await post(url, names=names, verify=trusting) == 204
        assert server.names == ["localhost"]


async def test_a_certificate_of_another_name_is_not_believed(tmp_path: Path) -> None:
    tls, trusting = certificate(tmp_path, name="other.example")
    async with listening(tls=tls) as server:
        with pytest.raises(httpx.ConnectError):
            await post(
                f"https://localhost:{server.port}/hooks",
                names=Names(answers=[["127.0.0.1"]]),
                verify=trusting,
            )
        assert server.requests == []


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.5", "169.254.169.254", "64:ff9b::a00:5"])
async def test_a_public_name_that_leads_inside_is_refused(address: str) -> None:
    with pytest.raises(Refusal) as refusal:
        await post(
            "https://shop.example/hooks", names=Names(answers=[["8.8.8.8", address]]), rules=STRICT
        )
    assert refusal.value.code == "webhook_target_refused"


async def test_a_url_that_was_put_on_file_under_looser_rules_is_refused_at_delivery() -> None:
    names = Names(answers=[])
    async with listening() as server:
        with pytest.raises(Refusal):
            await post(f"http://127.0.0.1:{server.port}/hooks", names=names, rules=STRICT)
        assert server.requests == []
    assert names.asked == []
