"""A web page in a browser on this machine can neither act in the sandbox nor look at it."""

import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from sandbox.server import Sandbox

PEOPLE = json.dumps({"names": ["eve"]})


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(environment={}) as sandbox:
        yield sandbox


async def ask(sandbox: Sandbox, path: str, *, method: str = "GET", body: str | None = None, **headers: str) -> int:
    """The status of a request as a browser would send it."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    async with (
        aiohttp.ClientSession(skip_auto_headers=["Content-Type"]) as client,
        client.request(method, sandbox.url + path, data=body, headers=sent) as answer,
    ):
        return answer.status


async def act(sandbox: Sandbox, **headers: str) -> int:
    return await ask(sandbox, "/control/people", method="POST", body=PEOPLE, **headers)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_what_a_page_may_send_unasked_does_nothing(sandbox: Sandbox, kind: str) -> None:
    assert await act(sandbox, **({"Content_Type": kind} if kind else {})) == 415
    assert "eve" not in {user.username for user in sandbox.discord.world.users.values()}


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8"])
async def test_json_acts(sandbox: Sandbox, kind: str) -> None:
    assert await act(sandbox, Content_Type=kind) == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "192.0.2.1", "[::2]", ""]
)
@pytest.mark.parametrize(
    "path",
    ["/control/state", "/control/people", "/api/v10/gateway", "/gateway", "/kirin/model/v1/generation", "/files/a/b"],
)
async def test_a_name_that_is_not_this_machines_is_turned_away(sandbox: Sandbox, path: str, host: str) -> None:
    assert await ask(sandbox, path, Host=host) == 403


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8080", "[::1]:1", "127.5.5.5"])
async def test_every_name_of_this_machine_is_taken(sandbox: Sandbox, host: str) -> None:
    assert await ask(sandbox, "/control/state", Host=host) == 200
    assert await ask(sandbox, "/api/v10/gateway", Host=host) == 200


async def test_a_sandbox_that_is_open_to_others_is_driven_from_this_machine_alone() -> None:
    async with Sandbox(host="0.0.0.0", environment={}) as sandbox:  # noqa: S104 - what is tried here
        assert await ask(sandbox, "/api/v10/gateway", Host="sandbox.example") == 200
        assert await ask(sandbox, "/control/state", Host="sandbox.example") == 403
        assert await ask(sandbox, "/control/state", Host="localhost") == 200
