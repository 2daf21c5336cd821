import asyncio
import io
from typing import Any

import discord
from discord import app_commands

from tests.patience import PATIENCE
from tests.sandbox.library_client import LibraryClient

ResultAction = discord.Interaction[discord.Client]
Tree = app_commands.CommandTree[Any]

TYPED: dict[str, Any] = {"user": "ana", "channel": "general"}
OPTIONS: dict[str, Any] = {
    "who": "ben",
    "role": "Film club",
    "where": "Studio",
    "someone": "Moderators",
    "file": {"filename": "the list.json", "content": '{"ü": 1}'},
    "share": 0.25,
    "count": 7,
    "sure": True,
}


def client() -> discord.Client:
    return discord.Client(intents=discord.Intents(guilds=True), guild_ready_timeout=0.1)


def shown(values: list[Any]) -> str:
    return "; ".join(sorted(f"{type(value).__name__} {value.name}" for value in values)) or "nothing"


class Ballot(discord.ui.View):
    """A select of each kind that Discord fills itself, with something standing in some."""

    def __init__(self, guild: discord.Guild) -> None:
        super().__init__(timeout=None)
        self.who.default_values = [discord.Object(guild.owner_id or 0, type=discord.User)]
        self.role.default_values = [role for role in guild.roles if role.name == "Film club"]
        self.where.default_values = [each for each in guild.channels if each.name == "rushes"]

    @discord.ui.select(cls=discord.ui.UserSelect, custom_id="who", min_values=0, max_values=3)
    async def who(self, interaction: ResultAction, select: discord.ui.UserSelect["Ballot"]) -> None:
        await interaction.response.send_message(shown(select.values))

    @discord.ui.select(cls=discord.ui.RoleSelect, custom_id="role")
    async def role(self, interaction: ResultAction, select: discord.ui.RoleSelect["Ballot"]) -> None:
        await interaction.response.send_message(shown(select.values))

    @discord.ui.select(cls=discord.ui.MentionableSelect, custom_id="someone", max_values=2)
    async def someone(self, interaction: ResultAction, select: discord.ui.MentionableSelect["Ballot"]) -> None:
        await interaction.response.send_message(shown(select.values))

    @discord.ui.select(
        cls=discord.ui.ChannelSelect,
        custom_id="where",
        max_values=2,
        channel_types=[discord.ChannelType.text, discord.ChannelType.category],
    )
    async def where(self, interaction: ResultAction, select: discord.ui.ChannelSelect["Ballot"]) -> None:
        await interaction.response.send_message(shown(select.values))


class Form(discord.ui.Modal, title="Form"):
    """The same in a form, with a file besides."""

    someone: discord.ui.Label["Form"] = discord.ui.Label(
        text="Who", component=discord.ui.MentionableSelect(custom_id="someone", max_values=5)
    )
    where: discord.ui.Label["Form"] = discord.ui.Label(
        text="Where", component=discord.ui.ChannelSelect(custom_id="where", required=False)
    )
    files: discord.ui.Label["Form"] = discord.ui.Label(
        text="Files", component=discord.ui.FileUpload(custom_id="files", required=False)
    )

    async def on_submit(self, interaction: ResultAction) -> None:
        assert isinstance(self.someone.component, discord.ui.MentionableSelect)
        assert isinstance(self.where.component, discord.ui.ChannelSelect)
        assert isinstance(self.files.component, discord.ui.FileUpload)
        read = [(await file.read()).decode() for file in self.files.component.values]
        chosen = shown([*self.someone.component.values, *self.where.component.values])
        await interaction.response.send_message(f"{chosen}; {read}")


