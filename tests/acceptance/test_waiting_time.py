"""How long it takes is told before and while it is made, from what the bot has seen."""

import re
from typing import Any, Final

from bot.domain.eta import ENOUGH
from tests.acceptance.system import SMALL, System

TOOK: Final = 3  # seconds


async def test_first_guesses_give_way_to_what_was_seen_and_a_card_says_when_it_takes_longer(system: System) -> None:
    people = system.people
    room: dict[str, Any] = dict.fromkeys(("running_per_user", "running_per_guild", "running_per_provider"), ENOUGH)
    async with system.bot(max_jobs_per_user=ENOUGH, **room):
        with system.sandbox.providers.held():
            for _ in range(ENOUGH):
                sent = await people.types("video create", **SMALL)
                assert "Usually ready in about 1 minute, at worst 2 minutes" in await people.answer(sent)
        await system.rest()
    # On a busy machine it may have taken as long as the first guess, or longer.
    system.database.change(f"UPDATE jobs SET finished_at = submitted_at + {TOOK * 1000}")  # noqa: S608 (a number)
    await people.fault("kirin", "stuck")
    async with system.bot():
        answer = await people.answer(await people.types("video create", **SMALL))
        usual = re.search(r"Usually ready in about (\d+) second", answer)
        assert usual is not None
        assert int(usual[1]) == 10  # nobody knows it exactly
        card = await people.card("It's taking longer than usual")
    assert "Usually ready" not in card
    assert len(await people.results()) == ENOUGH
