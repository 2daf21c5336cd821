"""Whatever decides for others asks at the press itself whether it may: buttons, selects and forms."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, Final

import discord
import pytest

from bot.client import features
from bot.errors import NotPermitted
from cogs.admin import server_setup
from cogs.admin.setup_panel import FORM as SETUP
from cogs.moderation import case_buttons
from cogs.ui import PersistentItem

# What decides for others, by the `custom_id`s that it comes with.
GUARDED: Final[dict[str, list[str]]] = {
    "JobActionButton": [
        f"ajob:{action}:x" for action in ("cancel", "recheck", "retry", "free", "billed", "deliver", "close")
    ],
    "JobSelect": ["ajob:open"],
    "JobsPageButton": ["ajobs:latest:0:0"],
    "SetupControl": [
        f"setup:{each}" for each in ("channels", "moderators", "audit", "zone", "credits", "budget", "check")
    ],
    "ImportButton": ["import:0123456789abcdef"],
    "CaseButton": [f"case:{verb}:request-x" for verb in ("approve", "deny", "dismiss", "delete", "block")],
    "SettingControl": ["settings:channel:mode", "settings:server:reset"],
}
# What is about its presser's own things, or asks what the person may where the command does (`Access`, `Admission`).
OWN: Final = {
    *(
        "ResultButton",
        "InboxButton",
        "PageItem",
        "VideoItem",
        "UsePresetButton",
        "PresetPageButton",
        "ReopenPresetForm",
    ),
    *("RetryButton", "StudioControl", "BuilderButton", "ShotSelect", "AskForCreditsButton", "DeleteButton"),
}


def kinds() -> Iterator[tuple[str, type[PersistentItem[Any]]]]:
    """Every lasting item of the bot; one whose name is another's too with its module.

    A bot that was started in this process has loaded the modules anew, with classes of the same names.
    """
    features()
    found = {f"{each.__module__}.{each.__name__}": each for each in PersistentItem.__subclasses__()}
    names = [each.__name__ for each in found.values()]
    for each in found.values():
        yield (each.__name__ if names.count(each.__name__) == 1 else f"{each.__module__}.{each.__name__}"), each


class Nothing:
    """Services that nobody may ask."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


class Response:
    async def defer(self, **_: Any) -> None:
        """An acknowledgement."""

    async def send_modal(self, form: Any) -> None:
        raise AssertionError(form)


def somebody() -> Any:
    """A press or a form of somebody who may do nothing special, on a panel that was theirs to use a moment ago."""
    bot = SimpleNamespace(services=Nothing(), command_of=lambda *_, **__: None)
    return SimpleNamespace(
        client=bot,
        user=SimpleNamespace(id=11),
        guild_id=7,
        channel=None,
        channel_id=5,
        message=SimpleNamespace(flags=SimpleNamespace(ephemeral=True)),
        data={"values": []},
        locale="en-US",
        permissions=discord.Permissions.none(),
        response=Response(),
        extras={},
    )


def test_every_lasting_item_is_known_here() -> None:
    assert {name for name, _ in kinds()} == {*GUARDED, *OWN}


@pytest.mark.parametrize("ident", [ident for idents in GUARDED.values() for ident in idents])
async def test_a_permission_that_was_taken_away_counts_at_the_next_press(ident: str) -> None:
    who = somebody()
    (kind, match) = next(
        (kind, match)
        for _, kind in kinds()
        if (match := kind.__discord_ui_compiled_template__.fullmatch(ident)) is not None
    )
    item = await kind.from_custom_id(who, discord.ui.Button(custom_id=ident), match)
    with pytest.raises(NotPermitted):
        await item.handle_press(who.client, who)


@pytest.mark.parametrize("form", [case_buttons.DENIAL, case_buttons.BLOCK, case_buttons.GRANT, SETUP])
async def test_and_when_a_form_that_was_open_comes_back(form: str) -> None:
    who = somebody()
    who.client.forms = {}
    who.client.add_dynamic_items = lambda *_: None
    who.client.admin = SimpleNamespace(add_command=lambda _: None)
    for cog in (case_buttons, server_setup):
        cog.setup(who.client)
    with pytest.raises(NotPermitted):
        await who.client.forms[form](who, "request-x", {"components": []})
