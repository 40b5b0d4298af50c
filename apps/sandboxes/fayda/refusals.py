"""The two ways in which eSignet says no (providers.md §3.4, §3.5)."""


class LoginRefused(Exception):
    """A step of the login was refused: HTTP 200 with ``errors`` on the JSON endpoints.

    Args:
        code: eSignet's ``errorCode``.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class TokenRefused(Exception):
    """The token endpoint's answer ``{error, error_description}``.

    Args:
        error: eSignet's name of it; the description repeats it.
        status: 400, or 500 for some PKCE failures of 1.4.x.
    """

    def __init__(self, error: str, *, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.status = status
