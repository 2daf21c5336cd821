"""What admins decided, in words: every field, every change, every entry of the record, in both languages."""

import re
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from bot.domain import (
    Allowance,
    Approval,
    AuditEntry,
    ChannelGate,
    Difference,
    ModerationPolicy,
    Period,
    Policy,
    Rule,
    RuleAction,
    Who,
)
from bot.domain.policy import GuildLimits, Pool, RoleGate, Tier
from bot.domain.policy_diff import differences, fields
from bot.locale import locales, words
from cogs.ui.audit_entries import entry_text
from cogs.ui.policy_texts import PATHS, bullet_list, change_line, field_line

AT: Final = datetime(2026, 11, 22, tzinfo=UTC)
FULL: Final = Policy(
    timezone="Asia/Tokyo",
    language="zh-CN",
    channels=ChannelGate(allowed=frozenset({1}), denied=frozenset({2})),
    roles=RoleGate(allowed=frozenset({11}), denied=frozenset({12})),
    tiers=(Tier(role_id=11, allowance=Allowance(credits=5), priority=2, spoiler=True),),
    limits=GuildLimits(
        longest=5,
        pro=Who.ROLES,
        pro_roles=frozenset({11}),
        sound=False,
        watermark=True,
        models=frozenset({"kling-v1"}),
        running=3,
    ),
    allowance=Allowance(credits=1, period=Period.WEEK),
    guild_allowance=Allowance(credits=900, period=Period.MONTH),
    pools=(Pool(name="film", role_id=11, allowance=Allowance(credits=7)),),
    gifts=True,
    budget_usd_micros=12_500_000,
    confirm_usd_micros=1_000_000,
    moderation=ModerationPolicy(
        channel_id=4,
        rules=(Rule(pattern="cat", action=RuleAction.WARN),),
        approval=Approval.BOTH,
        scan_prompts=True,
        scan_results=True,
        scan_level=2,
        strikes=3,
        strike_days=1,
        block_hours=48,
    ),
    spoiler_channels=frozenset({5}),
    audit_channel_id=6,
)


USUAL = Allowance(credits=60)


def test_what_the_bot_gives_where_nothing_is_decided_is_a_number() -> None:
    assert "60 credits" in field_line("allowance", "", None, words(), usual=USUAL)


def test_every_field_of_a_policy_has_words_and_no_other() -> None:
    assert {path for path, _ in fields(FULL)} == set(PATHS)


@pytest.mark.parametrize("locale", locales())
def test_every_field_can_be_said_with_and_without_a_decision(locale: str) -> None:
    say = words(locale)
    for policy in (FULL, Policy()):
        for (path, item), value in fields(policy).items():
            line = field_line(path, item, value, say, usual=USUAL)
            assert "None" not in line, line
            assert "{" not in line, line


@pytest.mark.parametrize("locale", locales())
def test_every_change_can_be_said_in_both_directions(locale: str) -> None:
    say = words(locale)
    there, back = (
        [change_line(each, say) for each in differences(*pair)] for pair in ((Policy(), FULL), (FULL, Policy()))
    )
    assert len(there) == len(back) == len(PATHS)
    assert not set(there) & set(back)
    assert not [line for line in (*there, *back) if "None" in line or "{" in line]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (Difference(path="limits.longest", before=None, after=5), "Longest video: no limit → **5 seconds**"),
        (
            Difference(path="language", before=None, after="es-ES"),
            "Language of what I post: as Discord says → **Español**",
        ),
        (Difference(path="language", before="zh-CN", after="xx"), "Language of what I post: 中文 → **xx**"),
        (Difference(path="gifts", before=True, after=False), "Gifts between members: yes → **no**"),
        (
            Difference(path="channels.allowed", before=[1, 2], after=[2, 3]),
            "Videos only in: \N{HEAVY PLUS SIGN} <#3> \N{HEAVY MINUS SIGN} <#1>",
        ),
        (
            Difference(path="budget_usd_micros", before=None, after=12_500_000),
            "Budget a month: no limit → **$12.50**",
        ),
        (
            Difference(
                path="tiers",
                item="11",
                after={"role_id": 11, "allowance": {"credits": 1, "period": "day"}, "priority": 2, "spoiler": False},
            ),
            "Role <@&11>: none → **1 credit a day · priority 2**",
        ),
        (
            Difference(
                path="moderation.rules", item="word:@everyone", after={"action": "refuse", "pattern": "@everyone"}
            ),
            "Rule ||@\u200beveryone||: none → **refused**",
        ),
    ],
)
def test_a_change_says_what_was_and_what_is(change: Difference, line: str) -> None:
    assert change_line(change, words()).replace("\ufe0f", "") == line


def test_a_list_says_how_much_it_leaves_out() -> None:
    say = words()
    assert bullet_list(["a", "b"], say) == "- a\n- b"
    cut = bullet_list([f"{number:03}" + "x" * 97 for number in range(30)], say, room=1000)
    assert re.search(r"… and 2\d more$", cut)
    assert len(cut) < 1100


MESSAGE: Final = "https://discord.com/channels/7/5/6"


def entry(action: str, **detail: Any) -> AuditEntry:
    return AuditEntry(id="1", guild_id=7, actor_id=99, action=action, at=AT, detail=detail)


@pytest.mark.parametrize(
    ("told", "text"),
    [
        (entry("paused", reason="film night"), "<@99> paused video making. Reason: film night"),
        (entry("paused", reason=""), "<@99> paused video making."),
        (entry("blocked", member=1, until=None, reason=""), "<@99> blocked <@1> permanently."),
        (entry("blocked", member=1, until="2026-11-22T00:00:00+00:00"), "<@99> blocked <@1> until <t:1795305600:f>."),
        (
            entry("allowance", member=1, allowance={"credits": 2, "period": "week"}),
            "<@99> set the credits of <@1>: 2 credits a week",
        ),
        (entry("allowance", member=1, allowance=None), "<@99> set the credits of <@1>: like everybody"),
        (
            entry("budget_used", percent=126, used="1.26", ceiling="1.00"),
            "126% of this month's budget of 1.00 USD is used: 1.26 USD is spent or reserved",
        ),
        (
            entry("granted", member=1, credits=3, note="@here **won**"),
            "<@99> gave <@1> 3 credits that never expire. “@\u200bhere \\*\\*won\\*\\*”",
        ),
        (
            entry("job_cancel", member=1, job="0f" * 8, credits=3, since=AT.isoformat(), message=[7, 5, 6]),
            f"<@99> cancelled the video that <@1> asked for <t:1795305600:R> (3 credits). {MESSAGE}",
        ),
        (
            entry("job_cancel", member=1, job="0f" * 8, credits=3),
            "<@99> cancelled the video that <@1> asked for earlier (3 credits).",
        ),
        (
            entry("request_denied", member=1, case="request-" + "0f" * 8, reason="no", message=[7, 4, 9]),
            "<@99> denied a video request by <@1>. Reason: no https://discord.com/channels/7/4/9",
        ),
    ],
)
def test_an_entry_says_who_did_what_and_mentions_nobody_else(told: AuditEntry, text: str) -> None:
    assert entry_text(told, words()) == text


LATER: Final = {"path": "invented.later", "item": "", "before": 1, "after": 2}


@pytest.mark.parametrize(
    "told", [entry("invented_later", member=1), entry("blocked"), entry("changed", changes=[LATER])]
)
def test_what_another_version_wrote_does_not_keep_the_others_from_being_told(told: AuditEntry) -> None:
    assert entry_text(told, words()).startswith("<@99> ")
