"""Answers that are longer than a message, and who may press what an admin was offered."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import NotPermitted
from cogs._admin import OFFERED, check_presser, pages
from cogs._replies import CONTENT

if TYPE_CHECKING:
    import discord

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@given(st.lists(st.text("ab ", min_size=1, max_size=300), min_size=1, max_size=60))
def test_pages_hold_every_line_whole_and_in_order(lines: list[str]) -> None:
    found = pages("\n".join(lines))
    assert "\n".join(found) == "\n".join(lines)
    assert all(0 < len(page) <= CONTENT for page in found)


def test_a_line_that_fits_no_message_is_cut() -> None:
    (page,) = pages("x" * (CONTENT + 1))
    assert len(page) == CONTENT
    assert pages("") == [""]


def press(
    *,
    ident: str = "setup:zone",
    offered: str = "setup:zone",
    manages: bool = False,
    ephemeral: bool = True,
    minutes: float = 1,
    guild_id: int | None = 7,
) -> discord.Interaction[Any]:
    """Somebody presses `ident` of a message that offers `offered`."""
    button = SimpleNamespace(custom_id=offered)
    row = SimpleNamespace(children=[button])
    message = SimpleNamespace(
        flags=SimpleNamespace(ephemeral=ephemeral),
        created_at=NOW,
        components=[SimpleNamespace(children=[row])],
    )
    pressed = SimpleNamespace(
        message=message,
        guild_id=guild_id,
        data={"custom_id": ident},
        created_at=NOW + OFFERED * minutes / 15,
        permissions=SimpleNamespace(manage_guild=manages),
    )
    return cast("discord.Interaction[Any]", pressed)


@pytest.mark.parametrize("how", [{}, {"manages": True, "minutes": 99}, {"manages": True, "ephemeral": False}])
def test_who_was_offered_a_panel_lately_or_manages_the_server_may_use_it(how: dict[str, Any]) -> None:
    check_presser(press(**how))


@pytest.mark.parametrize(
    "how",
    [{"minutes": 15}, {"ephemeral": False}, {"offered": "quota:more"}, {"guild_id": None}, {"ident": "import:0"}],
)
def test_nobody_else_may(how: dict[str, Any]) -> None:
    with pytest.raises(NotPermitted):
        check_presser(press(**how))
