"""What `/quota` shows: in each language, for every kind of account and line, and never more than a message takes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import discord
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import Account, Destination, Kind, StatementEntry, VideoRequest
from bot.locale import locales, words
from bot.service.jobs.types import Balances, FundingSource
from cogs.credits.quota import BAR, MINUS, MOVES, bar, ledger_text, quota_text
from cogs.ui import CONTENT
from tests import jobs

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=3)
OWN = Account(owner="user:1@guild:7", period="2026-03-05", allowance=60, held=5, settled=10)
JOB = jobs.job(
    id="ab",
    destination=Destination(guild_id=7, channel_id=5, upload_limit=1),
    request=VideoRequest(model="kirin_v3_t2v", prompt="@everyone [a](https://b.example)"),
    deadline_at=LATER,
)


def source(**changes: Any) -> FundingSource:
    return FundingSource(account=replace(OWN, **changes), renews_at=LATER)


def shown(*entries: StatementEntry, balances: Balances | None = None, locale: str = "en-US") -> str:
    balances = balances or Balances(sources=(source(),))
    return quota_text(balances, entries, words(locale))


def entry(kind: Kind = Kind.HOLD, amount: int = -5, **changes: Any) -> StatementEntry:
    return StatementEntry(kind=kind, amount=amount, at=NOW, **changes)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
@settings(deadline=None)
def test_the_bar_is_always_as_long_and_shows_the_least_that_is_held(allowance: int, held: int, settled: int) -> None:
    account = replace(OWN, allowance=allowance, held=held, settled=settled)
    drawn = bar(account)
    assert len(drawn) == BAR
    assert ("🟨" in drawn) is (allowance > 0 and held > 0)
    assert account.balance > 0 or "🟩" not in drawn
    assert drawn == "".join(sorted(drawn, key="🟩🟨⬛".index))


def test_an_account_in_use_is_drawn_in_its_parts() -> None:
    assert bar(replace(OWN, allowance=16, held=4, settled=8)) == "🟩" * 4 + "🟨" * 4 + "⬛" * 8


def test_pools_granted_credits_and_what_all_share_are_named_and_empty_ones_left_out() -> None:
    pool = source(owner="pool:film_crew@guild:7", allowance=300, held=0, settled=0)
    extra = FundingSource(
        account=replace(OWN, owner="extra:1@guild:7", period="", allowance=20, held=0, settled=20), renews_at=None
    )
    cap = source(owner="guild:7", allowance=30, held=0, settled=0)
    text = shown(balances=Balances(sources=(source(), pool, extra), caps=(cap,)))
    assert "**film\\_crew**, shared: 300 of 300 credits left" in text
    assert "🎁" not in text
    assert "Everyone in this server together: 30 of 30 credits left" in text
    assert "You can spend **30 credits** now." in text
    kept = replace(extra, account=replace(extra.account, settled=5))
    assert "🎁 15 credits that never expire" in shown(balances=Balances(sources=(source(), kept)))
    gift = replace(kept, renews_at=LATER)
    assert "🎁 15 credits from other members · expire <t:" in shown(balances=Balances(sources=(source(), gift)))


def test_the_sum_of_all_accounts_is_told_only_where_it_is_another_number() -> None:
    nothing = FundingSource(account=replace(OWN, owner="extra:1@guild:7", period="", allowance=0), renews_at=None)
    roomy, tight = (source(owner="guild:7", allowance=most, held=0, settled=0) for most in (900, 30))
    assert "You can spend" not in shown(balances=Balances(sources=(source(), nothing), caps=(roomy,)))
    assert "You can spend **30 credits** now." in shown(balances=Balances(sources=(source(), nothing), caps=(tight,)))


@pytest.mark.parametrize("locale", locales())
@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("amount", [-5, 5])
def test_every_line_of_the_ledger_is_told_in_words(locale: str, kind: Kind, amount: int) -> None:
    for job in (None, JOB):
        text = ledger_text([entry(kind, amount, job=job, other_id=9, note="*thanks* @everyone")], words(locale))
        assert "5`" in text
        assert "@everyone" not in text


def test_an_empty_ledger_says_so() -> None:
    assert ledger_text([], words()) == words()("quota.ledger.none")
    assert "latest videos" not in shown()


def moves(*entries: StatementEntry) -> list[str]:
    return shown(*entries).partition("latest videos**\n")[2].splitlines()


def test_a_video_is_one_line_whatever_has_moved_for_it() -> None:
    at, job = discord.utils.format_dt(NOW, "R"), replace(JOB, request=VideoRequest(model="m", prompt="A fox in snow"))
    held, spent, free = entry(job=job), entry(Kind.SETTLE, -3, job=job), entry(Kind.RELEASE, 5, job=job)
    assert moves(held) == [f"`{MINUS}5` · “A fox in snow” · reserved {at}"]
    assert moves(spent, held) == [f"`{MINUS}3` · “A fox in snow” · {at}"]
    assert moves(free, held) == [f"`0` · “A fox in snow” · {at}, not charged"]
    assert moves(entry(Kind.GRANT, 20), spent, held)[0] == f"`+20` granted by an admin · {at}"
    assert moves(entry(Kind.GRANT, 20, note="thanks"))[0] == f"`+20` granted by an admin: thanks · {at}"


def test_a_deleted_video_keeps_its_name_without_a_link_and_a_forgotten_one_has_none() -> None:
    posted = replace(JOB, request=VideoRequest(model="m", prompt="A fox"), message_channel_id=5, message_id=6)
    assert "[“A fox”](https://" in moves(entry(job=posted))[0]
    assert " · “A fox” · " in moves(entry(job=replace(posted, removed_at=NOW)))[0]
    forgotten = replace(posted, request=posted.request.without_texts())
    assert " · a video · " in moves(entry(job=forgotten))[0]


def test_long_prompts_are_cut_to_a_phones_line_chinese_ones_earlier() -> None:
    cut = [
        moves(entry(job=replace(JOB, request=VideoRequest(model="m", prompt=each * 40))))[0].count(each)
        for each in "x狐"
    ]
    assert cut == [15, 7]


def test_a_video_leads_to_its_message_or_else_to_its_card() -> None:
    card = replace(JOB, card_channel_id=5, card_message_id=50)
    done = replace(card, message_channel_id=5, message_id=51)
    direct = replace(card, message_channel_id=77, message_id=52)
    ends = ("/channels/7/5/50)", "/channels/7/5/51)", "/channels/@me/77/52)")
    assert [end in shown(entry(job=job)) for job, end in zip((card, done, direct), ends, strict=True)] == [True] * 3
    assert "channels" not in shown(entry(job=JOB))
    assert "channels" not in shown(entry(job=replace(done, removed_at=NOW)))


@pytest.mark.parametrize("locale", locales())
def test_what_does_not_fit_a_message_is_left_out_from_the_oldest_on(locale: str) -> None:
    lines = [entry(Kind.GRANT, number, other_id=9, note="x" * 60) for number in range(1, 40)]
    text = ledger_text(lines, words(locale))
    assert len(text) <= CONTENT
    assert "`+1`" in text
    assert "`+39`" not in text
    crowded = Balances(sources=(source(), *[source(owner=f"pool:{'x' * 60}@guild:7")] * 12))
    assert len(quota_text(crowded, lines, words(locale))) <= CONTENT
    assert f"`+{MOVES}`" in shown(*lines, locale=locale)
    assert f"`+{MOVES + 1}`" not in shown(*lines, locale=locale)
