import asyncio
import os
import signal
from pathlib import Path

import asyncpg
import psutil
from redis.asyncio import Redis

from apps.runtime.backing import Backing, Plan, Server, backing_servers, running
from apps.runtime.ports import free_ports
from apps.runtime.temporal import SEARCH_ATTRIBUTES, temporal_binary

PASSWORD = "of-tests"  # noqa: S105 - for servers that live for seconds
WORKFLOW = ("--workflow-id", "plan-1")


def plan(directory: Path) -> Plan:
    postgres_port, valkey_port, temporal_port = free_ports(count=3)
    return Plan(
        directory=directory,
        durable=True,
        postgres_port=postgres_port,
        valkey_port=valkey_port,
        temporal_port=temporal_port,
        postgres_password=PASSWORD,
        valkey_password=PASSWORD,
    )


async def query(backing: Backing, statement: str) -> object:
    url = backing.admin_url.replace("+asyncpg", "")
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def temporal(backing: Backing, *words: str) -> str:
    process = await asyncio.create_subprocess_exec(
        str(temporal_binary()),
        *(*words, "--address", backing.temporal_address, "--namespace", "meqenet"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said
    return said.decode()


async def stored(backing: Backing) -> tuple[object, object, str]:
    async with Redis.from_url(backing.redis_url) as valkey:
        kept = await valkey.get("kept")
    described = await temporal(backing, "workflow", "describe", *WORKFLOW)
    return await query(backing, "SELECT kept FROM kept"), kept, described


async def test_data_outlives_a_power_cut_and_is_ours_alone(directory: Path) -> None:
    async with running(plan=plan(directory)) as backing:
        await _require_that_postgres_is_ours_alone_and_safe(backing)
        await query(backing, "CREATE TABLE kept AS SELECT 'in postgres' AS kept")
        async with Redis.from_url(backing.redis_url) as valkey:
            await valkey.set("kept", "in valkey")
            await valkey.waitaof(1, 0, 5000)
        start = ("workflow", "start", "--type", "Plan", "--task-queue", "plans", *WORKFLOW)
        await temporal(backing, *start)
        for server in Server:
            os.kill(backing.process_id(server), signal.SIGKILL)
    # Its process id now belongs to somebody who is no database.
    pid_file = directory / "postgres" / "data" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))

    async with running(plan=plan(directory)) as backing:
        in_postgres, in_valkey, in_temporal = await stored(backing)
        attributes = await temporal(backing, "operator", "search-attribute", "list")
    assert in_postgres == "in postgres"
    assert in_valkey == b"in valkey"
    assert "plan-1" in in_temporal
    assert all(name in attributes for name in SEARCH_ATTRIBUTES)


async def _require_that_postgres_is_ours_alone_and_safe(backing: Backing) -> None:
    assert str(await query(backing, "SHOW server_version")).startswith("18.")
    assert await query(backing, "SHOW fsync") == "on"
    assert await query(backing, "SHOW listen_addresses") == "127.0.0.1"
    assert await query(backing, "SHOW unix_socket_directories") == ""
    assert await query(backing, "SHOW data_checksums") == "on"
    trusted = "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method <> 'scram-sha-256'"
    assert await query(backing, trusted) == 0
    process = psutil.Process(backing.process_id(Server.POSTGRES))
    assert process.uids().effective != 0
    assert backing.admin_url not in repr(backing)


async def test_servers_for_tests_leave_nothing() -> None:
    async with backing_servers() as backing:
        assert await query(backing, "SHOW fsync") == "off"
        processes = [psutil.Process(backing.process_id(server)) for server in Server]
        processes += [child for process in processes for child in process.children(recursive=True)]
        assert backing.directory.is_dir()
    assert psutil.wait_procs(processes, timeout=5)[1] == []
    assert not backing.directory.exists()


async def test_only_what_is_asked_for_is_started() -> None:
    async with backing_servers(servers=[Server.VALKEY]) as backing:
        async with Redis.from_url(backing.redis_url) as valkey:
            assert await valkey.ping()
        assert {path.name for path in backing.directory.iterdir()} == {"logs", "valkey"}
