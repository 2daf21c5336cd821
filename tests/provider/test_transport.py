import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from typing import Any

import httpx
import pytest

from bot import errors
from bot.provider.breaker import Breaker
from bot.provider.call import Timeouts
from bot.provider.refusal import Complaint
from bot.provider.transport import Transport
from bot.provider.wire import BODY_LIMIT
from tests.provider.conftest import Reach, Time


def explain(_status: int, body: bytes) -> Complaint:
    return Complaint(detail=body.decode(errors="replace"))


def query(transport: Transport, path: str = "/task/1") -> Coroutine[Any, Any, Any]:
    return transport.query(path, read=json.loads, explain=explain)


def create(transport: Transport, body: Any = None) -> Coroutine[Any, Any, Any]:
    return transport.create("/make", body=body or {"a": 1}, read=json.loads, explain=explain)


class Answers:
    """A handler that gives one answer after the other, the last one for ever, and keeps the requests."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers, self.requests = list(answers), list[httpx.Request]()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Pieces(httpx.AsyncByteStream):
    """A body that counts how much of it was asked for."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces, self.taken, self.closed = pieces, 0, False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            self.taken += len(piece)
            yield piece

    async def aclose(self) -> None:
        self.closed = True


def ok(value: Any = None) -> httpx.Response:
    return httpx.Response(200, json=value or {})


async def test_a_create_sends_its_body_with_key_and_request_id(reach: Reach) -> None:
    answers = Answers(ok({"id": "1"}))
    async with reach(answers) as transport:
        assert await create(transport, {"prompt": "a fox 狐"}) == {"id": "1"}
        await query(transport)
    made, asked = answers.requests
    assert (made.method, str(made.url)) == ("POST", "https://api.example/make")
    assert (asked.method, str(asked.url)) == ("GET", "https://api.example/task/1")
    assert json.loads(made.content) == {"prompt": "a fox 狐"}
    assert made.headers["Authorization"] == "Bearer sk-live-0123456789abcdef"
    assert made.headers["Content-Type"] == "application/json"
    assert "Content-Type" not in asked.headers
    assert made.headers["X-Request-Id"] != asked.headers["X-Request-Id"]


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "ключ"])
async def test_a_key_that_no_header_can_carry_is_the_operators_fault(reach: Reach, token: str) -> None:
    answers = Answers(ok())
    with pytest.raises(errors.OperatorFault) as caught:
        await query(reach(answers, token=lambda: token))
    assert caught.value.code == "key_malformed"
    assert not answers.requests


@pytest.mark.parametrize(
    "base_url", ["ftp://api.example", "api.example", "https://api.example\x00", "https://api.example:port"]
)
async def test_an_address_that_cannot_be_is_the_operators_fault(reach: Reach, base_url: str) -> None:
    transport = reach(None, base_url=base_url, transport=None)
    with pytest.raises(errors.OperatorFault):
        await create(transport)
    with pytest.raises(errors.OperatorFault):
        await query(transport)


async def test_a_query_is_asked_twice_more_when_the_trouble_may_pass(reach: Reach, time: Time) -> None:
    answers = Answers(httpx.ConnectError("refused"), httpx.Response(503), ok({"fine": True}))
    assert await query(reach(answers)) == {"fine": True}
    assert time.slept == [0.5, 1.0]


async def test_a_query_gives_up_after_three_attempts(reach: Reach, time: Time) -> None:
    answers = Answers(httpx.Response(500, text="broken"))
    with pytest.raises(errors.ProviderUnavailable) as caught:
        await query(reach(answers))
    assert (caught.value.code, caught.value.detail) == ("http_500", "broken")
    assert len(answers.requests) == 3
    assert len(time.slept) == 2


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(400), errors.ProviderRejected),
        (httpx.Response(401), errors.OperatorFault),
        (httpx.Response(404), errors.TaskUnknown),
        (httpx.Response(302, headers={"Location": "https://elsewhere.example/"}), errors.OperatorFault),
    ],
)
async def test_what_will_not_pass_is_asked_once(reach: Reach, answer: httpx.Response, kind: type[Exception]) -> None:
    answers = Answers(answer)
    with pytest.raises(kind):
        await query(reach(answers))
    assert len(answers.requests) == 1


@pytest.mark.parametrize("header", ["7", "Thu, 05 Mar 2026 12:00:07 GMT"])
async def test_a_query_waits_as_long_as_it_is_told(reach: Reach, time: Time, header: str) -> None:
    answers = Answers(httpx.Response(429, headers={"Retry-After": header}), ok())
    await query(reach(answers))
    assert time.slept == [7.0]


