import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from sandbox.faults import Faults
from sandbox.loopback import is_loopback
from sandbox.providers import Providers, callbacks
from sandbox.providers.callbacks import signature

SECRET = "whsec_" + base64.b64encode(b"a secret of the account").decode()


@dataclass
class VideoApis:
    providers: Providers
    faults: Faults
    client: aiohttp.ClientSession
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answer: int = 200

    async def called(self, request: web.Request) -> web.Response:
        self.calls.append((dict(request.headers), await request.read()))
        return web.Response(status=self.answer)

    async def done(self, provider: str, **params: Any) -> dict[str, Any]:
        key, path = (
            (self.providers.kirin_key, "/kirin/model/v1/generation")
            if provider == "kirin"
            else (self.providers.kling_key, "/kling/v1/videos/text2video")
        )
        body = {"prompt": "A red fox", "model": "kirin_v3_t2v", "aspect_ratio": "1:1"} | params
        async with self.client.post(path, json=body, headers={"Authorization": f"Bearer {key}"}) as answer:
            assert answer.status == 200, await answer.text()
        return await self.until(lambda row: row["finished_at"] is not None)

    async def until(self, ready: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The newest task's row as soon as it is ready."""
        while not ready(row := self.providers.tasks()[-1]):  # noqa: ASYNC110 - as any client, it can only ask again
            await asyncio.sleep(0.02)
        return row

    async def called_back(self) -> list[dict[str, Any]]:
        """What came of the newest task's two callbacks."""
        row = await self.until(lambda row: len(row["callbacks"]) == 2)
        outcomes: list[dict[str, Any]] = row["callbacks"]
        return outcomes

    async def url(self) -> str:
        """The address of a finished video."""
        row = await self.done("kirin")
        path = f"/kirin/model/v1/generation/task/{row['id']}"
        async with self.client.get(path, headers={"Authorization": f"Bearer {self.providers.kirin_key}"}) as answer:
            url: str = (await answer.json())["output"][0]["content"][0]["url"]
            return url

    def trouble(self, kind: str, **options: Any) -> None:
        self.faults.add({"target": "kirin", "kind": kind} | options)


@pytest.fixture(scope="session")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("videos")


@asynccontextmanager
async def served(providers: Providers, app: web.Application) -> AsyncIterator[aiohttp.ClientSession]:
    providers.attach(app)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    providers.public_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with aiohttp.ClientSession(providers.public_url) as client:
        yield client
    await runner.cleanup()


@pytest.fixture
async def apis(videos: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[VideoApis]:
    monkeypatch.setattr(callbacks, "TIMEOUT_SECONDS", 60)  # who is called has other things to do
    faults = Faults()
    async with (
        Providers(faults=faults, generate_seconds=0.02, cache_dir=videos, kling_callback_secret=SECRET) as providers,
        served(providers, web.Application()) as client,
    ):
        yield VideoApis(providers, faults, client)


async def test_a_video_is_served_whole_in_part_and_as_a_head(apis: VideoApis) -> None:
    url = await apis.url()
    async with apis.client.get(url) as answer:
        whole = await answer.read()
    assert whole[4:8] == b"ftyp"
    async with apis.client.get(url, headers={"Range": "bytes=4-7"}) as answer:
        assert (answer.status, await answer.read()) == (206, b"ftyp")
    apis.trouble("file_missing")
    async with apis.client.head(url) as answer:
        assert (answer.status, answer.headers["Content-Length"]) == (200, str(len(whole)))
    async with apis.client.get(url) as answer:
        assert (answer.status, answer.content_type) == (404, "application/xml")
    async with apis.client.get(url) as answer:
        assert await answer.read() == whole


async def test_an_address_nobody_was_given_is_404(apis: VideoApis) -> None:
    url = await apis.url()
    for guess in ("/files/guess/a.mp4", url.rsplit("/", 1)[0] + "/other.mp4"):
        async with apis.client.get(guess) as answer:
            assert answer.status == 404


async def test_a_truncated_video_promises_more_than_it_sends(apis: VideoApis) -> None:
    url = await apis.url()
    async with apis.client.get(url) as answer:
        whole = await answer.read()
    apis.trouble("file_truncated")
    async with apis.client.get(url) as answer:
        assert answer.headers["Content-Length"] == str(len(whole))
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()
    apis.trouble("file_truncated", clean=True)
    async with apis.client.get(url) as answer:
        assert await answer.read() == whole[: len(whole) // 2]


async def test_a_video_too_large_says_so_or_only_streams(apis: VideoApis) -> None:
    url = await apis.url()
    apis.trouble("file_too_large")
    async with apis.client.get(url) as answer:
        assert answer.headers["Content-Length"] == "300000000"
    size = 3_000_001
    apis.trouble("file_too_large", bytes=size)
    async with apis.client.get(url) as answer:
        assert len(await answer.read()) == size
    apis.trouble("file_too_large", bytes=size, silent=True)
    async with apis.client.get(url) as answer:
        assert "Content-Length" not in answer.headers
        assert len(await answer.read()) == size


async def test_a_video_meets_trouble_on_the_wire_when_told_to(apis: VideoApis) -> None:
    url = await apis.url()
    apis.trouble("http_500", on=["file"])
    apis.trouble("slow", on=["file"], seconds=0)
    async with apis.client.get(url) as answer:
        assert answer.status == 500
    async with apis.client.get(url) as answer:
        assert answer.status == 200


def handlers() -> list[str]:
    """The requests that are being answered."""
    return [name for task in asyncio.all_tasks() if "_handle_request" in (name := str(task.get_coro()))]


@pytest.mark.parametrize("kind", ["slow", "timeout"])
async def test_trouble_that_takes_long_ends_when_the_client_has_hung_up(apis: VideoApis, kind: str) -> None:
    url = await apis.url()
    apis.trouble(kind, on=["file"], seconds=600)

    async def ask() -> None:
        async with apis.client.get(url):
            pass

    asking = asyncio.create_task(ask())
    async with asyncio.timeout(60):
        while not handlers():  # noqa: ASYNC110 - nothing tells of a handler that begins or ends
            await asyncio.sleep(0.01)
        asking.cancel()
        while handlers():  # noqa: ASYNC110 - likewise
            await asyncio.sleep(0.01)


async def test_an_answer_that_is_slow_comes_when_the_trouble_is_cleared(apis: VideoApis) -> None:
    url = await apis.url()
    apis.trouble("slow", on=["file"], seconds=600, count=2)

    async def ask() -> int:
        async with apis.client.get(url) as answer:
            return answer.status

    asking = asyncio.create_task(ask())
    while apis.faults.waiting[0].count == 2:  # noqa: ASYNC110 - nothing tells of a fault that strikes
        await asyncio.sleep(0.01)
    apis.trouble("slow", count=0)
    assert await asking == 200
    assert await ask() == 200


async def test_a_video_that_cannot_be_rendered_fails_its_task_and_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")  # a folder is expected here
    async with (
        Providers(faults=Faults(), generate_seconds=0, cache_dir=tmp_path / "file") as providers,
        served(providers, web.Application()) as client,
    ):
        row = await VideoApis(providers, Faults(), client).done("kling")
        assert (row["status"], row["cost"], row["error"]["code"]) == ("failed", "0", "render")


async def callbacks_of(apis: VideoApis, provider: str) -> list[tuple[dict[str, str], bytes]]:
    """Finish a task that asks to be called back; headers and body of the two calls, in the order of states."""
    app = web.Application()
    app.router.add_post("/hook", apis.called)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await apis.done(provider, callback_url=f"http://127.0.0.1:{runner.addresses[0][1]}/hook")
    assert [call["status"] for call in await apis.called_back()] == [apis.answer] * 2
    await runner.cleanup()
    return apis.calls


async def test_a_service_that_forgets_calls_nobody_back(apis: VideoApis) -> None:
    apis.trouble("callback_lost", count=2)
    await apis.done("kirin", callback_url="http://127.0.0.1:9/hook")
    assert [call["error"] for call in await apis.called_back()] == ["lost", "lost"]


async def test_kirin_calls_back_with_the_task_as_the_query_tells_it(apis: VideoApis) -> None:
    tasks = [json.loads(body) for _, body in await callbacks_of(apis, "kirin")]
    assert {task["status"] for task in tasks} == {"in_progress", "completed"}
    assert {task["id"] for task in tasks} == {apis.providers.tasks()[-1]["id"]}


async def test_kling_calls_back_with_the_bare_task_and_a_signature(apis: VideoApis) -> None:
    for headers, body in await callbacks_of(apis, "kling"):
        assert json.loads(body)["task_status"] in ("processing", "succeed")
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.digest(b"a secret of the account", signed, hashlib.sha256)).decode()
        assert headers["webhook-signature"] == f"v1,{expected}"


async def test_a_callback_that_is_refused_is_noted(apis: VideoApis) -> None:
    apis.answer = 500
    assert len(await callbacks_of(apis, "kirin")) == 2


async def test_nobody_outside_this_machine_is_ever_called(apis: VideoApis) -> None:
    await apis.done("kirin", callback_url="http://192.0.2.1/hook")
    assert all("not called" in call["error"] and not call["status"] for call in await apis.called_back())


async def test_a_callback_that_nobody_takes_does_not_hold_up_the_task(apis: VideoApis) -> None:
    row = await apis.done("kirin", callback_url="http://127.0.0.1:1/hook")
    assert row["status"] == "completed"
    assert {call["error"] for call in await apis.called_back()} == {"ClientConnectorError"}


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("http://127.0.0.1:80/x", True),
        ("https://localhost/x", True),
        ("http://[::1]:9/x", True),
        ("http://127.0.0.1.example.com/", False),
        ("http://10.0.0.1/", False),
        ("ftp://127.0.0.1/", False),
        ("http://[/", False),
        ("nonsense", False),
    ],
)
def test_only_loopback_addresses_count_as_this_machine(url: str, *, ours: bool) -> None:
    assert is_loopback(url) is ours


def test_a_plain_secret_signs_as_it_is() -> None:
    headers = signature(b"{}", secret="plain", now=7.9)
    expected = hmac.digest(b"plain", f"{headers['webhook-id']}.7.{{}}".encode(), hashlib.sha256)
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(expected).decode()}"
