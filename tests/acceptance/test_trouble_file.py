"""Trouble with the finished file: fetched again where that may help, else the credits come back."""

from typing import Any

import pytest

from tests.acceptance.outcomes import delivered_once, given_back
from tests.acceptance.system import SMALL, System

MANY = 50


async def ask(system: System, **settings: Any) -> None:
    """Ask for a video and wait until the bot has done with it."""
    async with system.bot(**settings):
        await system.people.types("video create", **SMALL)
        await system.rest()


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "file_missing"},
        {"kind": "file_truncated"},
        {"kind": "file_truncated", "clean": True},
        {"kind": "reset", "on": ["file"]},
    ],
    ids=["missing", "cut off", "half as if whole", "reset"],
)
async def test_a_file_that_did_not_come_whole_is_fetched_again(system: System, fault: dict[str, Any]) -> None:
    await system.people.fault("kirin", **fault)
    await ask(system)
    await delivered_once(system)


@pytest.mark.parametrize("silent", [False, True], ids=["announced", "unannounced"])
async def test_a_file_over_the_cap_is_not_taken(system: System, *, silent: bool) -> None:
    await system.people.fault("kirin", "file_too_large", bytes=3_000_000, silent=silent, count=MANY)
    await ask(system, max_result_megabytes=1)
    await given_back(system, "result.over_cap")
