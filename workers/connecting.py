"""Connections to Temporal and to the web, which every process makes in the same way."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from temporalio.client import Client

from integrations.temporal.codec import PayloadKeys
from integrations.temporal.connection import connect
from workers.settings import Settings

_CONNECT_SECONDS_MAX = 10
_ANSWER_SECONDS_MAX = 30


def payload_keys(*, settings: Settings) -> PayloadKeys:
    """The keys of workflow payloads."""
    ring = settings.payload_keyring()
    return PayloadKeys(current=ring.current, by_id=ring.keys)


async def temporal_client(*, settings: Settings) -> Client:
    """A client that encrypts and reads as every other of ours."""
    return await connect(
        address=settings.temporal_address,
        namespace=settings.temporal_namespace,
        keys=payload_keys(settings=settings),
    )


@asynccontextmanager
async def http_client() -> AsyncIterator[httpx.AsyncClient]:
    """One pooled client per process: it never retries, follows no redirect, heeds no proxy."""
    timeout = httpx.Timeout(_ANSWER_SECONDS_MAX, connect=_CONNECT_SECONDS_MAX)
    async with httpx.AsyncClient(
        timeout=timeout, follow_redirects=False, trust_env=False
    ) as client:
        yield client
