"""The command ``meqenet codec``: decrypt payloads for the Temporal UI on this machine."""

from typing import Annotated

import typer


def register(*, app: typer.Typer) -> None:
    """Add ``codec`` to a command line."""
    app.command("codec")(codec)


def codec(
    *,
    port: Annotated[int | None, typer.Option(help="Port; MEQENET_CODEC_PORT by default.")] = None,
) -> None:
    """Serve the Temporal UI's codec endpoint until SIGTERM or Ctrl-C."""
    import uvicorn  # noqa: PLC0415 - not needed for --help

    from apps.codec_server.app import create_app  # noqa: PLC0415 - heavy; not needed for --help
    from integrations.temporal.codec import EncryptingCodec  # noqa: PLC0415 - the same
    from workers.connecting import payload_keys  # noqa: PLC0415 - the same
    from workers.settings import Settings  # noqa: PLC0415 - the same

    settings = Settings()
    ui = settings.temporal_ui_url.rstrip("/")
    origins = {ui, ui.replace("127.0.0.1", "localhost"), ui.replace("localhost", "127.0.0.1")}
    uvicorn.run(
        create_app(
            codec=EncryptingCodec(payload_keys(settings=settings)), ui_origins=sorted(origins)
        ),
        host=settings.codec_host,
        port=settings.codec_port if port is None else port,
        log_level="warning",
    )