def play(tree: Tree) -> None:
    """Commands that take everything, show the selects, open the form, and moderate."""

    @tree.command(name="take", description="Take everything")
    async def take(  # noqa: PLR0917 - and in the order in which it is typed
        interaction: ResultAction,
        who: discord.Member,
        role: discord.Role,
        where: discord.TextChannel | discord.CategoryChannel,
        someone: discord.Member | discord.Role,
        file: discord.Attachment,
        share: float,
        count: int,
        sure: bool,  # noqa: FBT001 - a command's option is its parameter
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        what = [who.name, role.name, where.name, where.type.name, someone.name, share, count, sure]
        about = [file.filename, file.size, file.content_type, (await file.read()).decode()]
        member = [each.name for each in who.roles], who.resolved_permissions == who.guild_permissions
        await interaction.followup.send(str([*what, *about, *member]))

    @tree.command(name="ballot", description="Show the selects")
    async def ballot(interaction: ResultAction) -> None:
        assert interaction.guild is not None
        await interaction.response.send_message("choose", view=Ballot(interaction.guild))

    @tree.command(name="form", description="Open the form")
    async def form(interaction: ResultAction) -> None:
        await interaction.response.send_modal(Form())

    @tree.command(name="moderate", description="Show, change and take away, elsewhere")
    async def moderate(interaction: ResultAction) -> None:
        await interaction.response.defer(ephemeral=True)
        assert interaction.guild is not None
        elsewhere = discord.utils.get(interaction.guild.text_channels, name="rushes")
        assert elsewhere is not None
        unwanted = await elsewhere.send("unwanted")
        kept = await elsewhere.send("held", file=discord.File(io.BytesIO(b"video"), "a.mp4", spoiler=True))
        await elsewhere.get_partial_message(kept.id).edit(content="approved")
        await elsewhere.get_partial_message(unwanted.id).delete()
        await interaction.followup.send(f"{kept.attachments[0].is_spoiler()} {kept.attachments[0].flags.spoiler}")


async def test_a_command_takes_every_kind_of_option(library_client: LibraryClient) -> None:
    async with library_client.run(client(), play):
        typed = {**TYPED, "name": "take", "options": OPTIONS}
        seen = await library_client.act("command", settled=lambda seen: seen["followups"], **typed)

    wanted = ["ben", "Film club", "Studio", "category", "Moderators", 0.25, 7, True]
    wanted += ["the_list.json", 9, "application/json", '{"ü": 1}', ["@everyone", "Film club"], True]
    assert seen["followups"][0]["content"] == str(wanted)


async def test_selects_of_people_roles_and_channels_are_chosen_from(library_client: LibraryClient) -> None:
    async with library_client.run(client(), play):
        sent = await library_client.act("command", settled=lambda seen: seen["first"], **TYPED, name="ballot")
        choices = {
            "who": ["ana", "ben"],
            "role": ["Moderators"],
            "someone": ["Moderators", "ben"],
            "where": ["Studio", "general"],
        }
        press = {"user": "ben", "message_id": sent["first"]["id"], "settled": lambda seen: seen["first"]}
        said = {
            name: (await library_client.act("component", **press, custom_id=name, values=values))["first"]["content"]
            for name, values in choices.items()
        }
        emptied = await library_client.act("component", **press, custom_id="who", values=[])
    selects = {row["components"][0]["custom_id"]: row["components"][0] for row in sent["first"]["components"]}

    assert said == {
        "who": "Member ana; Member ben",
        "role": "Role Moderators",
        "someone": "Member ben; Role Moderators",
        "where": "AppCommandChannel Studio; AppCommandChannel general",
    }
    assert emptied["first"]["content"] == "nothing"
    described = library_client.sandbox.describe()["discord"]
    assert selects["who"]["default_values"] == [{"id": described["users"]["owner"], "type": "user"}]
    assert selects["where"]["default_values"] == [{"id": described["channels"]["rushes"], "type": "channel"}]
    assert (selects["who"]["min_values"], selects["who"]["max_values"]) == (0, 3)


async def test_a_form_has_selects_and_takes_files(library_client: LibraryClient) -> None:
    async with library_client.run(client(), play):
        opened = await library_client.act("command", settled=lambda seen: seen["modal"], **TYPED, name="form")
        fields = {"someone": ["ana", "Film club"], "files": [{"filename": "a.txt", "content": "hi"}]}
        sent = {"user": "ana", "interaction_id": opened["id"], "fields": fields}
        seen = await library_client.act("modal", settled=lambda seen: seen["first"], **sent)

    assert seen["first"]["content"] == "Member ana; Role Film club; ['hi']"


async def test_a_bot_moderates_in_another_channel(library_client: LibraryClient) -> None:
    async with library_client.run(client(), play):
        seen = await library_client.act("command", settled=lambda seen: seen["followups"], **TYPED, name="moderate")
        left = await library_client.look("messages", channel="rushes")

    (message,) = left
    assert seen["followups"][0]["content"] == "True True"
    assert (message["content"], message["attachments"][0]["filename"]) == ("approved", "SPOILER_a.mp4")
    assert message["attachments"][0]["flags"] == 1 << 3


async def test_the_clients_cache_follows_roles_channels_outages_and_removals(library_client: LibraryClient) -> None:
    bot, told = client(), asyncio.Queue[str]()
    for name in ("guild_role_create", "guild_role_delete", "guild_channel_create", "guild_channel_delete"):
        bot.event(_teller(f"on_{name}", told))
    for name in ("guild_unavailable", "guild_available", "guild_remove", "guild_join"):
        bot.event(_teller(f"on_{name}", told))
    async with library_client.run(bot, play):
        guild = bot.guilds[0]
        owner = (await bot.application_info()).owner
        category = discord.utils.get(guild.categories, name="Studio")
        assert category is not None
        inside = [channel.name for channel in category.channels]
        while not told.empty():  # what it heard while it came up
            told.get_nowait()
        changes: list[tuple[str, dict[str, Any]]] = [
            ("roles", {"name": "Patrons"}),
            ("roles", {"name": "Patrons", "delete": True}),
            ("channels", {"name": "set", "category": "Studio"}),
            ("channels", {"name": "set", "delete": True}),
            ("settings", {"guild_available": False}),
            ("settings", {"guild_available": True}),
            ("settings", {"bot_present": False}),
            ("settings", {"bot_present": True}),
        ]
        heard = []
        for name, body in changes:
            await library_client.post(name, **body)
            heard.append(await asyncio.wait_for(told.get(), PATIENCE))

    assert (owner.name, guild.owner_id, inside) == ("owner", owner.id, ["rushes"])
    assert heard == [
        "on_guild_role_create Patrons",
        "on_guild_role_delete Patrons",
        "on_guild_channel_create set",
        "on_guild_channel_delete set",
        "on_guild_unavailable The Cutting Room",
        "on_guild_available The Cutting Room",
        "on_guild_remove The Cutting Room",
        "on_guild_join The Cutting Room",
    ]


def _teller(event: str, told: asyncio.Queue[str]) -> Any:
    """A listener that writes down what it heard."""

    async def listen(what: Any) -> None:
        told.put_nowait(f"{event} {what.name}")

    listen.__name__ = event
    return listen
