"""Change and show a guild's policy for the commands under `/admin`, and check who may use their buttons.

Who may type a command under `/admin` is Discord's to say, by Manage Server or as decided under Integrations.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final

import aiohttp
import discord
from discord import AppCommandPermissionType as Kind

from bot.client import Shotcaller
from bot.domain import Allowance, GuildState, Member, Policy, PolicyChange
from bot.domain.policy_diff import fields
from bot.errors import DiscordBusy
from bot.locale import Words, words
from cogs.ui import CONTENT, answer, audit_entry, check_admin, cut, file_of, follow_up, given_options
from cogs.ui.member import guild_of, member_of
from cogs.ui.policy_texts import bullet_list, change_line, field_line
from cogs.ui.replies import QUICK

MESSAGES: Final = 4  # that an answer may take
COMMAND: Final = "admin"  # whoever may type it may use what it offers


async def change_policy(
    bot: Shotcaller, interaction: discord.Interaction[Any], apply: Callable[[Policy], Policy]
) -> PolicyChange:
    """Change this guild's policy, and answer what has changed; the interaction has been acknowledged.

    Raises:
        PolicyInvalid: there can be no such policy; nothing has changed.
    """
    changed = await bot.services.guilds.change(audit_entry(interaction, "changed"), apply)
    await answer(interaction, changed_text(changed, words(str(interaction.locale))))
    return changed


async def read_guild_state(bot: Shotcaller, interaction: discord.Interaction[Any]) -> GuildState:
    """Read this guild's state: its policy, and whether it is paused."""
    return await bot.services.guilds.state(guild_of(interaction))


async def read_policy(bot: Shotcaller, interaction: discord.Interaction[Any]) -> Policy:
    """Read this guild's policy."""
    return (await read_guild_state(bot, interaction)).policy


def changed_text(changed: PolicyChange, say: Words) -> str:
    """List what a policy change has changed."""
    if not changed.differences:
        return say("admin.same")
    return say("admin.changed", changes=bullet_list([change_line(each, say) for each in changed.differences], say))


def field_lines(policy: Policy, say: Words, *, paths: Collection[str], usual: Allowance) -> list[str]:
    """List the fields of a policy at some paths with their values, in the policy's order."""
    there = [(path, item, value) for (path, item), value in fields(policy).items() if path in paths]
    return [field_line(path, item, value, say, usual=usual) for path, item, value in there]


async def show_policy(
    bot: Shotcaller, interaction: discord.Interaction[Any], title: str, *, paths: Collection[str]
) -> None:
    """Answer with the values of some fields of this guild's policy; `title` is the key of what stands over them."""
    say = words(str(interaction.locale))
    lines = field_lines(await read_policy(bot, interaction), say, paths=paths, usual=bot.services.guilds.usual)
    text = "\n".join(f"- {line}" for line in lines) or say("admin.nothing")
    await answer_long(interaction, f"### {say(title)}\n{text}", filename="settings.txt", say=say)


async def change_or_show(
    bot: Shotcaller,
    interaction: discord.Interaction[Any],
    given: Mapping[str, Any],
    change: Callable[..., Policy],
    *,
    title: str,
    paths: Collection[str],
) -> None:
    """Change this guild's policy by the options that were given; where none was, show it as `show_policy` does."""
    chosen = given_options(given)
    if chosen:
        await change_policy(bot, interaction, lambda policy: change(policy, **chosen))
    else:
        await show_policy(bot, interaction, title, paths=paths)


async def answer_long(
    interaction: discord.Interaction[Any],
    text: str,
    *,
    filename: str,
    say: Words,
    view: discord.ui.View | None = discord.utils.MISSING,
) -> None:
    """Answer privately with a long text: in several messages, or as a file where it is too long for a few.

    The view is below the first of them.
    """
    first, *more = split_pages(text)
    if len(more) >= MESSAGES:
        await answer(interaction, say("admin.attached"), files=[file_of(text, filename)], view=view)
        return
    await answer(interaction, first, view=view)
    for page in more:
        await follow_up(interaction, page)


def split_pages(text: str) -> list[str]:
    """Split a text between its lines into pieces that fit a message each; a line that is too long itself is cut."""
    found = [""]
    for line in text.splitlines():
        if found[-1] and len(found[-1]) + 1 + len(line) > CONTENT:
            found.append("")
        found[-1] += f"\n{cut(line, CONTENT)}" if found[-1] else cut(line, CONTENT)
    return found


async def check_admin_access(interaction: discord.Interaction[Any]) -> None:
    """Check that this person may still use an admins' button, select or form.

    Who may manage the guild may, and who may type the admins' commands by what was decided under Integrations.

    Raises:
        NotPermitted: they may not, maybe not any more.
        DiscordBusy: Discord does not say.
    """
    if interaction.permissions.manage_guild or not await may_use_command(interaction, COMMAND):
        await check_admin(interaction)


Rules = Mapping[tuple[Kind, int], bool]

_REFUSED: Final = (discord.Forbidden, discord.NotFound)  # the latter: the server has decided nothing


async def may_use_command(interaction: discord.Interaction[Any], name: str) -> bool:
    """Whether the server has let this person use a command that is not for everybody.

    Raises:
        DiscordBusy: Discord does not say, in the time that a form may take to open.
    """
    bot: Shotcaller = interaction.client
    command = bot.command_of(name, guild_id=interaction.guild_id)
    if command is None or interaction.guild_id is None:
        return False
    try:
        async with asyncio.timeout(QUICK):
            decided = await command.fetch_permissions(discord.Object(interaction.guild_id))
    except _REFUSED:
        return False
    except (discord.HTTPException, aiohttp.ClientError, TimeoutError, OSError) as exc:
        raise DiscordBusy from exc
    rules = {(each.type, each.id): each.permission for each in decided.permissions}
    return allows(rules, member_of(interaction), guild_id=interaction.guild_id)


def allows(rules: Rules, member: Member, *, guild_id: int) -> bool:
    """Whether rules allow a person: a channel before all channels, a person before their roles, roles before everyone.

    Of several roles one that is let in is enough. Everyone has the guild's id in Discord, all channels the one before.
    """
    if _first(rules, Kind.channel, [*member.channel_ids, guild_id - 1]) is False:
        return False
    own = _first(rules, Kind.user, [member.user_id])
    if own is not None:
        return own
    by_role = [rules[Kind.role, each] for each in member.role_ids - {guild_id} if (Kind.role, each) in rules]
    return any(by_role) if by_role else rules.get((Kind.role, guild_id), False)


def _first(rules: Rules, kind: Kind, ids: Iterable[int]) -> bool | None:
    """The rule of the first of these ids that has one."""
    return next((rules[kind, each] for each in ids if (kind, each) in rules), None)
