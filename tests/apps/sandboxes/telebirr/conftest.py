"""Sandboxes for the tests of this folder."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI, Request, Response

from apps.sandboxes.kernel.serve import Sandbox, running
from tests.apps.sandboxes.telebirr.worlds import Inbox, World, run_world


@pytest.fixture(scope="session")
async def inbox() -> AsyncIterator[Inbox]:
    app, box = FastAPI(), Inbox()

    @app.post("/callbacks/telebirr")
    async def notify(request: Request) -> Response:
        body = await request.body()
        json.loads(body)
        async with box.arrived:
            box.bodies.append(body)
            box.arrived.notify_all()
        return Response(status_code=box.answers.pop(0) if box.answers else 200)

    async with running(sandbox=Sandbox(provider="merchant", app=app, credentials={})) as place:
        box.url = f"{place.base_url}/callbacks/telebirr"
        yield box


@pytest.fixture(scope="session")
async def shared_world(inbox: Inbox) -> AsyncIterator[World]:
    async for world in run_world(inbox=inbox):
        yield world


@pytest.fixture(scope="session")
async def shared_strict_world(inbox: Inbox) -> AsyncIterator[World]:
    async for world in run_world(inbox=inbox, strict=True):
        yield world


@pytest.fixture
async def world(shared_world: World) -> AsyncIterator[World]:
    """The shared sandbox, left as it was found."""
    async with _put_back(shared_world):
        yield shared_world


@pytest.fixture
async def strict_world(shared_strict_world: World) -> AsyncIterator[World]:
    """The same of the one that follows the documents to the letter."""
    async with _put_back(shared_strict_world):
        yield shared_strict_world


@asynccontextmanager
async def _put_back(world: World) -> AsyncIterator[None]:
    before = await world.control("GET", "/rules")
    yield
    await world.control("PATCH", "/rules", **before)
    await world.control("DELETE", "/next")
    assert sum((m.santim for m in (await world.books()).values()), 0) == 0


@pytest.fixture
async def own_world(inbox: Inbox) -> AsyncIterator[World]:
    """A sandbox of the test's own, whose clock it may move."""
    async for world in run_world(inbox=inbox):
        yield world
