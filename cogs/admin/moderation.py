"""`/admin moderation`: what is looked at before a video is made or posted, by rules, by scans, by moderators."""

from collections.abc import Iterable
from typing import Any, Final

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain import Approval, Rule, RuleAction, RuleKind
from bot.domain.policy import PATTERN_LIMIT
from bot.domain.policy_changes import with_checks, with_rule, without_checks, without_rule
from bot.errors import RuleInvalid, ScansNotOffered
from bot.locale import Words, words
from bot.service.screening.rules import check_rule
from cogs.admin.common import change_or_show, change_policy, read_policy, show_policy
from cogs.admin.doctor import check_channel
from cogs.ui import Command, acknowledge, autocomplete
from cogs.ui.completions import containing

_SCANS: Final = ("scan_prompts", "scan_results", "scan_level")
CHECKS: Final = tuple(f"moderation.{name}" for name in ("channel_id", "approval", *_SCANS))
STRIKES: Final = tuple(f"moderation.{name}" for name in ("strikes", "strike_days", "block_hours"))
RULES: Final = ("moderation.rules",)


def setup(bot: Shotcaller) -> None:
    """Add the commands."""
    say = words()
    group = app_commands.Group(name="moderation", description=say("command.admin.moderation"))
    for make in (_checks, _strikes, _add, _remove, _rules):
        group.add_command(make(bot, say))
    bot.admin.add_command(group)


def _checks(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="checks", description=say("command.admin.moderation.checks"))
    @app_commands.describe(
        channel=say("option.checks.channel"),
        approval=say("option.approval"),
        prompts=say("option.prompts"),
        results=say("option.results"),
        level=say("option.level"),
        off=say("option.checks.off"),
    )
    @app_commands.choices(
        approval=[app_commands.Choice(name=say(f"choice.approval.{each}"), value=each) for each in Approval]
    )
    async def checks(  # noqa: PLR0917 (Discord's options)
        interaction: discord.Interaction[Any],
        channel: discord.TextChannel | None = None,
        approval: str | None = None,
        prompts: bool | None = None,  # noqa: FBT001 (Discord's options)
        results: bool | None = None,  # noqa: FBT001 (Discord's options)
        level: app_commands.Range[int, 1, 6] | None = None,
        off: bool = False,  # noqa: FBT001, FBT002 (Discord's options)
    ) -> None:
        await acknowledge(interaction)
        if off:
            await change_policy(bot, interaction, without_checks)
            return
        if (prompts or results) and not bot.services.cases.can_scan:
            raise ScansNotOffered
        if channel is not None:
            check_channel(channel)
        given = {
            "channel_id": channel and channel.id,
            "approval": approval,
            "scan_prompts": prompts,
            "scan_results": results,
            "scan_level": level,
        }
        await change_or_show(bot, interaction, given, with_checks, title="admin.moderation.checks", paths=CHECKS)

    return checks


def _strikes(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="strikes", description=say("command.admin.moderation.strikes"))
    @app_commands.describe(
        strikes=say("option.strikes"), days=say("option.strikes.days"), hours=say("option.strikes.hours")
    )
    async def strikes(
        interaction: discord.Interaction[Any],
        strikes: app_commands.Range[int, 0, 100] | None = None,
        days: app_commands.Range[int, 1, 365] | None = None,
        hours: app_commands.Range[int, 1, 8760] | None = None,
    ) -> None:
        await acknowledge(interaction)
        given = {"strikes": strikes, "strike_days": days, "block_hours": hours}
        await change_or_show(bot, interaction, given, with_checks, title="admin.moderation.strikes", paths=STRIKES)

    return strikes


def _add(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="add", description=say("command.admin.moderation.add"))
    @app_commands.describe(rule=say("option.rule"), action=say("option.action"), kind=say("option.kind"))
    @app_commands.choices(
        action=[app_commands.Choice(name=say(f"choice.action.{each}"), value=each) for each in RuleAction],
        kind=[app_commands.Choice(name=say(f"choice.kind.{each}"), value=each) for each in RuleKind],
    )
    async def add(
        interaction: discord.Interaction[Any],
        rule: app_commands.Range[str, 1, PATTERN_LIMIT],
        action: str | None = None,
        kind: str | None = None,
    ) -> None:
        await acknowledge(interaction)
        pattern = rule.strip()
        if not pattern:
            raise RuleInvalid(pattern=rule, problem="empty")
        wanted = Rule(
            pattern=pattern,
            action=RuleAction(action) if action else RuleAction.REFUSE,
            kind=RuleKind(kind) if kind else RuleKind.WORD,
        )
        await check_rule(wanted)
        await change_policy(bot, interaction, lambda policy: with_rule(policy, wanted))

    return add


def _remove(bot: Shotcaller, say: Words) -> Command:
    async def offered_rules(interaction: discord.Interaction[Any], typed: str) -> Iterable[tuple[str, str]]:
        rules = (await read_policy(bot, interaction)).moderation.rules
        return containing(typed, [each.pattern for each in rules])

    @app_commands.command(name="remove", description=say("command.admin.moderation.remove"))
    @app_commands.describe(rule=say("option.rule.remove"))
    @autocomplete(rule=offered_rules)
    async def remove(interaction: discord.Interaction[Any], rule: app_commands.Range[str, 1, PATTERN_LIMIT]) -> None:
        await acknowledge(interaction)
        await change_policy(bot, interaction, lambda policy: without_rule(policy, rule.strip()))

    return remove


def _rules(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="rules", description=say("command.admin.moderation.rules"))
    async def rules(interaction: discord.Interaction[Any]) -> None:
        await acknowledge(interaction)
        await show_policy(bot, interaction, "admin.moderation.rules", paths=RULES)

    return rules
