import pytest

from apps.sandboxes.kernel.callbacks import LOOPBACK
from apps.sandboxes.kernel.settings import SandboxSettings


def test_loopback_is_the_default() -> None:
    settings = SandboxSettings()
    assert settings.host == "127.0.0.1"
    assert settings.reachable_hosts == LOOPBACK


def test_more_hosts_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEQENET_SANDBOX_CALLBACK_HOSTS", "api, checkout,")
    assert SandboxSettings().reachable_hosts == LOOPBACK | {"api", "checkout"}
