"""A video's way at a collector of OpenTelemetry, from the real bot: its steps, and nothing that anybody wrote."""

import sys

import pytest

from bot.errors import SettingsInvalid
from tests.acceptance.system import PROMPT, SMALL, System
from tests.wiring.test_traces import collector


async def test_a_video_is_followed_from_asking_to_delivery(system: System) -> None:
    async with collector() as taking:
        address, headers = taking.address, "key=hush-hush"
        async with system.bot(otel_exporter_otlp_endpoint=address, otel_exporter_otlp_headers=headers):
            await system.people.types("video create", **SMALL)
            await system.people.result()
            await system.rest()
    (job,) = system.database.jobs()
    names = {span.name for span in taking.spans}
    assert {"accept", "submit", "poll", "deliver"} <= names
    assert {each["shotcaller.job"] for name in names for each in taking.attributes(name)} == {job["id"]}
    assert len({span.trace_id for span in taking.spans}) == 1
    assert taking.attributes("submit")[-1]["shotcaller.status"] == "running"  # what was before it reached nobody
    told = b"".join(taking.bodies)
    environment = system.environment()
    for secret in (PROMPT, environment["DISCORD_TOKEN"], environment["KIRIN_API_KEY"], "hush-hush"):
        assert str(secret).encode() not in told


async def test_a_collector_without_its_packages_is_a_mistake_in_the_settings(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "bot.wiring.traces", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.context", None)
    with pytest.raises(SettingsInvalid, match="OTEL_EXPORTER_OTLP_ENDPOINT"):
        async with system.bot(otel_exporter_otlp_endpoint="http://127.0.0.1:9"):
            pass
