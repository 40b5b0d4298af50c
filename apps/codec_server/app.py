"""Decrypts workflow payloads for the Temporal UI and CLI of an operator on this machine."""

from collections.abc import Sequence

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from google.protobuf import json_format
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.converter import PayloadCodec

from meqenet.errors import Defect


def create_app(*, codec: PayloadCodec, ui_origins: Sequence[str]) -> FastAPI:
    """The codec protocol of the Temporal UI: ``POST /decode`` and ``/encode``, proto JSON.

    ``ui_origins`` are the only web origins that may call it.
    """
    app = FastAPI(title="Meqenet codec server", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=list(ui_origins),
        allow_methods=["POST"],
        allow_headers=["content-type", "x-namespace", "authorization"],
    )

    @app.post("/decode")
    async def decode(request: Request) -> Response:
        try:
            return _answer(await codec.decode(await _payloads(request)))
        except Defect as defect:
            raise HTTPException(status_code=422, detail=defect.text) from defect

    @app.post("/encode")
    async def encode(request: Request) -> Response:
        return _answer(await codec.encode(await _payloads(request)))

    @app.get("/readyz")
    async def ready() -> dict[str, str]:
        return {"status": "ready"}

    return app


async def _payloads(request: Request) -> list[Payload]:
    try:
        return list(json_format.Parse(await request.body(), Payloads()).payloads)
    except json_format.ParseError as error:
        raise HTTPException(status_code=400, detail="body: not Payloads in proto JSON") from error


def _answer(payloads: Sequence[Payload]) -> Response:
    return Response(
        json_format.MessageToJson(Payloads(payloads=payloads)), media_type="application/json"
    )
