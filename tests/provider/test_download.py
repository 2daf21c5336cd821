import asyncio
import contextlib
import logging
import os
import traceback
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.errors import DeliveryError, ResultTooLarge, ResultUnavailable, ResultUnusable
from bot.provider.download import PIECE, Downloader

URL = "https://cdn.example/dir/1.mp4?signature=secret-1234"
PUBLIC, OTHER, PRIVATE = "93.184.215.14", "1.1.1.1", "10.0.0.1"
NAMES = {"cdn.example": [PUBLIC], "other.example": [OTHER], "inside.example": [PRIVATE], "two.example": [OTHER, PUBLIC]}


async def resolve(host: str, _port: int) -> Sequence[str]:
    if host not in NAMES:
        raise OSError(host)
    return NAMES[host]


class Server:
    """Answers by host and path; keeps what was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers, self.requests = list(answers), list[httpx.Request]()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@asynccontextmanager
async def downloading(handler: Callable[..., Any], **options: Any) -> AsyncIterator[Downloader]:
    async with Downloader(resolve=resolve, transport=httpx.MockTransport(handler), **options) as downloader:
        yield downloader


def names(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


def content_of(path: Path) -> bytes:
    return path.read_bytes()


async def downloaded(path: Path, *answers: httpx.Response | Exception, url: str = URL, cap: int = 10_000_000) -> Server:
    """The server after a download to `path`."""
    server = Server(*answers)
    async with downloading(server) as downloader:
        size = await downloader.download(url, path, cap=cap)
    assert size == len(content_of(path))
    return server


def moved(location: str, status: int = 302) -> httpx.Response:
    return httpx.Response(status, headers={"Location": location})


def file(content: Any, **headers: str) -> httpx.Response:
    return httpx.Response(200, content=content, headers={name.replace("_", "-"): v for name, v in headers.items()})


async def failing(
    tmp_path: Path, *answers: httpx.Response | Exception, url: str = URL, cap: int = 1000
) -> DeliveryError:
    """The error of a download that must leave neither a file nor a part of one."""
    with pytest.raises(DeliveryError) as caught:
        await downloaded(tmp_path / "1.mp4", *answers, url=url, cap=cap)
    assert not names(tmp_path)
    return caught.value


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, 3 * PIECE + 7])
async def test_a_file_arrives_whole(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    await downloaded(tmp_path / "1.mp4", file(content))
    assert (tmp_path / "1.mp4").read_bytes() == content
    assert names(tmp_path) == ["1.mp4"]


async def test_a_file_of_unknown_length_arrives_whole(tmp_path: Path) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for number in range(100):
            yield bytes([number]) * 10_000

    await downloaded(tmp_path / "1.mp4", file(pieces()))
    assert (tmp_path / "1.mp4").read_bytes() == b"".join(bytes([number]) * 10_000 for number in range(100))


async def test_a_file_that_was_there_is_replaced_only_by_a_whole_one(tmp_path: Path) -> None:
    path = tmp_path / "1.mp4"
    path.write_bytes(b"old")
    with pytest.raises(ResultUnavailable):
        await downloaded(path, file(b"new", Content_Length="100"))
    assert path.read_bytes() == b"old"
    await downloaded(path, file(b"new"))
    assert path.read_bytes() == b"new"


async def test_the_connection_goes_to_the_address_that_was_checked(tmp_path: Path) -> None:
    server = await downloaded(tmp_path / "1.mp4", file(b"x"))
    request = server.requests[0]
    assert str(request.url) == f"https://{PUBLIC}/dir/1.mp4?signature=secret-1234"
    assert request.headers["Host"] == "cdn.example"
    assert request.extensions["sni_hostname"] == "cdn.example"
    assert request.headers["Accept-Encoding"] == "identity"


async def test_a_name_is_resolved_once_so_that_it_cannot_change_its_mind(tmp_path: Path) -> None:
    answers = iter([[PUBLIC], [PRIVATE]])

    async def rebinding(_host: str, _port: int) -> Sequence[str]:
        return next(answers)

    server = Server(file(b"x"))
    async with Downloader(resolve=rebinding, transport=httpx.MockTransport(server)) as downloader:
        await downloader.download(URL, tmp_path / "1.mp4", cap=10)
    assert server.requests[0].url.host == PUBLIC


async def test_the_next_address_is_tried_when_one_takes_no_connection(tmp_path: Path) -> None:
    server = await downloaded(
        tmp_path / "1.mp4", httpx.ConnectTimeout("silent"), file(b"x"), url="http://two.example:8080/1"
    )
    assert [str(request.url) for request in server.requests] == [f"http://{OTHER}:8080/1", f"http://{PUBLIC}:8080/1"]
    assert {request.headers["Host"] for request in server.requests} == {"two.example:8080"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed_with_a_check_on_each_hop(tmp_path: Path, status: int) -> None:
    hops = (moved("/elsewhere", status), moved("//other.example/2.mp4", status), file(b"x"))
    server = await downloaded(tmp_path / "1.mp4", *hops)
    assert [str(request.url) for request in server.requests[1:]] == [
        f"https://{PUBLIC}/elsewhere",
        f"https://{OTHER}/2.mp4",
    ]
    assert server.requests[2].headers["Host"] == "other.example"


async def test_five_redirects_are_enough(tmp_path: Path) -> None:
    await downloaded(tmp_path / "1.mp4", *(moved("/next") for _ in range(5)), file(b"x"))
    (tmp_path / "1.mp4").unlink()
    exc = await failing(tmp_path, *(moved("/next") for _ in range(6)))
    assert (type(exc), exc.reason) == (ResultUnavailable, "unreachable")


@pytest.mark.parametrize(
    "location",
    [
        "https://inside.example/",
        "http://inside.example:8080/latest/meta-data/",
        "ftp://other.example/",
        "file:///etc/passwd",
        "https://me:pw@other.example/",
    ],
)
async def test_a_redirect_to_a_forbidden_address_is_not_followed(tmp_path: Path, location: str) -> None:
    exc = await failing(tmp_path, moved(location))
    assert (type(exc), exc.reason) == (ResultUnusable, "address")


@pytest.mark.parametrize(
    "url",
    ["https://inside.example/1", "ftp://cdn.example/1", "not a url", "https://cdn.example:port/", "http://a\x00b/"],
)
async def test_a_forbidden_url_is_never_asked(tmp_path: Path, url: str) -> None:
    exc = await failing(tmp_path, url=url)
    assert (type(exc), exc.reason) == (ResultUnusable, "address")


async def test_a_host_of_the_operators_may_be_private(tmp_path: Path) -> None:
    server = Server(file(b"x"))
    async with downloading(server, trusted_hosts=frozenset({("inside.example", 8080)})) as downloader:
        await downloader.download("http://inside.example:8080/1.mp4", tmp_path / "1.mp4", cap=10)
        with pytest.raises(ResultUnusable):
            await downloader.download("http://inside.example:8081/1.mp4", tmp_path / "2.mp4", cap=10)
    assert server.requests[0].url.host == PRIVATE


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (httpx.Response(404), ResultUnavailable, "gone"),
        (httpx.Response(403), ResultUnavailable, "gone"),
        (httpx.Response(410), ResultUnavailable, "gone"),
        (httpx.Response(401), ResultUnavailable, "gone"),
        (httpx.Response(429), ResultUnavailable, "unreachable"),
        (httpx.Response(500), ResultUnavailable, "unreachable"),
        (httpx.Response(503), ResultUnavailable, "unreachable"),
        (httpx.Response(204), ResultUnavailable, "unreachable"),
        (httpx.Response(304), ResultUnavailable, "unreachable"),
        (httpx.ConnectError("refused"), ResultUnavailable, "unreachable"),
        (httpx.ReadTimeout("silent"), ResultUnavailable, "unreachable"),
        (httpx.RemoteProtocolError("garbage"), ResultUnavailable, "unreachable"),
        (file(b"x" * 1001), ResultTooLarge, "over_cap"),
        (file(b"x", Content_Length="1001"), ResultTooLarge, "over_cap"),
        (file(b"x", Content_Length="2"), ResultUnavailable, "truncated"),
    ],
)
async def test_what_is_not_the_file_has_its_reason(
    tmp_path: Path, answer: httpx.Response | Exception, kind: type[DeliveryError], reason: str
) -> None:
    exc = await failing(tmp_path, answer)
    assert (type(exc), exc.reason) == (kind, reason)


async def test_a_packed_file_is_refused_unread(tmp_path: Path) -> None:
    async def bomb() -> AsyncIterator[bytes]:
        raise AssertionError
        yield b""

    exc = await failing(tmp_path, file(bomb(), Content_Encoding="gzip"))
    assert (type(exc), exc.reason) == (ResultUnusable, "encoding")


async def test_the_cap_holds_for_what_really_arrives(tmp_path: Path) -> None:
    given_out = 0

    async def too_much() -> AsyncIterator[bytes]:
        nonlocal given_out
        for _ in range(1000):
            given_out += 65_536
            yield b"x" * 65_536

    cap = 4 * PIECE
    exc = await failing(tmp_path, file(too_much()), cap=cap)
    assert (type(exc), exc.reason) == (ResultTooLarge, "over_cap")
    assert given_out <= cap + 65_536


async def test_a_download_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    async def breaks(exc: Exception) -> AsyncIterator[bytes]:
        yield b"x" * 2 * PIECE
        raise exc

    for error, reason in ((httpx.ReadError("reset"), "unreachable"), (httpx.RemoteProtocolError("cut"), "truncated")):
        exc = await failing(tmp_path, file(breaks(error)), cap=10**7)
        assert (type(exc), exc.reason) == (ResultUnavailable, reason)


async def test_a_cancelled_download_leaves_nothing(tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def stalls() -> AsyncIterator[bytes]:
        yield b"x" * 2 * PIECE
        begun.set()
        await asyncio.Event().wait()

    async with downloading(Server(file(stalls()))) as downloader:
        task = asyncio.create_task(downloader.download(URL, tmp_path / "1.mp4", cap=10**7))
        await begun.wait()
        assert names(tmp_path)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert not names(tmp_path)


async def test_a_download_that_drips_for_ever_is_cut_off(tmp_path: Path) -> None:
    async def drips() -> AsyncIterator[bytes]:
        while True:
            yield b"x"
            await asyncio.sleep(0.001)

    async with downloading(Server(file(drips())), total=0.05) as downloader:
        with pytest.raises(ResultUnavailable, match="unreachable"):
            await downloader.download(URL, tmp_path / "1.mp4", cap=10**7)
    assert not names(tmp_path)


async def test_a_disk_that_takes_nothing_is_no_fault_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(ResultUnavailable, match="disk"):
        await downloaded(tmp_path / "no such folder" / "1.mp4", file(b"x"))


async def test_a_name_that_is_taken_by_a_folder_leaves_no_part_behind(tmp_path: Path) -> None:
    (tmp_path / "1.mp4").mkdir()
    with pytest.raises(ResultUnavailable, match="disk"):
        await downloaded(tmp_path / "1.mp4", file(b"x"))
    assert names(tmp_path) == ["1.mp4"]


async def test_no_cookie_of_one_host_reaches_another(tmp_path: Path) -> None:
    first = httpx.Response(302, headers={"Location": "/next", "Set-Cookie": "session=1; Path=/"})
    server = await downloaded(tmp_path / "1.mp4", first, file(b"x"))
    assert "Cookie" not in server.requests[1].headers


async def test_the_log_knows_the_host_and_nothing_more(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await downloaded(tmp_path / "1.mp4", moved("/2.mp4?signature=secret-5678"), file(b"x"))
    assert "cdn.example" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    "answer", [httpx.Response(500), httpx.ReadError("reset"), moved("http://[/?signature=secret-1")]
)
async def test_no_error_repeats_the_url(tmp_path: Path, answer: httpx.Response | Exception) -> None:
    exc = await failing(tmp_path, answer)
    assert "secret" not in "".join(traceback.format_exception(exc))


def every_kind(root: type[Exception]) -> list[type[Exception]]:
    return [root, *(kind for each in root.__subclasses__() for kind in every_kind(each))]


@pytest.mark.parametrize(
    "kind",
    [
        *every_kind(httpx.HTTPError),
        *every_kind(httpx.StreamError),
        *(httpx.InvalidURL, httpx.CookieConflict, UnicodeError, ValueError, OSError, TimeoutError),
    ],
)
async def test_whatever_a_request_ends_in_is_an_error_of_ours(tmp_path: Path, kind: type[Exception]) -> None:
    def end(_request: httpx.Request) -> httpx.Response:
        raise kind.__new__(kind)

    async with downloading(end) as downloader:
        with pytest.raises(DeliveryError):
            await downloader.download(URL, tmp_path / "1.mp4", cap=1000)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "url",
    [
        *("", "://", "http://", "https://[", "https://[::1", "https://v.example:port/", "https://v.example:99999999/"),
        *("https://v ex.example/", "https://\x00/", "https://xn--a.example/", "https://xn--\u00fc/", "https://a..b/"),
        *("https://\udcff/", "https://v.example/\udcff", "https://" + "a" * 70_000, "data:,x", "https://%zz/"),
        "https://scoped.example/",
    ],
)
async def test_a_malformed_address_is_an_error_of_ours(tmp_path: Path, url: str) -> None:
    async def scoped(host: str, _port: int) -> Sequence[str]:
        host.encode("idna")
        return ["fe80::1%eth0"] if host == "scoped.example" else [PUBLIC]

    trusted = frozenset({("scoped.example", 443)})
    handler = httpx.MockTransport(Server(*[file(b"x")] * 2))
    async with Downloader(resolve=scoped, transport=handler, trusted_hosts=trusted) as downloader:
        with contextlib.suppress(DeliveryError):
            await downloader.download(url, tmp_path / "1.mp4", cap=1000)
