"""How jobs look to admins: what they may read of them, and what is offered to be decided."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import discord
import pytest

from bot.domain import (
    UNLIMITED,
    Account,
    DeadLetter,
    Destination,
    Job,
    JobFilter,
    JobStatus,
    Kind,
    LedgerEntry,
    MemberDay,
    Origin,
    PriceDrift,
    Unit,
    UsageTotals,
    VideoRequest,
)
from bot.domain.usage import NOBODY
from bot.locale import locales, words
from bot.service.admin.jobs import JobsPage
from bot.service.admin.usage import Span, UsageReport
from bot.service.admin.usage_chart import Measure
from bot.service.jobs.eta import JobView
from cogs.admin.jobs_views import (
    actions_for,
    choice,
    fitting,
    job_actions_view,
    job_embed,
    outcome_text,
    page_embed,
    page_view,
)
from cogs.admin.usage import report_text
from cogs.ui.job_names import job_name
from tests import jobs

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
PLACE = Destination(guild_id=7, channel_id=5, upload_limit=10_000_000)
SAY = words("en-US")


def job(**changes: Any) -> Job:
    made = jobs.job(
        id="ab12",
        user_id=3,
        destination=PLACE,
        request=VideoRequest(model="kirin_v3_t2v", prompt="a *secret* fox @everyone"),
        origin=Origin.CREATE,
    )
    return replace(made, **changes)


def shown(of: Job, *ledger_entries: LedgerEntry) -> str:
    embed = job_embed(JobView(job=of, position=None), ledger_entries, SAY)
    return "\n".join(
        [str(embed.title), str(embed.description), *(f"{each.name}: {each.value}" for each in embed.fields)]
    )


@pytest.mark.parametrize(
    ("changes", "seen"),
    [
        ({}, True),
        ({"destination": replace(PLACE, private=True)}, False),
        ({"destination": replace(PLACE, private=True), "shared_at": NOW}, True),
        ({"destination": replace(PLACE, guild_id=None)}, False),
    ],
)
def test_admins_read_the_prompts_that_everybody_may_read(changes: dict[str, Any], *, seen: bool) -> None:
    of = job(**changes)
    page = JobsPage(views=(JobView(job=of, position=None),), skip=0, more=False)
    offered, _ = choice(of, SAY, member="Ana", now=NOW)
    texts = (
        shown(of),
        str(page_embed(page, JobFilter.LATEST, SAY).description),
        offered,
        outcome_text("free", of, SAY),
    )
    assert [("secret" in text) for text in texts] == [seen] * 4
    assert list(fitting([of], "secret", {})) == [of] * seen
    assert list(fitting([of], "ab1", {})) == list(fitting([of], "an", {3: "Ana"})) == [of]
    assert list(fitting([of], "ben", {3: "Ana"})) == []


def test_a_job_is_called_by_its_first_words_whose_it_is_and_when_with_a_link_to_its_message() -> None:
    of = job(created_at=NOW - timedelta(minutes=2), card_channel_id=5, card_message_id=6)
    when = f"<t:{int(of.created_at.timestamp())}:R>"
    card = "https://discord.com/channels/7/5/6"
    assert job_name(of, SAY) == f"[“a \\*secret\\* fox @\u200beveryone”]({card}) by <@3>, {when}"
    posted = replace(of, message_channel_id=5, message_id=8)
    assert "https://discord.com/channels/7/5/8)" in job_name(posted, SAY)
    assert "https://discord.com/channels/7/5/6)" in job_name(replace(posted, removed_at=NOW), SAY)
    private = replace(posted, destination=replace(PLACE, private=True))
    assert job_name(private, SAY) == f"a private video by <@3>, {when}"
    assert choice(of, SAY, member="Ana", now=NOW)[0].endswith("“a *secret* fox @everyone” by Ana, 2 minutes ago")
    assert choice(of, SAY, member="", now=NOW)[0].endswith("“a *secret* fox @everyone”, 2 minutes ago")


@pytest.mark.parametrize("locale", locales())
def test_no_list_and_no_outcome_shows_an_id(locale: str) -> None:
    of, say = job(id="0123456789abcdef"), words(locale)
    page = JobsPage(views=(JobView(job=of, position=None),), skip=0, more=False)
    actions = ("cancel", "recheck", "retry", "free", "billed", "deliver", "close")
    texts = [outcome_text(each, of, say) for each in actions]
    texts += [str(page_embed(page, JobFilter.LATEST, say).description), choice(of, say, member="", now=NOW)[0]]
    assert [text for text in texts if of.id in text] == []


@pytest.mark.parametrize("private", [False, True])
def test_the_list_to_choose_from_says_which_video_each_is_and_no_time_that_discord_would_not_draw(
    *, private: bool
) -> None:
    waits = job(status=JobStatus.QUEUED, destination=replace(PLACE, private=private))
    page = JobsPage(views=(JobView(job=waits, position=1, expected_at=NOW),), skip=0, more=False)
    (select,) = page_view(page, JobFilter.LATEST, 0, SAY).children
    assert isinstance(select, discord.ui.Select)
    (option,) = select.options
    assert option.label == "1. ⏳ Waiting in line"
    which = "a private video" if private else "“a *secret* fox @everyone”"
    assert option.description == f"{which} · Kirin 3 · standard · 16:9 · 5 seconds"


@pytest.mark.parametrize(("failure", "cost"), [("content", 0), ("abandoned", 5)])
def test_a_video_that_was_not_made_cost_no_credits_unless_its_person_gave_it_up(failure: str, cost: int) -> None:
    of = job(status=JobStatus.FAILED, failure=failure, credits=5)
    page = JobsPage(views=(JobView(job=of),), skip=0, more=False)
    assert f"· {cost} credits" in str(page_embed(page, JobFilter.LATEST, SAY).description)
    assert f"Cost: {cost} credits · " in shown(of)


def test_what_people_typed_can_mention_nobody_and_formats_nothing() -> None:
    assert "a \\*secret\\* fox @\u200beveryone" in shown(job())


@pytest.mark.parametrize(
    ("changes", "actions"),
    [
        ({}, ["cancel"]),
        ({"status": JobStatus.PENDING}, ["cancel"]),
        ({"status": JobStatus.SUBMITTING}, []),
        ({"status": JobStatus.RUNNING}, []),
        ({"status": JobStatus.FAILED, "failure": "deadline"}, []),
        (
            {"status": JobStatus.SUBMITTING, "dead_letter": DeadLetter.OUTCOME_UNKNOWN},
            ["recheck", "retry", "free", "billed"],
        ),
        ({"status": JobStatus.SUCCEEDED, "dead_letter": DeadLetter.UNDELIVERABLE}, ["deliver", "close"]),
    ],
)
async def test_a_button_is_there_for_whatever_can_be_decided(changes: dict[str, Any], actions: list[str]) -> None:
    of = job(**changes)
    assert [action for action, _ in actions_for(of)] == actions
    view = job_actions_view(of, SAY)
    idents = [item.custom_id for item in view.children if isinstance(item, discord.ui.Button)] if view else []
    assert idents == [f"ajob:{action}:ab12" for action in actions]


def test_money_is_shown_as_estimated_and_as_charged_and_as_the_ledger_has_it() -> None:
    held = LedgerEntry(at=NOW, owner="budget:guild:7", kind=Kind.HOLD, unit=Unit.USD, held=420_000, settled=0)
    freed = LedgerEntry(at=NOW, owner="budget:guild:7", kind=Kind.RELEASE, unit=Unit.USD, held=-420_000, settled=70_000)
    paid = LedgerEntry(at=NOW, owner="user:3@guild:7", kind=Kind.SETTLE, unit=Unit.CREDITS, held=-5, settled=5)
    text = shown(job(cost_micros=70_000, cost_units="1.5"), held, freed, paid)
    assert "5 credits · estimated $0.42 · charged $0.07 · 1.5 units" in text
    assert "held $0.42 · budget:guild:7" in text
    assert "released $0.42 (charged $0.07) · budget:guild:7" in text
    assert "settled 5 credits · user:3@\u200bguild:7" in text


async def test_pages_lead_on_and_back() -> None:
    def turns(skip: int, *, more: bool) -> list[str | None]:
        page = JobsPage(views=(JobView(job=job(), position=None),), skip=skip, more=more)
        children = page_view(page, JobFilter.DEAD, 3, SAY).children
        return [item.custom_id for item in children if isinstance(item, discord.ui.Button)]

    assert turns(0, more=False) == []
    assert turns(0, more=True) == ["ajobs:dead:3:8"]
    assert turns(8, more=True) == ["ajobs:dead:3:0", "ajobs:dead:3:16"]
    assert turns(16, more=False) == ["ajobs:dead:3:8"]


def test_a_full_page_of_the_longest_entries_is_shown_whole() -> None:
    long = job(user_id=2**63, request=VideoRequest(model="kirin_v3_t2v", prompt="*" * 2000), id="f" * 16)
    page = JobsPage(views=(JobView(job=long, position=99_999, expected_at=NOW),) * 8, skip=0, more=True)
    for locale in locales():
        description = page_embed(page, JobFilter.EVERYWHERE, words(locale)).description
        assert description is not None
        assert description.count("<@") == 8
        assert len(description) <= 4096


@pytest.mark.parametrize("locale", locales())
def test_the_deleted_are_named_by_nothing(locale: str) -> None:
    report = UsageReport(
        days=(NOW.date(),),
        rows=(MemberDay(day=NOW.date(), user_id=NOBODY, used=UsageTotals(videos=1, credits=5, charged=1)),),
        drift=(PriceDrift(provider="p", model="m*_", priced=1, estimated=100_000, reported=90_000),),
        budget=Account(owner="b", period="p", allowance=UNLIMITED, unit=Unit.USD),
        budgeted=False,
    )
    text = report_text(report, Span.WEEK, Measure.CREDITS, words(locale))
    assert "<@" not in text
    assert "10%" in text
    assert "m\\*\\_" in text
