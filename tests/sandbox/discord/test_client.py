import asyncio
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import discord
import pytest
from discord import app_commands

from tests.patience import PATIENCE
from tests.sandbox.library_client import LibraryClient

ResultAction = discord.Interaction[discord.Client]


VIDEO = b"video" * 300_000


class Rename(discord.ui.Modal, title="Rename"):
    name: discord.ui.TextInput["Rename"] = discord.ui.TextInput(label="Name", custom_id="name", max_length=20)
    mode: discord.ui.Label["Rename"] = discord.ui.Label(
        text="Mode",
        component=discord.ui.Select(custom_id="mode", options=[discord.SelectOption(label="Pro", value="pro")]),
    )

    async def on_submit(self, interaction: ResultAction) -> None:
        assert isinstance(self.mode.component, discord.ui.Select)
        chosen = self.mode.component.values[0]
        await interaction.response.edit_message(content=f"{self.name.value} in {chosen}", view=None)


class Card(discord.ui.View):
    """A view that survives restarts."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Rename", custom_id="card:rename", style=discord.ButtonStyle.primary)
    async def rename(self, interaction: ResultAction, _: discord.ui.Button["Card"]) -> None:
        await interaction.response.send_modal(Rename())

    @discord.ui.button(label="Again", custom_id="card:again")
    async def again(self, interaction: ResultAction, _: discord.ui.Button["Card"]) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content="again", attachments=[])

    @discord.ui.select(
        custom_id="card:shape", options=[discord.SelectOption(label=shape) for shape in ("16:9", "9:16")]
    )
    async def shape(self, interaction: ResultAction, select: discord.ui.Select["Card"]) -> None:
        await interaction.response.send_message(f"shape {select.values[0]}", ephemeral=True)


def commands_of(tree: app_commands.CommandTree[Any], clip: Path) -> None:
    """What the little bot can do."""
    group = app_commands.Group(name="video", description="Videos")
    nested = app_commands.Group(name="show", description="Show", parent=group)

    @group.command(name="create", description="Make a video")
    @app_commands.describe(prompt="What to see")
    @app_commands.choices(mode=[app_commands.Choice(name="Standard", value="std")])
    async def create(
        interaction: ResultAction, prompt: str, mode: str = "std", seconds: app_commands.Range[int, 3, 15] = 5
    ) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        channel = interaction.channel
        assert isinstance(channel, discord.TextChannel)
        card = await channel.send(
            f"{prompt} {mode} {seconds}",
            view=Card(),
            file=discord.File(clip, description=prompt),
            nonce="job-1",
            allowed_mentions=discord.AllowedMentions(users=[interaction.user], everyone=False, roles=False),
        )
        await card.edit(content=f"{prompt} done")
        await card.reply("posted", mention_author=False)
        await interaction.followup.send(f"see {card.jump_url}", ephemeral=True)
        await interaction.followup.send("and more", ephemeral=True, embed=discord.Embed(title="More"))
        await interaction.edit_original_response(content="all done")

    @nested.command(name="job", description="Show a job")
    @app_commands.describe(job="Which")
    async def job(interaction: ResultAction, job: str) -> None:
        await interaction.response.send_message(f"job {job}")

    @job.autocomplete("job")
    async def jobs(_: ResultAction, current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=f"job {current}", value=current)]

    @tree.context_menu(name="Make a video of this")
    async def menu(interaction: ResultAction, message: discord.Message) -> None:
        layout = discord.ui.LayoutView(timeout=None)
        layout.add_item(discord.ui.Container(discord.ui.TextDisplay(f"**{message.content}**"), accent_colour=5))
        await interaction.response.send_message(view=layout)

    tree.add_command(group)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(VIDEO)
    return path


def run(
    library_client: LibraryClient, client: discord.Client, clip: Path
) -> AbstractAsyncContextManager[app_commands.CommandTree[Any]]:
    """The client with its commands and its lasting view."""
    client.add_view(Card())
    return library_client.run(client, lambda tree: commands_of(tree, clip))


def little(**more: Any) -> discord.Client:
    return discord.Client(intents=discord.Intents(guilds=True), guild_ready_timeout=0.1, **more)


async def test_a_real_client_takes_a_command_from_end_to_end(library_client: LibraryClient, clip: Path) -> None:
    async with run(library_client, little(), clip):
        typed = {"user": "ana", "channel": "general", "name": "video create", "options": {"prompt": "a fox"}}
        seen = await library_client.act("command", settled=lambda seen: seen["edits"], **typed)
        messages = await library_client.look("messages", channel="general")
    private, card, reply, more = messages

    assert seen["acknowledged"] is not None
    assert seen["first"]["type"] == 5
    assert [message["content"] for message in seen["edits"]] == ["all done"]
    assert (private["content"], private["visible_to"]) == (
        "all done",
        library_client.sandbox.describe()["discord"]["users"]["ana"],
    )
    assert (card["content"], card["nonce"], card["attachments"][0]["description"]) == ("a fox done", "job-1", "a fox")
    assert card["attachments"][0]["size"] == len(VIDEO)
    assert reply["referenced_message"]["id"] == card["id"]
    assert more["embeds"][0]["title"] == "More"
    assert len(seen["followups"]) == 2


async def test_buttons_selects_and_modals_work_on_a_card_of_a_former_life(
    library_client: LibraryClient, clip: Path
) -> None:
    async with run(library_client, little(), clip):
        typed = {"user": "ana", "channel": "general", "name": "video create", "options": {"prompt": "a fox"}}
        await library_client.act("command", settled=lambda seen: seen["edits"], **typed)
    card = (await library_client.look("messages", channel="general"))[1]["id"]
    async with run(library_client, little(), clip):
        press = {"user": "ben", "message_id": card}
        chosen = await library_client.act(
            "component",
            settled=lambda seen: seen["first"],
            **press,
            custom_id="card:shape",
            values=["9:16"],
        )
        again = await library_client.act(
            "component", settled=lambda seen: seen["edits"], **press, custom_id="card:again"
        )
        asked = await library_client.act(
            "component", settled=lambda seen: seen["modal"], **press, custom_id="card:rename"
        )
        fields = {"name": "Reynard", "mode": ["pro"]}
        sent = {"user": "ben", "interaction_id": asked["id"], "fields": fields}
        renamed = await library_client.act("modal", settled=lambda seen: seen["first"], **sent)

    assert chosen["first"]["content"] == "shape 9:16"
    assert (again["edits"][0]["content"], again["edits"][0]["attachments"]) == ("again", [])
    assert renamed["current"]["content"] == "Reynard in pro"
    assert renamed["current"]["components"] == []


async def test_completions_nested_commands_and_menus_are_served(library_client: LibraryClient, clip: Path) -> None:
    async with run(library_client, little(), clip):
        where = {"user": "ana", "channel": "general"}
        typed = {**where, "name": "video show job", "options": {"job": "7"}}
        completed = await library_client.act(
            "autocomplete", settled=lambda seen: seen["choices"], **typed, focused="job"
        )
        shown = await library_client.act("command", settled=lambda seen: seen["first"], **typed)
        message = await library_client.post("messages", user="ben", channel="general", content="a fox")
        menu = {**where, "name": "Make a video of this", "target": message["id"]}
        layout = await library_client.act("command", settled=lambda seen: seen["first"], **menu)

    assert completed["choices"] == [{"name": "job 7", "value": "7"}]
    assert shown["first"]["content"] == "job 7"
    assert layout["first"]["components"][0]["components"][0]["content"] == "**a fox**"


async def test_a_client_survives_a_dropped_line_and_a_failing_server(library_client: LibraryClient, clip: Path) -> None:
    client = little()
    resumed = asyncio.Event()

    @client.event
    async def on_resumed() -> None:
        resumed.set()

    async with run(library_client, client, clip):
        await library_client.post("faults", target="discord", kind="gateway_drop")
        await asyncio.wait_for(resumed.wait(), PATIENCE)
        await library_client.post("faults", target="discord", kind="http_429", on=["message"], retry_after=0.05)
        typed = {"user": "ana", "channel": "general", "name": "video create", "options": {"prompt": "a fox"}}
        seen = await library_client.act("command", settled=lambda seen: seen["edits"], **typed)

    assert seen["edits"]
    assert [row.status for row in library_client.sandbox.discord.requests if row.fault] == [429]


async def test_a_sharded_client_gets_its_events_by_shard(library_client: LibraryClient, clip: Path) -> None:
    intents = discord.Intents(guilds=True)
    client = discord.AutoShardedClient(intents=intents, shard_count=2, guild_ready_timeout=0.1)
    async with run(library_client, client, clip):
        typed = {"user": "ana", "channel": "general", "name": "video show job", "options": {"job": "7"}}
        await library_client.act("command", settled=lambda seen: seen["first"], **typed)
        guild = client.guilds[0]

    assert set(client.shards) == {0, 1}
    assert guild.shard_id == (guild.id >> 22) % 2


async def test_the_clients_cache_knows_the_limits_and_permissions(library_client: LibraryClient, clip: Path) -> None:
    client = little()
    async with run(library_client, client, clip):
        await library_client.post("permissions", channel="general", deny=["ATTACH_FILES"])
        guild = client.guilds[0]
        general = discord.utils.get(guild.text_channels, name="general")
        quiet = discord.utils.get(guild.text_channels, name="quiet")
        assert general is not None
        assert quiet is not None
        async with asyncio.timeout(PATIENCE):
            while general.permissions_for(guild.me).attach_files:  # noqa: ASYNC110 - a cache tells nobody
                await asyncio.sleep(0.01)
        user = await client.fetch_user(int(library_client.sandbox.describe()["discord"]["users"]["ana"]))
        direct = await user.send("hello")
        history = [message.content async for message in direct.channel.history(limit=5)]
        thread = await general.create_thread(name="Takes", type=discord.ChannelType.public_thread)
        await thread.send("inside")
        await (await general.send("star")).add_reaction("⭐")
        member = await guild.fetch_member(user.id)
        owner = (await client.application_info()).owner
        with pytest.raises(discord.Forbidden) as refused:
            await quiet.send("psst")

    assert guild.filesize_limit == 10 * 1024 * 1024
    assert not quiet.permissions_for(guild.me).send_messages
    assert (history, refused.value.code) == (["hello"], 50013)
    assert (member.name, owner.name, [c.name for c in guild.threads]) == ("ana", "owner", ["thread", "Takes"])
