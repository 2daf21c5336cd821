import asyncio
import base64
import json
import os
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from sandbox.server import Sandbox, serve
from tests.sandbox.conftest import Harness

SERVE = "import asyncio, sys; from sandbox.server import serve; sys.exit(asyncio.run(serve(generate_seconds=0.1)))"


async def test_the_description_is_what_the_issue_says(plain: Harness) -> None:
    described = plain.sandbox.describe()
    url = plain.sandbox.url

    assert described["kirin"]["base_url"] == f"{url}/kirin"
    assert described["kling"]["base_url"] == f"{url}/kling"
    assert {"api_key", "access_key", "secret_key"} <= set(described["kling"])
    assert described["discord"]["api"] == f"{url}/api/v10"
    assert described["discord"]["gateway"] == f"{url.replace('http', 'ws')}/gateway"
    assert {"ana", "ben", "admin"} <= set(described["discord"]["users"])
    assert described["discord"]["channels"]["general"] == plain.channel().id
    assert described["control"] == f"{url}/control"
    assert described["env"]["DISCORD_TOKEN"] == described["discord"]["token"]
    assert described["env"]["KLING_BASE_URL"] + described["env"]["KLING_PATH_PREFIX"] == f"{url}/kling"
    assert all(isinstance(value, str) for value in described["env"].values())


async def test_the_token_looks_like_one_and_is_never_the_same(plain: Harness) -> None:
    token = plain.world.token
    async with Sandbox(environment={}) as other:
        assert other.discord.world.token != token

    head, *rest = token.split(".")
    assert base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)).decode() == plain.world.bot.id
    assert [len(part) for part in rest] == [6, 38]


async def test_the_providers_are_on_the_same_port(plain: Harness) -> None:
    async with plain.client.post(f"{plain.sandbox.url}/kirin/model/v1/generation", json={}) as answer:
        assert answer.status == 401


async def test_the_environment_names_the_document(tmp_path: Path) -> None:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps({"paths": {}, "components": {"schemas": {}}}))

    async with Sandbox(environment={"SANDBOX_OPENAPI": str(path)}) as sandbox:
        assert sandbox.discord.document is not None
    async with Sandbox(environment={"SANDBOX_OPENAPI": str(tmp_path / "absent.json")}) as sandbox:
        assert sandbox.discord.document is None


async def test_discord_waits_three_seconds_for_a_first_answer_unless_it_is_told_otherwise() -> None:
    longer = {"SANDBOX_FIRST_ANSWER_SECONDS": "60"}
    for environment, given, waits in (({}, None, 3), (longer, None, 60), (longer, 5.0, 5)):
        async with Sandbox(environment=environment, first_answer_seconds=given) as sandbox:
            assert sandbox.discord.interactions.first_answer_seconds == waits


async def test_nothing_is_left_behind() -> None:
    async with Sandbox(environment={}) as sandbox:
        folder, url = sandbox.discord.cdn.folder, sandbox.url
        assert folder.is_dir()

    assert not folder.exists()
    async with aiohttp.ClientSession() as client:
        with pytest.raises(aiohttp.ClientConnectionError):
            await client.get(url)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_served_sandbox_prints_one_line_and_stops_when_told(tmp_path: Path, number: signal.Signals) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVE, stdout=asyncio.subprocess.PIPE, env=environment
    )
    assert process.stdout is not None
    described = json.loads(await process.stdout.readline())
    async with aiohttp.ClientSession() as client, client.get(f"{described['control']}/state") as answer:
        assert answer.status == 200
    process.send_signal(number)
    rest = await process.stdout.read()

    assert (await process.wait(), rest, await asyncio.to_thread(os.listdir, tmp_path)) == (0, b"", [])


async def test_serving_ends_at_a_signal_and_takes_no_more_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    serving = asyncio.create_task(serve(generate_seconds=0.1))
    printed = ""
    while not printed.endswith("\n"):
        await asyncio.sleep(0.01)
        printed += capsys.readouterr().out
    assert json.loads(printed)["control"]
    os.kill(os.getpid(), signal.SIGTERM)

    assert await serving == 0
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
