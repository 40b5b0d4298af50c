import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
import yaml
from dotenv import dotenv_values
from pydantic_settings import BaseSettings

from apps.checkout_api.callbacks import mpesa_router, telebirr_router
from apps.checkout_api.identity_return import router as identity
from apps.checkout_api.parts import ApiSettings
from apps.runtime.environment import CHECKOUT, callback_addresses
from apps.runtime.sandboxes import SANDBOXES
from apps.runtime.temporal import SEARCH_ATTRIBUTES
from apps.sandboxes.kernel.settings import SandboxSettings
from integrations.bank.settings import BankSettings
from integrations.fayda.settings import FaydaSettings
from integrations.messages.settings import MessagesSettings
from integrations.mpesa.settings import MpesaCallbackSettings, MpesaSettings
from integrations.statements.settings import StatementSettings
from integrations.telebirr.settings import TelebirrNotifySettings, TelebirrSettings
from workers.bootstrap import domain_parts
from workers.connecting import http_client, payload_keys
from workers.front_door import front_door
from workers.opening import Environment
from workers.settings import DOMAINS, Domain, Settings
from workers.statement_signing import SignatureSettings

CLASSES: tuple[type[BaseSettings], ...] = (
    Settings,
    SandboxSettings,
    TelebirrSettings,
    MpesaSettings,
    FaydaSettings,
    BankSettings,
    MessagesSettings,
    StatementSettings,
    SignatureSettings,
    ApiSettings,
)
VARIABLE = re.compile(r"\$\{(\w+)(:\?|:-[^}]*)?\}")


@cache
def written() -> dict[str, Any]:
    text = (CHECKOUT / "docker-compose.yml").read_text()
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = written()["services"]
    return found


def environment(service: str) -> dict[str, str]:
    found: dict[str, str] = services()[service].get("environment", {})
    return found


def example() -> dict[str, str | None]:
    return dotenv_values(CHECKOUT / ".env.example", interpolate=False)


def known_settings() -> set[str]:
    return {
        f"{cls.model_config['env_prefix']}{name}".upper()
        for cls in CLASSES
        for name in cls.model_fields
    }


def stores_of(service: str) -> set[str]:
    found = (re.fullmatch(r"MEQENET_(\w+)_DATABASE_URL", name) for name in environment(service))
    return {match.group(1).lower() for match in found if match}


