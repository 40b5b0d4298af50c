"""What the parts and their neighbours are told: the settings of one embedded runtime."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from apps.runtime.data_dir import DataDirectory, Secrets, write_private
from apps.runtime.ports import HOST, Ports
from apps.runtime.postgres import ADMIN, url_of_postgres
from apps.runtime.valkey import url_of_valkey
from workers.settings import DOMAINS, PREFIX

CHECKOUT: Final = Path(__file__).resolve().parents[2]
ADMIN_URL: Final = f"{PREFIX}ADMIN_DATABASE_URL"
NAMESPACE: Final = "meqenet"
_ANCHOR_SECONDS: Final = 60
_NO_PROXY: Final = "127.0.0.1,localhost"
_HEADER: Final = """\
# Written by `meqenet up` and removed when it stops: where its parts are, and their credentials.
# Other meqenet commands read it; a variable in the environment wins. Changes here are lost.
"""


def runtime_environment(*, secrets: Secrets, ports: Ports) -> dict[str, str]:
    """Every setting of our own, the servers' and the API's, and where providers reach us."""
    public_url = f"http://{HOST}:{ports.api_port}"
    found = {
        f"{PREFIX}TEMPORAL_ADDRESS": f"{HOST}:{ports.temporal_port}",
        f"{PREFIX}TEMPORAL_NAMESPACE": NAMESPACE,
        f"{PREFIX}TEMPORAL_UI_URL": f"http://{HOST}:{ports.temporal_ui_port}",
        f"{PREFIX}PUBLIC_URL": public_url,
        f"{PREFIX}API_HOST": HOST,
        f"{PREFIX}API_PORT": str(ports.api_port),
        f"{PREFIX}CODEC_HOST": HOST,
        f"{PREFIX}CODEC_PORT": str(ports.codec_port),
        f"{PREFIX}REDIS_URL": url_of_valkey(
            port=ports.valkey_port, password=secrets.valkey_password
        ),
        ADMIN_URL: url_of_postgres(
            port=ports.postgres_port,
            user=ADMIN,
            password=secrets.postgres_password,
            database=ADMIN,
        ),
        f"{PREFIX}ANCHOR_SECONDS": str(_ANCHOR_SECONDS),
        # Merchants' servers are on this machine, as all else is.
        f"{PREFIX}WEBHOOK_LOOPBACK": "true",
        **callback_addresses(public_url=public_url),
        **secrets.settings,
    }
    for domain in DOMAINS:
        found[f"{PREFIX}{domain.upper()}_DATABASE_URL"] = url_of_postgres(
            port=ports.postgres_port,
            user=f"meqenet_{domain}",
            password=secrets.role_passwords[domain],
            database=f"meqenet_{domain}",
        )
    return found


def callback_addresses(*, public_url: str) -> dict[str, str]:
    """Where providers and the browsers that they send back reach the API."""
    return {
        f"{PREFIX}TELEBIRR_NOTIFY_URL": f"{public_url}/v1/callbacks/telebirr",
        f"{PREFIX}MPESA_CALLBACK_BASE_URL": public_url,
        f"{PREFIX}FAYDA_REDIRECT_URI": f"{public_url}/v1/identity/fayda/return",
    }


def process_environment(*, settings: Mapping[str, str], directory: DataDirectory) -> dict[str, str]:
    """The whole environment of one of our own processes: these settings of ours, and no others."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return {
        **inherited,
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""))),
        "PYTHONUNBUFFERED": "1",
        # Everything is on this machine: no proxy stands between.
        "NO_PROXY": _NO_PROXY,
        "no_proxy": _NO_PROXY,
        **settings,
        f"{PREFIX}DATA": str(directory.root),
        f"{PREFIX}ENV_FILE": os.devnull,
    }


def publish(*, settings: Mapping[str, str], directory: DataDirectory) -> None:
    """Write the environment file, for its owner's eyes only."""
    lines = [f"{name}={_quoted(value)}\n" for name, value in sorted(settings.items())]
    write_private(path=directory.env_file, text=_HEADER + "".join(lines))


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
