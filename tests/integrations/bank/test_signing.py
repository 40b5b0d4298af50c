from datetime import UTC, datetime

from integrations.bank.signing import signed_headers


def test_the_signature_covers_time_nonce_and_body() -> None:
    headers = signed_headers(
        client_id="meqenet-test",
        secret="key",  # noqa: S106 - a test vector
        at=datetime(2026, 11, 23, 6, 0, 0, 999999, tzinfo=UTC),
        nonce="0123456789abcdef",
        body=b'{"a":1}',
    )
    # printf '%s' '1795413600.0123456789abcdef.{"a":1}' | openssl dgst -sha256 -hmac key
    assert headers == {
        "X-Client-Id": "meqenet-test",
        "X-Timestamp": "1795413600",
        "X-Nonce": "0123456789abcdef",
        "X-Signature": "d02609b2a3a755e5db9b7a6c4881658a901e10028b088f3290dda709df8825b8",
    }
