"""`/admin show`, `server`, `budget`, `audit`: what is decided for the whole server, and who has decided it."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain import UNLIMITED, Allowance, GuildState, Policy, to_micros
from bot.domain.policy import zones
from bot.domain.policy_diff import differences
from bot.locale import Words, locales, words
from cogs import ui
from cogs.admin import common
from cogs.admin.doctor import NEEDED_TO_WRITE, check_channel
from cogs.ui import Command, acknowledge, answer, audit_entry, autocomplete, money, since
from cogs.ui.audit_entries import entry_text
from cogs.ui.member import guild_of
from cogs.ui.policy_texts import PATHS, language_name
from cogs.ui.text import reason_text

LATEST: Final = 15  # entries of the audit that are shown
MOST_USD: Final = 1_000_000
SERVER: Final = ("timezone", "language", "gifts")
AS_DISCORD_SAYS: Final = "discord"  # the choice of no language of one's own
BUDGET: Final = ("budget_usd_micros", "confirm_usd_micros")
USUAL: Final = ui.CustomId("show:usual")


def setup(bot: Shotcaller) -> None:
    """Add the commands."""
    say = words()
    for make in (_show, _server, _budget, _audit):
        bot.admin.add_command(make(bot, say))
    ui.on_press(bot, USUAL, _show_usual, first=acknowledge, access=common.check_admin_access)


def _show(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="show", description=say("command.admin.show"))
    async def everything(interaction: discord.Interaction[Any]) -> None:
        await acknowledge(interaction)
        say, state = words(str(interaction.locale)), await common.read_guild_state(bot, interaction)
        usual = ui.stateless(
            discord.ui.Button[Any](custom_id=USUAL(), label=say("admin.show.more", n=len(_undecided(state.policy))))
        )
        text = _overview(state, say, usual=bot.services.guilds.usual)
        await common.answer_long(interaction, text, filename="settings.txt", say=say, view=usual)

    return everything


def _overview(state: GuildState, say: Words, *, usual: Allowance) -> str:
    """Say what this guild has decided itself."""
    text, decided = f"### {say('admin.show')}", set(PATHS) - _undecided(state.policy)
    if state.paused:
        text += f"\n⏸️ {say('doctor.paused.guild')}.{reason_text(state.pause_reason, say)}"
    lines = common.field_lines(state.policy, say, paths=decided, usual=usual)
    return "\n".join([text, *(f"- {line}" for line in lines)] if lines else [text, say("admin.show.nothing")])


def _undecided(policy: Policy) -> set[str]:
    """The paths of the fields that are as in a new policy."""
    return set(PATHS) - {each.path for each in differences(Policy(), policy)}


async def _show_usual(bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
    """Answer with what this guild has not decided, so that the bot's defaults apply."""
    say, policy = words(str(interaction.locale)), await common.read_policy(bot, interaction)
    lines = common.field_lines(policy, say, paths=_undecided(policy), usual=bot.services.guilds.usual)
    text = "\n".join([f"### {say('admin.show.usual')}", *(f"- {line}" for line in lines)])
    await common.answer_long(interaction, text, filename="settings.txt", say=say)


def _server(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="server", description=say("command.admin.server"))
    @app_commands.describe(timezone=say("option.timezone"), language=say("option.language"), gifts=say("option.gifts"))
    @app_commands.choices(
        language=[
            *(app_commands.Choice(name=language_name(each), value=each) for each in locales()),
            app_commands.Choice(name=say("choice.language.discord"), value=AS_DISCORD_SAYS),
        ]
    )
    @autocomplete(timezone=_offered_zones)
    async def server(
        interaction: discord.Interaction[Any],
        timezone: str | None = None,
        language: str | None = None,
        gifts: bool | None = None,  # noqa: FBT001 (Discord's options)
    ) -> None:
        await acknowledge(interaction)
        given = {"timezone": timezone and timezone.strip(), "language": language, "gifts": gifts}
        await common.change_or_show(bot, interaction, given, _changed, title="admin.server", paths=SERVER)

    return server


def _changed(policy: Policy, **chosen: Any) -> Policy:
    if chosen.get("language") == AS_DISCORD_SAYS:
        chosen["language"] = None
    return policy.changed(**chosen)


