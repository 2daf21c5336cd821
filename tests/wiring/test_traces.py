"""Each job's way as a trace, at a collector on loopback: what is told, in one trace, and what never is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bot.wiring.traces import collected, ids_of, parsed


@dataclass
class Collector:
    """Takes spans in, as a collector does."""

    spans: list[Any] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    resources: list[dict[str, str]] = field(default_factory=list)
    address: str = ""

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.bodies.append(body)
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        for each in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.resources.append({pair.key: pair.value.string_value for pair in each.resource.attributes})
            self.spans += [span for scope in each.scope_spans for span in scope.spans]
        return web.Response(body=b"", content_type="application/x-protobuf")

    def attributes(self, name: str) -> list[dict[str, str]]:
        """What is told of the steps of that name."""
        return [
            {pair.key: pair.value.string_value or str(pair.value.int_value) for pair in span.attributes}
            for span in self.spans
            if span.name == name
        ]


@asynccontextmanager
async def collector() -> AsyncIterator[Collector]:
    taking = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", taking.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    taking.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield taking
    await runner.cleanup()


async def test_the_steps_of_a_job_are_one_trace_whatever_process_makes_them() -> None:
    async with collector() as taking:
        for instance, steps in (("a", ("accept", "submit")), ("b", ("poll", "deliver"))):
            async with collected(
                f"{taking.address}/", headers="Api-Key=hush", version="1.2", instance=instance, patience=60
            ) as traces:
                for step in steps:
                    with traces.step(step, "0123456789abcdef", provider="kling", attempt=1) as span:
                        span.note(status="running")
    trace_id, first_id = ids_of("0123456789abcdef")
    assert {span.trace_id for span in taking.spans} == {trace_id.to_bytes(16)}
    first, *others = sorted(taking.spans, key=lambda span: bool(span.parent_span_id))
    assert (first.name, first.span_id, first.parent_span_id) == ("accept", first_id.to_bytes(8), b"")
    assert {span.name for span in others} == {"submit", "poll", "deliver"}
    assert {span.parent_span_id for span in others} == {first.span_id}
    assert len({span.span_id for span in taking.spans}) == 4
    assert taking.attributes("submit") == [
        {
            "shotcaller.job": "0123456789abcdef",
            "shotcaller.provider": "kling",
            "shotcaller.attempt": "1",
            "shotcaller.status": "running",
        }
    ]
    assert {each["service.name"] for each in taking.resources} == {"shotcaller"}
    assert {each["service.instance.id"] for each in taking.resources} == {"a", "b"}
    assert {each["api-key"] for each in taking.headers} == {"hush"}


async def test_two_jobs_are_two_traces() -> None:
    assert len({ids_of(job)[0] for job in ("a", "b")}) == 2
    async with collector() as taking:
        async with collected(taking.address, headers="", version="1", instance="a", patience=60) as traces:
            for job in ("a", "b"):
                with traces.step("accept", job):
                    pass
        assert len({span.trace_id for span in taking.spans}) == 2


async def test_of_an_error_only_its_class_is_told() -> None:
    async with (
        collector() as taking,
        collected(taking.address, headers="", version="1", instance="a", patience=60) as traces,
    ):
        with pytest.raises(RuntimeError), traces.step("submit", "a"):
            raise RuntimeError("a fox with a token")
    (span,) = taking.spans
    assert (span.status.code, span.status.message, list(span.events)) == (2, "RuntimeError", [])
    assert not any(b"a fox" in body for body in taking.bodies)


async def test_a_collector_that_is_away_holds_nobody_up() -> None:
    async with asyncio.timeout(60):
        async with collected("http://127.0.0.1:9", headers="", version="1", instance="a", patience=0.2) as traces:
            with traces.step("accept", "a"):
                pass


def test_headers_are_read_as_they_are_written() -> None:
    assert parsed("Api-Key=a=b , x=1,,odd") == {"api-key": "a=b", "x": "1"}
