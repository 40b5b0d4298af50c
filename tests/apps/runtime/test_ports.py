import socket
import sys

import pytest

from apps.runtime.ports import Ports, claimed, free_ports, wanted_ports
from apps.runtime.problems import CannotRun, PortTaken

NAMES = tuple(Ports.model_fields)


def distinct() -> Ports:
    numbers = free_ports(count=len(NAMES))
    return Ports().model_copy(update=dict(zip(NAMES, numbers, strict=True)))


def test_free_ports_are_used_as_wanted() -> None:
    wanted = distinct()
    for automatic in (False, True):
        with claimed(wanted=wanted, automatic=automatic) as ports:
            assert ports == wanted


@pytest.mark.parametrize("name", NAMES)
def test_a_taken_port_is_named_with_its_part_and_its_setting(
    name: str, listener: socket.socket
) -> None:
    taken = listener.getsockname()[1]
    wanted = distinct().model_copy(update={name: taken})
    with pytest.raises(PortTaken) as refusal, claimed(wanted=wanted):
        pytest.fail("it was claimed")
    assert refusal.value.exit_code == 1
    title = Ports.model_fields[name].title
    assert title
    assert f"port {taken} is taken; it is meant for {title}." in str(refusal.value)
    assert f"MEQENET_{name.upper()}" in str(refusal.value)
    assert "--port auto" in str(refusal.value)


def test_auto_takes_the_next_free_one(listener: socket.socket) -> None:
    taken = listener.getsockname()[1]
    wanted = Ports().model_copy(update=dict.fromkeys(NAMES, taken))
    with claimed(wanted=wanted, automatic=True) as ports:
        numbers = [getattr(ports, name) for name in NAMES]
    assert taken not in numbers
    assert numbers == sorted(set(numbers))
    assert all(taken < number < taken + 200 for number in numbers)


@pytest.mark.skipif(sys.platform != "linux", reason="needs names without files")
def test_what_another_runtime_will_listen_on_is_taken() -> None:
    wanted = distinct()
    with claimed(wanted=wanted):
        with claimed(wanted=wanted, automatic=True) as other:
            assert all(getattr(other, name) != getattr(wanted, name) for name in NAMES)
        with pytest.raises(PortTaken), claimed(wanted=wanted):
            pytest.fail("it was claimed")
    with claimed(wanted=wanted) as again:
        assert again == wanted


def test_one_port_for_two_parts_is_refused() -> None:
    ports = distinct()
    wanted = ports.model_copy(update={"api_port": ports.postgres_port})
    said = "MEQENET_API_PORT: another part has port"
    with pytest.raises(CannotRun, match=said), claimed(wanted=wanted):
        pytest.fail("it was claimed")


def test_ports_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEQENET_SANDBOX_FAYDA_PORT", "19103")
    assert wanted_ports().sandbox_fayda_port == 19103
    monkeypatch.setenv("MEQENET_SANDBOX_FAYDA_PORT", "70000")
    with pytest.raises(CannotRun, match="MEQENET_SANDBOX_FAYDA_PORT: Input should be less than"):
        wanted_ports()