def test_it_is_a_compose_file() -> None:
    schemas = files("check_jsonschema") / "builtin_schemas" / "vendor"
    schema = json.loads((schemas / "compose-spec.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(written())


def test_every_setting_exists() -> None:
    named = {name for service in services() for name in environment(service)}
    ours = {name for name in named if name.startswith("MEQENET_")}
    assert len(ours) > len(DOMAINS)
    assert ours - known_settings() == set()


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_worker_gets_the_store_of_its_domain_and_no_other(domain: str) -> None:
    service = services()[f"worker-{domain}"]
    assert service["command"] == ["worker", "--domains", domain]
    assert stores_of(f"worker-{domain}") == {domain}
    url = environment(f"worker-{domain}")[f"MEQENET_{domain.upper()}_DATABASE_URL"]
    password = f"${{{domain.upper()}_DATABASE_PASSWORD:?}}"
    role = f"meqenet_{domain}"
    assert url == f"postgresql+asyncpg://{role}:{password}@postgres:5432/{role}"


def test_only_the_migrations_may_make_databases() -> None:
    assert stores_of("migrate") == {"admin", *DOMAINS}
    others = set(services()) - {"migrate"}
    assert not any("admin" in stores_of(name) for name in others)
    assert {name for name in others if "${POSTGRES_PASSWORD" in json.dumps(services()[name])} == {
        "postgres"
    }


def test_a_providers_credentials_go_to_the_one_who_calls_it() -> None:
    callers = {
        provider: {
            name for name in services() if f"MEQENET_{provider}_BASE_URL" in environment(name)
        }
        for provider in ("TELEBIRR", "MPESA", "FAYDA", "BANK", "MESSAGES")
    }
    assert callers == {
        "TELEBIRR": {"worker-payments"},
        "MPESA": {"worker-payments"},
        "FAYDA": {"worker-kyc"},
        "BANK": {"worker-settlement"},
        "MESSAGES": {"worker-payments"},
    }


def test_the_codec_server_gets_keys_and_nothing_else() -> None:
    names = set(environment("codec"))
    assert names == {
        "MEQENET_PAYLOAD_KEYS",
        "MEQENET_PAYLOAD_KEY_CURRENT",
        "MEQENET_TEMPORAL_UI_URL",
        "MEQENET_CODEC_HOST",
    }


def test_every_port_is_bound_to_this_machine() -> None:
    ports = [port for service in services().values() for port in service.get("ports", [])]
    assert len(ports) > 5
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in ports)


def test_the_example_names_exactly_what_is_asked_for() -> None:
    text = json.dumps(written())
    asked = {match.group(1) for match in VARIABLE.finditer(text)}
    assert asked == set(example())
    assert "latest" in text
    secret = re.compile(r"PASSWORD|SECRET|PRIVATE_KEY|INDEX_KEY|PASSKEY|CREDENTIAL")
    assert not any(value for name, value in example().items() if secret.search(name))


def test_no_secret_of_ours_has_a_default() -> None:
    text = json.dumps(written())
    required = {match.group(1) for match in VARIABLE.finditer(text) if match.group(2) == ":?"}
    own = {name for name in example() if "PASSWORD" in name or "_KEY" in name}
    callees = ("TELEBIRR", "MPESA", "FAYDA", "BANK", "MESSAGES")
    providers = tuple(f"MEQENET_{name}" for name in callees)
    assert {name for name in own if not name.startswith(providers)} <= required


def told(service: str, provider_values: Mapping[str, str]) -> Environment:
    """What a process reads in the service, once ``.env`` is filled in."""
    values = {
        name: VARIABLE.sub(lambda match: provider_values.get(match.group(1), "given"), value)
        for name, value in environment(service).items()
    }
    return Environment(values=values)


@pytest.mark.parametrize("domain", DOMAINS)
async def test_a_worker_is_told_enough(domain: Domain, provider_values: dict[str, str]) -> None:
    process = told(f"worker-{domain}", provider_values)
    assert process.settings.redis()
    async with (
        http_client() as http,
        domain_parts(domain=domain, environment=process, http=http) as parts,
    ):
        queues = set(parts.activities_by_queue)
    if domain == "analytics":
        # It serves no task queue, so it is told nothing of Temporal and holds no key.
        assert queues == set()
        assert set(environment(f"worker-{domain}")) == {
            "MEQENET_METRICS_HOST",
            "MEQENET_METRICS_PORT",
            "MEQENET_REDIS_URL",
            "MEQENET_ANALYTICS_DATABASE_URL",
        }
    else:
        assert domain in queues
        assert payload_keys(settings=process.settings).current


def test_the_key_that_signs_anchors_is_with_those_who_sign_and_never_with_who_verifies() -> None:
    holders = {name for name in services() if "MEQENET_ANCHOR_SIGNING_KEY" in environment(name)}
    assert holders == {f"worker-{domain}" for domain in DOMAINS if domain != "analytics"}
    assert stores_of("verify") == set(DOMAINS)
    assert "MEQENET_ANCHOR_PUBLIC_KEYS" in environment("verify")


async def test_the_api_is_told_enough_and_no_more(provider_values: dict[str, str]) -> None:
    process = told("api", provider_values)
    async with front_door(environment=process) as stores:
        assert set(stores.stores) == stores_of("api")
    assert payload_keys(settings=process.settings).current
    assert process.settings.blind_index()
    assert process.read(TelebirrNotifySettings).merchant_code
    assert process.read(MpesaCallbackSettings).callback_secret
    assert process.settings.api_host == "0.0.0.0"  # noqa: S104 - inside its container


def test_where_money_is_real_is_the_default(provider_values: dict[str, str]) -> None:
    assert environment("api")["MEQENET_API_SANDBOX"] == "${MEQENET_API_SANDBOX:-false}"
    real = {**provider_values, "MEQENET_API_SANDBOX": "false"}
    assert not told("api", real).read(ApiSettings).sandbox


def test_providers_are_told_addresses_that_exist() -> None:
    routers = (telebirr_router, mpesa_router, identity)
    paths = {route.path for router in routers for route in router.routes if hasattr(route, "path")}
    settings = callback_addresses(public_url="")
    assert settings["MEQENET_TELEBIRR_NOTIFY_URL"] in paths
    assert settings["MEQENET_FAYDA_REDIRECT_URI"] in paths
    described = {**environment("worker-payments"), **environment("worker-kyc")}
    for name in ("MEQENET_TELEBIRR_NOTIFY_URL", "MEQENET_FAYDA_REDIRECT_URI"):
        assert described[name] == f"${{MEQENET_PUBLIC_URL:?}}{settings[name]}"


def test_everything_is_waited_for() -> None:
    for name, service in services().items():
        for needed, how in service.get("depends_on", {}).items():
            once = services()[needed]["restart"].startswith("on-failure")
            expected = "service_completed_successfully" if once else "service_healthy"
            assert how == {"condition": expected}, name
            assert once or "healthcheck" in services()[needed], needed
    for name in ("api", *(f"worker-{domain}" for domain in DOMAINS)):
        assert {"migrate", "temporal-namespace"} <= set(services()[name]["depends_on"])


def test_sandboxes_are_started_on_demand_only() -> None:
    profiled = {name for name, service in services().items() if "profiles" in service}
    assert profiled == {"verify", *(f"sandbox-{name}" for name in SANDBOXES)}


def test_the_same_search_attributes_as_embedded() -> None:
    script = services()["temporal-namespace"]["command"][0]
    made = dict(re.findall(r"--name (\w+) --type (\w+)", script))
    assert made == SEARCH_ATTRIBUTES


def test_the_same_temporal_version_as_embedded() -> None:
    tags = {
        name: services()[name]["image"].rpartition(":")[2]
        for name in ("temporal", "temporal-schema", "temporal-namespace")
    }
    assert set(tags.values()) == {"1.32.0"}


def test_the_image_holds_every_package() -> None:
    text = (CHECKOUT / "Dockerfile").read_text()
    packages = {path.parent.name for path in CHECKOUT.glob("*/__init__.py")}
    assert packages >= {"meqenet", "apps"}
    assert set(re.findall(r"^COPY (\w+) \./\1$", text, re.MULTILINE)) == packages
    allowed = (CHECKOUT / ".dockerignore").read_text().splitlines()
    assert {f"!{package}" for package in packages} <= set(allowed)
