"""Trouble with the finished file: fetched again where that may help, else the credits come back."""

from typing import Any

import pytest

from tests.acceptance.outcomes import delivered_once, given_back
from tests.acceptance.stage import SMALL, Stage

MANY = 50


async def ask(stage: Stage, **settings: Any) -> None:
    """Ask for a video and wait until the bot has done with it."""
    async with stage.bot(**settings):
        await stage.people.types("video create", **SMALL)
        await stage.rest()


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
async def test_a_file_that_did_not_come_whole_is_fetched_again(stage: Stage, fault: dict[str, Any]) -> None:
    await stage.people.fault("kirin", **fault)
    await ask(stage)
    await delivered_once(stage)


@pytest.mark.parametrize("silent", [False, True], ids=["announced", "unannounced"])
async def test_a_file_over_the_cap_is_not_taken(stage: Stage, *, silent: bool) -> None:
    await stage.people.fault("kirin", "file_too_large", bytes=3_000_000, silent=silent, count=MANY)
    await ask(stage, max_result_megabytes=1)
    await given_back(stage, "result.over_cap")
