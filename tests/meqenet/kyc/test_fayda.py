from datetime import date

from meqenet.kyc.fayda import AuthorizationRequest, AuthorizationReturn, IdentityClaims


def test_nothing_private_or_secret_is_printed() -> None:
    values = (
        IdentityClaims(
            subject="pairwise-1",
            individual_id="6140798523917519",
            name="Almaz",
            birth_date=date(1990, 1, 2),
            phone="251911223344",
            gender="Female",
        ),
        AuthorizationRequest(state="state-1", nonce="nonce-1", code_verifier="verifier-1"),
        AuthorizationReturn(code="code-1", nonce="nonce-1", code_verifier="verifier-1"),
    )
    shown = repr(values)
    secrets = ("pairwise", "6140", "Almaz", "1990", "2519", "Female", "state-", "nonce-", "code-1")
    assert not any(secret in shown for secret in (*secrets, "verifier-"))
