"""Buttons and selects that work after any restart: what they need is in their `custom_id`, which is untrusted."""

import re
from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

import discord

from bot.client import Shotcaller

Item = TypeVar("Item", bound="discord.ui.Item[Any]")


class PersistentItem(discord.ui.DynamicItem[Item], template=r"never"):
    """A button or select found again by the pattern of its `custom_id`; the pattern's named groups are its `fields`.

    A subclass gives its own `template` and does its work in `pressed`. An error there is explained like a command's.
    Register subclasses with `add_dynamic_items` in a cog's `setup`.
    """

    def __init__(self, item: discord.ui.Item[Any], fields: Mapping[str, str] | None = None) -> None:
        super().__init__(cast("Item", item))
        self.fields = fields or {}

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Called by discord.py when such an item is used; a group that was left out is empty."""
        return cls(item, match.groupdict(default=""))

    async def handle_press(self, bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
        """Do what the item is for; acknowledge first."""
        raise NotImplementedError

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Called by discord.py."""
        try:
            await self.handle_press(interaction.client, interaction)
        except Exception as exc:  # noqa: BLE001 (whatever it is, the person gets an answer, and the log the rest)
            await interaction.client.explain(interaction, exc)
