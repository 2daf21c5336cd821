"""One video is followed through the log by its job's id: from the command to the message, through trouble too."""

import json
from typing import Any

import pytest

from tests.acceptance.system import ON_FILE, SMALL, System


@ON_FILE
@pytest.mark.parametrize("generate_seconds", [0.4], indirect=True, ids=[""])
async def test_every_line_from_the_command_to_the_message_has_the_jobs_id(system: System) -> None:
    people = system.people

    async def connected() -> bool:
        return system.log.exists() and "connected to Discord" in system.log.read_text()

    async with system.process(log_format="json", log_level="INFO"):
        await people.until(connected, what="the last line of its start")
        await people.fault("kirin", "http_429", on=["create"])
        await people.fault("kirin", "file_missing")
        sent = await people.types("video create", **SMALL)
        result = await people.result()
        await system.rest()
    lines: list[dict[str, Any]] = [json.loads(line) for line in system.log.read_text().splitlines() if line[:1] == "{"]
    events = [line["event"] for line in lines]
    job = system.database.job()
    begin, end = events.index("accepted"), events.index("delivered")
    assert [line for line in lines[begin : end + 1] if line.get("job") != job["id"]] == []
    assert {"accepted", "not submitted", "submitted", "finished", "delivery waits", "posting"} <= set(events[begin:end])
    accepted, submitted, delivered = lines[begin], lines[events.index("submitted")], lines[end]
    assert accepted["interaction"] == sent == job["idempotency_key"]
    assert submitted["task"] == job["task_id"]
    assert delivered["posted"] == result["id"], "an id is a text"
