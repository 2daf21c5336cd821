"""Sends each job's way as a trace to a collector of OpenTelemetry, where the settings name one.

The ids of a job's trace and of its first span follow from the job's own id: so every process, and every start after a
crash, goes on with the same trace, without anything about it being kept.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from hashlib import sha256
from typing import Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import NonRecordingSpan, SpanContext, Status, StatusCode, TraceFlags, set_span_in_context
from opentelemetry.trace import Span as Recorded

from bot.service.traces import ACCEPT, Span, Traces

PATIENCE: Final = 5.0  # seconds for the collector: for one call, and for what is left at the end
_PATH: Final = "/v1/traces"


class _Ids(RandomIdGenerator):
    """Gives random ids, and once those that it is told to."""

    def __init__(self) -> None:
        self.next: tuple[int, int] | None = None

    def generate_span_id(self) -> int:
        return super().generate_span_id() if self.next is None else self.next[1]

    def generate_trace_id(self) -> int:
        return super().generate_trace_id() if self.next is None else self.next[0]


class _Noted(Span):
    """Writes what is told of a step into its span."""

    def __init__(self, span: Recorded) -> None:
        self._span = span

    def note(self, **about: str | int) -> None:
        self._span.set_attributes({f"shotcaller.{name}": value for name, value in about.items()})


class CollectedTraces(Traces):
    """Hands each step to a provider of tracers as a span of the job's trace."""

    def __init__(self, provider: TracerProvider, ids: _Ids) -> None:
        self._tracer, self._ids = provider.get_tracer("shotcaller"), ids

    @contextmanager
    def step(self, name: str, job_id: str, **about: str | int) -> Iterator[Span]:
        """Follow a step; of an error no more than its class is told."""
        span = self._begin(name, job_id)
        noted = _Noted(span)
        noted.note(job=job_id, **about)
        try:
            yield noted
        except BaseException as exc:
            span.set_status(Status(StatusCode.ERROR, type(exc).__name__))
            raise
        finally:
            span.end()

    def _begin(self, name: str, job_id: str) -> Recorded:
        trace_id, first_id = ids_of(job_id)
        if name == ACCEPT:
            self._ids.next = trace_id, first_id
            try:
                return self._tracer.start_span(name, Context())
            finally:
                self._ids.next = None
        parent = SpanContext(trace_id, first_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
        return self._tracer.start_span(name, set_span_in_context(NonRecordingSpan(parent), Context()))


def ids_of(job_id: str) -> tuple[int, int]:
    """Derive the ids of a job's trace and of its first span."""
    digest = sha256(f"shotcaller trace {job_id}".encode()).digest()
    return int.from_bytes(digest[:16]), int.from_bytes(digest[16:24])


@asynccontextmanager
async def collected(
    address: str, *, headers: str, version: str, instance: str, patience: float = PATIENCE
) -> AsyncIterator[Traces]:
    """Send to the collector at an address for as long as the context lasts, in a thread that nobody waits for.

    `headers` are `name=value`, with commas between.
    """
    ids = _Ids()
    resource = Resource.create(
        {"service.name": "shotcaller", "service.version": version, "service.instance.id": instance}
    )
    provider = TracerProvider(resource=resource, id_generator=ids, shutdown_on_exit=False)
    exporter = OTLPSpanExporter(endpoint=address.rstrip("/") + _PATH, headers=parsed(headers), timeout=patience)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    logging.getLogger("opentelemetry").setLevel(logging.ERROR)  # a collector that is away is tried again by itself
    try:
        yield CollectedTraces(provider, ids)
    finally:
        await asyncio.wait([asyncio.ensure_future(asyncio.to_thread(provider.shutdown))], timeout=patience)


def parsed(headers: str) -> dict[str, str]:
    """Read headers as OpenTelemetry writes them."""
    pairs = (each.partition("=") for each in headers.split(",") if "=" in each)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
