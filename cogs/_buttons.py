"""Buttons and selects that work after any restart: what they need is in their `custom_id`, which is untrusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import discord

if TYPE_CHECKING:
    from bot.client import Shotcaller

Item = TypeVar("Item", bound="discord.ui.Item[Any]")


class Lasting(discord.ui.DynamicItem[Item], template=r"never"):
    """A button or select found again by the pattern of its `custom_id`.

    A subclass gives its own `template`, is made from a match by `from_custom_id`, and does its work in `pressed`. An
    error there is explained like a command's. Register subclasses with `bot.add_dynamic_items` in a cog's `setup`.
    """

    async def pressed(self, bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
        """Do what the item is for; acknowledge first."""
        raise NotImplementedError

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Called by discord.py."""
        try:
            await self.pressed(interaction.client, interaction)
        except Exception as exc:  # noqa: BLE001 (whatever it is, the person gets an answer, and the log the rest)
            await interaction.client.explain(interaction, exc)