async def test_a_query_that_is_told_to_wait_too_long_says_so_at_once(reach: Reach, time: Time) -> None:
    answers = Answers(httpx.Response(429, headers={"Retry-After": "600"}))
    with pytest.raises(errors.ProviderBusy) as caught:
        await query(reach(answers))
    assert caught.value.retry_after == 600
    assert not time.slept


async def test_a_query_is_not_begun_again_after_its_total_time(reach: Reach, time: Time) -> None:
    def slow(_request: httpx.Request) -> httpx.Response:
        time.seconds += 40
        return httpx.Response(502)

    with pytest.raises(errors.ProviderUnavailable):
        await query(reach(slow))
    assert len(time.slept) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.ConnectError("refused"), errors.ProviderUnavailable),
        (httpx.ConnectTimeout("slow"), errors.ProviderUnavailable),
        (httpx.PoolTimeout("full"), errors.ProviderUnavailable),
        (httpx.ReadTimeout("silent"), errors.OutcomeUnknown),
        (httpx.WriteError("cut"), errors.OutcomeUnknown),
        (httpx.ReadError("reset"), errors.OutcomeUnknown),
        (httpx.RemoteProtocolError("garbage"), errors.OutcomeUnknown),
        (httpx.DecodingError("garbage"), errors.OutcomeUnknown),
        (httpx.Response(500), errors.OutcomeUnknown),
        (httpx.Response(503), errors.OutcomeUnknown),
        (httpx.Response(200, text="<html>"), errors.OutcomeUnknown),
        (httpx.Response(303, headers={"Location": "/made/1"}), errors.OutcomeUnknown),
        (httpx.Response(307, headers={"Location": "/make"}), errors.OperatorFault),
        (httpx.Response(400), errors.ProviderRejected),
        (httpx.Response(402), errors.OperatorFault),
        (httpx.Response(429, headers={"Retry-After": "3"}), errors.ProviderBusy),
    ],
)
async def test_a_create_is_sent_once_whatever_happens(
    reach: Reach, time: Time, answer: httpx.Response | Exception, kind: type[errors.ProviderError]
) -> None:
    answers = Answers(answer)
    with pytest.raises(errors.ProviderError) as caught:
        await create(reach(answers))
    assert type(caught.value) is kind
    assert caught.value.retry_after == (3 if kind is errors.ProviderBusy else None)
    assert len(answers.requests) == 1
    assert not time.slept


async def test_what_the_api_says_outweighs_the_status(reach: Reach) -> None:
    def known(status: int, _body: bytes) -> Complaint:
        return Complaint(code=f"E{status}", error=errors.ProviderRejected)

    with pytest.raises(errors.ProviderRejected) as caught:
        await reach(Answers(httpx.Response(500))).create("/make", body={}, read=json.loads, explain=known)
    assert caught.value.code == "E500"


async def test_an_answer_that_announces_too_much_is_not_read(reach: Reach) -> None:
    body = Pieces([b"x"] * 100)
    headers = {"Content-Length": str(BODY_LIMIT + 1)}
    with pytest.raises(errors.OutcomeUnknown) as caught:
        await create(reach(Answers(httpx.Response(200, headers=headers, stream=body))))
    assert caught.value.code == "malformed"
    assert (body.taken, body.closed) == (0, True)


async def test_an_answer_that_grows_too_long_is_cut_off(reach: Reach) -> None:
    body = Pieces(b"x" * 65_536 for _ in range(10_000))
    with pytest.raises(errors.OutcomeUnknown):
        await create(reach(Answers(httpx.Response(200, stream=body))))
    assert body.taken <= BODY_LIMIT + 65_536
    assert body.closed


async def test_an_error_answer_that_cannot_be_read_still_has_its_status(reach: Reach) -> None:
    def cut() -> Iterable[bytes]:
        yield b"the task"
        raise httpx.ReadError("reset")

    for body in (Pieces(cut()), Pieces(b"x" * 65_536 for _ in range(100))):
        with pytest.raises(errors.ProviderRejected) as caught:
            await create(reach(Answers(httpx.Response(400, stream=body))))
        assert caught.value.code == "http_400"


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
async def test_an_answer_that_came_packed_unasked_is_read(
    reach: Reach, encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    answers = Answers(httpx.Response(200, headers={"Content-Encoding": encoding}, stream=Pieces([pack(b'{"id": 1}')])))
    assert await create(reach(answers)) == {"id": 1}
    assert answers.requests[0].headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(b" " * (BODY_LIMIT + 1))),
        ("gzip", gzip.compress(b'{"id": 1}')[:-9]),
        ("gzip", b'{"id": 1}'),
        ("br", b"\x0b\x02\x80"),
    ],
    ids=["bomb", "cut", "not packed", "unknown"],
)
async def test_a_packed_answer_that_is_a_trap_or_broken_is_refused(reach: Reach, encoding: str, body: bytes) -> None:
    answer = httpx.Response(200, headers={"Content-Encoding": encoding}, stream=Pieces([body]))
    with pytest.raises(errors.OutcomeUnknown):
        await create(reach(Answers(answer)))


