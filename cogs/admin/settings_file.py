"""`/admin export` and `/admin import`: a server's settings as a file, and settings from one, shown before they hold."""

from hashlib import sha256
from typing import Any, Final

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain import Draft, Policy, PolicyChange
from bot.domain.policy_changes import missing_ids, shuts_out
from bot.domain.policy_diff import differences
from bot.domain.policy_file import LARGEST, write_policy
from bot.errors import DiscordBusy, DraftGone, PolicyInvalid
from bot.locale import Words, words
from cogs import ui
from cogs.admin.common import changed_text, check_admin_access, read_policy
from cogs.admin.doctor import channel_ids, role_ids
from cogs.ui import Command, acknowledge, acknowledge_in_place, answer, audit_entry, file_of
from cogs.ui.policy_texts import bullet_list, change_line
from cogs.ui.text import some_of

KILOBYTE: Final = 1024
KIND: Final = "import"  # of the drafts
UNDO: Final = "import-undo"  # likewise
APPLY: Final = ui.CustomId("import:{draft_id}", draft_id=ui.DRAFT_ID)
SURE: Final = ui.CustomId("import:sure:{draft_id}", draft_id=ui.DRAFT_ID)
BACK: Final = ui.CustomId("import:back:{draft_id}", draft_id=ui.DRAFT_ID)
ROOM: Final = 1200  # characters for the changes
SHOWN: Final = 10  # ids named at the most


def setup(bot: Shotcaller) -> None:
    """Add the commands, and find the button again after any restart."""
    say = words()
    bot.admin.add_command(_export(bot, say))
    bot.admin.add_command(_import(bot, say))
    for custom_id, handler in ((APPLY, _apply), (SURE, _apply_surely), (BACK, _undo)):
        ui.on_press(bot, custom_id, handler, first=acknowledge_in_place, access=check_admin_access)


def _export(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="export", description=say("command.admin.export"))
    async def export(interaction: discord.Interaction[Any]) -> None:
        await acknowledge(interaction)
        content = write_policy(await read_policy(bot, interaction))
        await answer(
            interaction,
            words(str(interaction.locale))("admin.export"),
            files=[file_of(content, "shotcaller-settings.json")],
        )

    return export


