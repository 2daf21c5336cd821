"""The floor of the acknowledgement: a discord.py bot whose only command does nothing but defer."""

import os
from typing import Any

import discord
from discord import app_commands

from bot.client import use_addresses


class Bare(discord.Client):
    """One command, `/quota`, that defers."""

    def __init__(self) -> None:
        super().__init__(intents=discord.Intents(guilds=True))
        self.tree = app_commands.CommandTree(self)

    async def setup_hook(self) -> None:
        """Register the command."""

        @self.tree.command(name="quota", description="defers")
        async def quota(interaction: discord.Interaction[Any]) -> None:
            await interaction.response.defer(ephemeral=True, thinking=True)

        await self.tree.sync()


if __name__ == "__main__":
    use_addresses(api=os.environ["DISCORD_API_URL"], gateway=os.environ["DISCORD_GATEWAY_URL"])
    Bare().run(os.environ["DISCORD_TOKEN"], log_handler=None)