async def test_no_more_calls_than_allowed_are_under_way(reach: Reach) -> None:
    under_way, most = 0, 0
    full, go_on = asyncio.Event(), asyncio.Event()

    async def handler(_request: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        if under_way == 4:
            full.set()
        await go_on.wait()
        under_way -= 1
        return ok()

    transport = reach(handler, connections=4)
    calls = [asyncio.create_task(query(transport)) for _ in range(20)]
    await full.wait()
    go_on.set()
    await asyncio.gather(*calls)
    assert most == 4


async def test_a_call_that_finds_no_place_was_certainly_not_sent(reach: Reach) -> None:
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def handler(_request: httpx.Request) -> httpx.Response:
        arrived.set()
        await go_on.wait()
        return ok()

    transport = reach(handler, connections=1, timeouts=Timeouts(pool=0.01))
    first = asyncio.create_task(create(transport))
    await arrived.wait()
    with pytest.raises(errors.ProviderUnavailable) as caught:
        await create(transport)
    assert caught.value.code == "pool_timeout"
    go_on.set()
    await first


async def test_a_call_that_never_ends_is_cut_off(reach: Reach) -> None:
    async def drips() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.001)

    transport = reach(lambda _: httpx.Response(200, content=drips()), timeouts=Timeouts(call=0.05))
    with pytest.raises(errors.OutcomeUnknown) as caught:
        await create(transport)
    assert caught.value.code == "timeout_error"


async def test_after_five_failures_the_service_is_left_alone_until_one_probe_succeeds(reach: Reach, time: Time) -> None:
    answers = Answers(httpx.ReadTimeout("silent"))
    transport = reach(answers)
    for _ in range(5):
        with pytest.raises(errors.OutcomeUnknown):
            await create(transport)
    time.seconds += 10
    for call in (create, query):
        with pytest.raises(errors.ProviderUnavailable) as caught:
            await call(transport)
        assert (caught.value.code, caught.value.retry_after) == ("circuit_open", 20)
    assert len(answers.requests) == 5
    time.seconds += 20
    answers.answers = [ok({"id": 1})]
    assert await create(transport) == {"id": 1}
    assert await create(transport) == {"id": 1}


@pytest.mark.parametrize("status", [400, 401, 404, 409, 429])
async def test_a_service_that_says_no_is_a_service_that_answers(reach: Reach, status: int) -> None:
    answers = Answers(httpx.Response(status, headers={"Retry-After": "600"}))
    transport = reach(answers)
    for _ in range(8):
        with pytest.raises(errors.ProviderError) as caught:
            await query(transport)
        assert caught.value.code == f"http_{status}"
    assert len(answers.requests) == 8


async def test_a_cancelled_probe_does_not_keep_the_circuit_open(reach: Reach, time: Time) -> None:
    async def hangs(_request: httpx.Request) -> httpx.Response:
        arrived.set()
        await asyncio.Event().wait()
        raise AssertionError

    arrived = asyncio.Event()
    breaker = Breaker(clock=time, threshold=1)
    with pytest.raises(errors.OutcomeUnknown):
        await create(reach(Answers(httpx.Response(500)), breaker=breaker))
    time.seconds += 30
    probe = asyncio.create_task(create(reach(hangs, breaker=breaker)))
    await arrived.wait()
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    assert await create(reach(Answers(ok({"id": 1})), breaker=breaker)) == {"id": 1}


async def test_every_phase_has_its_timeout_and_a_create_is_given_longer(reach: Reach) -> None:
    answers = Answers(ok())
    transport = reach(answers, timeouts=Timeouts(connect=1, read=2, read_create=3, write=4, pool=5))
    await query(transport)
    await create(transport)
    assert [request.extensions["timeout"] for request in answers.requests] == [
        {"connect": 1, "read": 2, "write": 4, "pool": 5},
        {"connect": 1, "read": 3, "write": 4, "pool": 5},
    ]