async def _offered_zones(_: discord.Interaction[Any], typed: str) -> Iterable[tuple[str, str]]:
    """Offer the names of time zones, those that begin with what was typed first."""
    wanted = typed.strip().casefold().replace(" ", "_")
    found = [name for name in sorted(zones()) if wanted in name.casefold()]
    found.sort(key=lambda name: not any(part.casefold().startswith(wanted) for part in (name, name.split("/")[-1])))
    return [(name, name) for name in found]


def _budget(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="budget", description=say("command.admin.budget"))
    @app_commands.describe(
        monthly=say("option.monthly"), confirm=say("option.confirm"), remove=say("option.budget.remove")
    )
    @app_commands.choices(
        remove=[app_commands.Choice(name=say(f"choice.remove.{each}"), value=each) for each in ("monthly", "confirm")]
    )
    async def budget(
        interaction: discord.Interaction[Any],
        monthly: app_commands.Range[float, 0, MOST_USD] | None = None,
        confirm: app_commands.Range[float, 0, MOST_USD] | None = None,
        remove: str | None = None,
    ) -> None:
        await acknowledge(interaction)
        changes: dict[str, int | None] = {}
        if monthly is not None or remove == "monthly":
            changes["budget_usd_micros"] = None if monthly is None else to_micros(Decimal(str(monthly)))
        if confirm is not None or remove == "confirm":
            changes["confirm_usd_micros"] = None if confirm is None else to_micros(Decimal(str(confirm)))
        say, title = words(str(interaction.locale)), ""
        if changes:
            changed = await bot.services.guilds.change(
                audit_entry(interaction, "changed"), lambda policy: policy.changed(**changes)
            )
            title = f"{common.changed_text(changed, say)}\n\n"
        await answer(
            interaction, title + await _spending_text(bot, interaction, await common.read_policy(bot, interaction), say)
        )

    return budget


async def _spending_text(bot: Shotcaller, interaction: discord.Interaction[Any], policy: Policy, say: Words) -> str:
    """Say what this month has cost, and what is left."""
    account = await bot.services.guilds.spent(interaction.guild_id or 0, policy)
    confirm, used, limited = policy.confirm_usd_micros, account.settled + account.held, account.allowance != UNLIMITED
    text = say(
        "admin.budget",
        settled=money(account.settled, say),
        held=money(account.held, say),
        limit=say("admin.budget.limit", ceiling=money(account.allowance, say))
        if limited
        else say("admin.budget.limit.none"),
        asking=say("admin.budget.asking.none")
        if confirm is None
        else say("admin.budget.asking", price=money(confirm, say)),
    )
    below = limited and account.allowance < used
    return f"{text}\n⚠️ {say('admin.budget.below', spent=money(used, say))}" if below else text


def _audit(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="audit", description=say("command.admin.audit"))
    @app_commands.describe(channel=say("option.audit.channel"), off=say("option.audit.off"))
    async def audit(
        interaction: discord.Interaction[Any],
        channel: discord.TextChannel | None = None,
        off: bool = False,  # noqa: FBT001, FBT002 (Discord's options)
    ) -> None:
        await acknowledge(interaction)
        if channel is not None:
            check_channel(channel, NEEDED_TO_WRITE)
            channel_id = channel.id
            await common.change_policy(bot, interaction, lambda policy: policy.changed(audit_channel_id=channel_id))
        elif off:
            await common.change_policy(bot, interaction, lambda policy: policy.changed(audit_channel_id=None))
        else:
            await _show_audit(bot, interaction)

    return audit


async def _show_audit(bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
    """Answer with the latest audit entries."""
    say = words(str(interaction.locale))
    entries = await bot.services.guilds.entries(guild_of(interaction), most=LATEST)
    lines = [f"- {since(entry.at)} {entry_text(entry, say)}".replace("\n- ", "\n  - ") for entry in entries]
    text = "\n".join([f"### {say('admin.audit')}", *lines]) if lines else say("admin.audit.none")
    await common.answer_long(interaction, text, filename="audit.txt", say=say)
