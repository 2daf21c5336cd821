"""The short form of `make torture`: each kind of disturbance once, and then some of everything at once."""

from pathlib import Path
from typing import Final

import pytest

from sandbox.faults import MATCHES
from tests.acceptance.forks import warm_up
from tests.torture.bot_company import bot_company
from tests.torture.bot_process import bot_process, seeded
from tests.torture.chaos import Chaos
from tests.torture.invariants import End, violations
from tests.torture.reliability_page import PAGE, line_of
from tests.torture.trial import NOTHING, try_out
from tests.torture.troubles import troubles

ELSEWHERE: Final = {"callback_lost"}  # nobody calls these bots back: tests/acceptance/test_callbacks.py
# One of each: where, at which step, what, and what comes of it.
SHORT: Final = {
    ("kirin", "create", "lost_answer"): End.POSTED,
    ("kling", "query", "http_500"): End.POSTED,
    ("kirin", "file", "file_truncated"): End.POSTED,
    ("kirin", "create", "task_failed"): End.POSTED,
    ("discord", "post of the card", "lost_answer"): End.POSTED,
    ("discord", "post of the video", "missing_permissions"): End.DIRECT,
    ("discord", "answer", "reset"): NOTHING,
    ("discord", "connection", "gateway_drop"): End.POSTED,
    ("bot", "any moment", "killed -9"): End.POSTED,
    ("bot", "any moment", "paused"): End.POSTED,
    ("bot", "any moment", "clock an hour ahead"): End.POSTED,
    ("bot", "any moment", "clock an hour back"): End.POSTED,
}


async def test_whatever_is_done_to_the_bot_everything_is_true_at_the_end(tmp_path: Path) -> None:
    warm_up()
    chosen = {(each.target, each.step, each.kind): each for each in troubles()}
    async with bot_process(tmp_path / "bot", tmp_path / "videos") as bot:
        random = seeded(8)
        came = {which: await try_out(bot, chosen[which], "once", random=random) for which in SHORT}
        # What befalls the machine may befall it before the request was taken down, by which nobody has lost anything.
        early = {which: SHORT[which] for which, end in came.items() if which[0] == "bot" and end == NOTHING}
        assert came | early == SHORT
        assert await Chaos(bot=bot, random=random, asks=5).run() == []
        await bot.end()
        bot.system.database.change(
            "UPDATE jobs SET cost_micros = 1, delivered_at = NULL, status = 'failed', attempt = 0"
        )
        noticed = "\n".join(await violations(bot.system))
    for what in ("posted 1 times", "attempts", "billed", "do not add up"):
        assert what in noticed


@pytest.mark.parametrize("kind", sorted((MATCHES["provider"].keys() | MATCHES["discord"].keys()) - ELSEWHERE))
def test_every_kind_of_fault_is_tried(kind: str) -> None:
    assert any(each.kind == kind for each in troubles())


def test_the_page_has_a_line_for_each_trouble() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [each for each in troubles() if line_of(each) not in text] == []


async def test_whatever_is_done_to_several_processes_and_their_server_everything_is_true_at_the_end(
    tmp_path: Path,
) -> None:
    warm_up()
    async with bot_company(tmp_path / "bot", tmp_path / "videos", asks=5) as bot:
        bot.gone = 2.0
        assert await Chaos(bot=bot, random=seeded(3), asks=5).run() == []
