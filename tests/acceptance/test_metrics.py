"""What a Prometheus server reads of a real bot that makes a video, and that it reads nothing about anybody."""

import re
import socket

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.acceptance.system import PROMPT, SMALL, System


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        number: int = free.getsockname()[1]
        return number


async def read(system: System, port: int) -> dict[str, Metric]:
    async with system.client.get(f"http://127.0.0.1:{port}/metrics") as response:
        text = await response.text()
    assert PROMPT not in text
    assert not re.search(r"[0-9]{15,}\"", text), "the id of somebody or something"
    return {family.name.removeprefix("shotcaller_"): family for family in text_string_to_metric_families(text)}


def value(found: dict[str, Metric], family: str, ending: str = "", **labels: str) -> float:
    """The sum of what a family's samples of these labels say."""
    name = f"shotcaller_{family}{ending}"
    samples = [each for each in found[family].samples if each.name == name and labels.items() <= each.labels.items()]
    return sum(each.value for each in samples)


async def read_whole(system: System, port: int) -> dict[str, Metric] | None:
    """What is read once the database was not too slow, and the loop's lag was measured."""
    found = await read(system, port)
    measured = value(found, "event_loop_lag_seconds", "_count") >= 1
    return found if measured and value(found, "database_answers") == 1 else None


async def test_a_video_is_counted_from_the_command_to_the_post(system: System) -> None:
    port = free_port()
    async with system.bot(health_port=port, metrics="true"):
        await system.people.answered(await system.people.types("video create", **SMALL))
        await system.people.result()
        await system.rest()
        await system.people.answered(await system.people.types("video create", **{**SMALL, "duration": 15}, user="ben"))
        found = await system.people.until(
            lambda: read_whole(system, port), what="the figures of the database and the loop"
        )
    assert value(found, "commands", "_total", name="video create", outcome="done") == 2
    assert value(found, "acknowledgement_seconds", "_count") >= 2
    assert value(found, "job_waiting_seconds", "_count", provider="kirin") >= 1
    assert value(found, "job_making_seconds", "_count", provider="kirin") >= 1
    assert value(found, "deliveries", "_total", rung="channel") >= 1
    assert value(found, "job_delivering_seconds", "_count") >= 1
    assert value(found, "video_fits", "_total") >= 1
    assert value(found, "provider_calls", "_total", call="submit", outcome="ok") >= 1
    assert value(found, "provider_call_seconds", "_count", provider="kirin") >= 2
    assert value(found, "database_transaction_seconds", "_count", outcome="ok") > 10
    assert {each.labels["state"] for each in found["jobs"].samples} == {"review", "queued", "at_work", "delivery"}
    assert value(found, "credits", "_total", kind="hold") == 3 + 15
    assert value(found, "credits", "_total", kind="settle") >= 3
    assert value(found, "usd", "_total", kind="settle") >= 0.252


async def test_nobody_is_told_anything_where_the_settings_do_not_ask_for_it(system: System) -> None:
    port = free_port()
    async with system.bot(health_port=port), system.client.get(f"http://127.0.0.1:{port}/metrics") as response:
        assert response.status == 404
