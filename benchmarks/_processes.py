"""What several benchmarks need: a sandbox and bots as processes of their own, and their memory."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp


@asynccontextmanager
async def process(*arguments: str, env: Mapping[str, str] | None = None) -> AsyncIterator[asyncio.subprocess.Process]:
    """A Python process, ended with the context; its log is dropped."""
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        env={**os.environ, "SANDBOX_OPENAPI": "", **(env or {})},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.terminate()
        await started.wait()


@asynccontextmanager
async def sandbox(*arguments: str) -> AsyncIterator[dict[str, Any]]:
    """Run a sandbox; give back what it printed of itself."""
    async with process("-m", "bot", "sandbox", "--port", "0", *arguments) as started:
        if started.stdout is None:
            raise RuntimeError("no output")
        yield json.loads(await started.stdout.readline())


def bot_settings(described: Mapping[str, Any], folder: str) -> dict[str, str]:
    """The settings of a bot that works with this sandbox in this folder."""
    return {
        **described["env"],
        "DATABASE_URL": f"sqlite:///{folder}/bench.db",
        "DATA_DIR": folder,
        "LOG_LEVEL": "ERROR",
    }


class People:
    """The sandbox's control address."""

    def __init__(self, session: aiohttp.ClientSession, described: Mapping[str, Any]) -> None:
        self._session, self._control = session, described["control"]

    async def get(self, path: str) -> Any:
        """Look at what is below the control address."""
        async with self._session.get(f"{self._control}/{path}") as response:
            return await response.json()

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Act at the control address."""
        async with self._session.post(f"{self._control}/{path}", json=body) as response:
            return await response.json()

    async def types(self, name: str, **options: Any) -> str:
        """Type a command as Ana; the interaction's id."""
        typed = {"user": "ana", "channel": "general", "name": name, "options": options}
        return str((await self.post("command", typed))["interaction_id"])

    async def until_connected(self) -> None:
        """Wait for a bot with commands."""
        for _ in range(300):
            if (await self.get("state"))["connected"] and (await self.get("commands"))["global"]:
                break
            await asyncio.sleep(0.1)
        await asyncio.sleep(1)


def memory(pid: int, what: str) -> int:
    """`VmRSS` (now) or `VmHWM` (at its highest) of a process, in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"no {what} for {pid}")


def forget_peak(pid: int) -> None:
    """Let `VmHWM` begin anew."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="utf-8")


def children(pid: int) -> list[int]:
    """List the processes that a process has started and that live."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(each) for children in lists for each in children.read_text(encoding="utf-8").split()]