def _import(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="import", description=say("command.admin.import"))
    @app_commands.describe(file=say("option.file"))
    async def import_(interaction: discord.Interaction[Any], file: discord.Attachment) -> None:
        await acknowledge(interaction)
        if file.size > LARGEST:
            raise PolicyInvalid([("", "too_big", str(LARGEST // KILOBYTE))])
        try:
            data = await file.read()
        except discord.HTTPException:
            raise DiscordBusy from None
        imported = await bot.services.guilds.read(data)
        _check_posts(interaction.guild, imported)
        await _show_changes(bot, interaction, imported, current=await read_policy(bot, interaction))

    return import_


def _check_posts(guild: discord.Guild | None, policy: Policy) -> None:
    """Check that the bot would post in this server alone: its decisions are nobody's business elsewhere.

    Raises:
        PolicyInvalid: a channel that it would post in is not one of this server's.
    """
    there = channel_ids(guild) if guild is not None else set[int]()
    posts = {"moderation.channel_id": policy.moderation.channel_id, "audit_channel_id": policy.audit_channel_id}
    if unknown := [field for field, channel_id in posts.items() if channel_id is not None and channel_id not in there]:
        raise PolicyInvalid([(field, "channel", "") for field in unknown])


async def _show_changes(
    bot: Shotcaller, interaction: discord.Interaction[Any], imported: Policy, *, current: Policy, again: bool = False
) -> None:
    """Show what the settings of a file would change, and keep them until a button says so."""
    say, found = words(str(interaction.locale)), differences(current, imported)
    if not found:
        await answer(interaction, say("admin.same"))
        return
    body = {"file": write_policy(imported), "instead_of": _digest(current)}
    draft = await bot.services.drafts.begin(KIND, body, user_id=interaction.user.id, guild_id=interaction.guild_id)
    text = say(
        "admin.import",
        changes=bullet_list([change_line(each, say) for each in found], say, room=ROOM),
        unknown=_unknown(interaction.guild, imported, say),
    )
    apply = _button(APPLY(draft_id=draft.id), say("admin.import.apply"))
    await answer(interaction, f"{say('admin.import.again')}\n{text}" if again else text, view=ui.stateless(apply))


async def _apply(bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str) -> None:
    """Apply the settings of a file; where nobody could make a video by them, ask once more."""
    if await _is_done(bot, interaction, draft_id):
        return
    draft = await _read_draft(bot, interaction, draft_id, KIND)
    imported, say = await _read_file(bot, draft), words(str(interaction.locale))
    if by := _shuts_out(bot, interaction.guild, imported):
        sure = _button(SURE(draft_id=draft_id), say("admin.import.sure"))
        await answer(
            interaction, say("admin.import.shut_out", why=say(f"admin.import.by.{by}")), view=ui.stateless(sure)
        )
        return
    await _change(bot, interaction, draft, imported)


async def _apply_surely(bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str) -> None:
    if await _is_done(bot, interaction, draft_id):
        return
    draft = await _read_draft(bot, interaction, draft_id, KIND)
    await _change(bot, interaction, draft, await _read_file(bot, draft))


async def _is_done(bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str) -> bool:
    """Show again what an import has changed that is done already, with the way back; whether it is."""
    try:
        draft = await _read_draft(bot, interaction, draft_id, UNDO)
    except DraftGone:
        return False
    before, current = await _read_file(bot, draft), await read_policy(bot, interaction)
    await _show_changed(interaction, draft, PolicyChange(policy=current, differences=differences(before, current)))
    return True


async def _change(bot: Shotcaller, interaction: discord.Interaction[Any], draft: Draft, imported: Policy) -> None:
    """Apply the settings of a file, and offer the way back."""
    changed = await _replace(bot, interaction, draft, imported)
    if changed is not None:
        await _show_changed(interaction, draft, changed)


async def _show_changed(interaction: discord.Interaction[Any], draft: Draft, changed: PolicyChange) -> None:
    say = words(str(interaction.locale))
    undo = _button(BACK(draft_id=draft.id), say("admin.import.undo"), discord.ButtonStyle.secondary)
    await answer(interaction, changed_text(changed, say), view=ui.stateless(undo))


async def _undo(bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str) -> None:
    """Put back what held before an import."""
    draft = await _read_draft(bot, interaction, draft_id, UNDO)
    if (changed := await _replace(bot, interaction, draft, await _read_file(bot, draft))) is not None:
        await answer(interaction, changed_text(changed, words(str(interaction.locale))), view=None)


async def _replace(
    bot: Shotcaller, interaction: discord.Interaction[Any], draft: Draft, wanted: Policy
) -> PolicyChange | None:
    """Put a policy in place of the one that its draft was shown against, and make of an import's draft the way back.

    Where somebody has changed it since, show what it would change now; then there is no change.
    """
    shown = draft.body["instead_of"]

    def change(current: Policy) -> Policy:
        return wanted if _digest(current) == shown else current

    def way_back(before: Policy, changed: PolicyChange) -> tuple[str, dict[str, str]] | None:
        if draft.kind == UNDO or changed.policy != wanted:
            return None
        return UNDO, {"file": write_policy(before), "instead_of": _digest(wanted)}

    changed = await bot.services.guilds.import_by(draft, audit_entry(interaction, "imported"), change, then=way_back)
    if changed.policy != wanted:
        await _show_changes(bot, interaction, wanted, current=changed.policy, again=True)
        return None
    return changed


async def _read_draft(bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str, kind: str) -> Draft:
    """Read what a button is about.

    Raises:
        DraftGone: it is too old, done, or was of another server.
    """
    draft = await bot.services.drafts.read(draft_id, kind, user_id=interaction.user.id)
    if draft.guild_id != interaction.guild_id:
        raise DraftGone
    return draft


async def _read_file(bot: Shotcaller, draft: Draft) -> Policy:
    return await bot.services.guilds.read(draft.body["file"].encode())


def _button(
    custom_id: str, label: str, style: discord.ButtonStyle = discord.ButtonStyle.danger
) -> discord.ui.Button[Any]:
    return discord.ui.Button(custom_id=custom_id, label=label, style=style)


def _shuts_out(bot: Shotcaller, guild: discord.Guild | None, policy: Policy) -> str:
    """Say by what nobody could make a video here, if by anything."""
    if guild is None:
        return ""
    return shuts_out(policy, roles=role_ids(guild), channels=channel_ids(guild), models=bot.services.videos.models)


def _digest(policy: Policy) -> str:
    """A hash that tells one policy from another."""
    return sha256(write_policy(policy).encode()).hexdigest()


def _unknown(guild: discord.Guild | None, policy: Policy, say: Words) -> str:
    """List the roles and channels that the file names and this server has not."""
    if guild is None:
        return ""
    roles, channels = missing_ids(policy, roles=role_ids(guild), channels=channel_ids(guild))
    missing = [*sorted(roles), *sorted(channels)]
    names = some_of([f"`{each}`" for each in missing], say, most=SHOWN)
    return say("admin.import.unknown", names=names) if missing else ""
