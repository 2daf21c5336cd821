"""Whatever decides for others asks at the press itself whether it may: buttons, selects and forms."""

from typing import Any, Final

import discord
import pytest

from bot.errors import NotPermitted
from cogs.ui import CustomId
from tests.cogs.controls import controls, press, use

# What decides for others, by the `custom_id`s that it comes with.
GUARDED: Final = (
    *(f"ajob:{action}:x" for action in ("cancel", "recheck", "retry", "free", "billed", "deliver", "close")),
    *("ajob:open", "ajobs:latest:0:0", "import:0123456789abcdef"),
    *(
        f"setup:{each}"
        for each in ("channels", "moderators", "audit", "zone", "credits", "budget", "check", "page:done", "open")
    ),
    *(f"case:{verb}:request-x" for verb in ("approve", "deny", "dismiss", "delete", "cover", "uncover", "block")),
    *("settings:channel:mode", "settings:server:reset", "give:5:more-x", "show:usual"),
    *(f"import:{each}:0123456789abcdef" for each in ("sure", "back")),
)
GUARDED_FORMS: Final = (
    *(f"{form}:request-x" for form in ("denial", "blockade", "grant")),
    *(f"setup:{step}" for step in ("zone", "credits", "budget")),
)
# What is about its presser's own things, or asks what the person may where the command does (`Access`, `Admission`).
OWN: Final = {
    *("result", "inbox", "library", "preset", "fix", "studio", "story", "quota", "privacy", "jobs", "cancel"),
    *("remix", "retry", "more", "report", "storyboard", "film", "feedback"),
}


def first_words(custom_ids: Any) -> set[str]:
    """What the `custom_id`s begin with."""
    texts = (each.template if isinstance(each, CustomId) else each for each in custom_ids)
    return {text.replace("-", ":").partition(":")[0] for text in texts}


async def test_everything_that_can_be_used_is_known_here() -> None:
    bot = await controls()
    listeners: list[Any] = [*bot.presses.values(), *bot.forms.values()]
    guarded = first_words([*GUARDED, *GUARDED_FORMS])
    assert first_words(each.custom_id for each in listeners) == {*OWN, *guarded}
    asked = first_words(each.custom_id for each in listeners if each.access is not None)
    assert asked == guarded - {"settings"}


@pytest.mark.parametrize("custom_id", GUARDED)
async def test_a_permission_that_was_taken_away_counts_at_the_next_press(custom_id: str) -> None:
    with pytest.raises(NotPermitted):
        await use(await controls(), press(custom_id))


@pytest.mark.parametrize("custom_id", GUARDED_FORMS)
async def test_and_when_a_form_that_was_open_comes_back(custom_id: str) -> None:
    with pytest.raises(NotPermitted):
        await use(await controls(), press(custom_id, type=discord.InteractionType.modal_submit))
