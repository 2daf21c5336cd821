"""What a guild wants looked at: nothing is made or posted that it would not want, and nothing passes in doubt."""

from typing import Any

import pytest

from bot.domain.job import Review
from bot.domain.member import Member
from bot.domain.policy import Action, Approval, Policy, Rule, RuleKind
from bot.domain.request import Shot, VideoRequest
from bot.errors import CopyUnreviewed, PromptRefused, ProviderUnavailable, ReviewImpossible, StoreUnavailable
from bot.provider.scan import Verdict
from tests.service.house import House
from tests.service.moderating import ANA, GUILD, ROOM, Bench

DOWN = ProviderUnavailable(provider="scan", code="http_500")
REFUSE, HOLD, WARN = (Rule(pattern=action.value, action=action) for action in (Action.REFUSE, Action.HOLD, Action.WARN))
ENDLESS = Rule(kind=RuleKind.REGEX, pattern="(a|aa)+$", action=Action.WARN)
MAZE = "a" * 2000 + "!"


@pytest.fixture
def bench(house: House) -> Bench:
    return Bench(house)


async def test_a_guild_that_wants_nothing_looked_at_has_it_made_at_once(bench: Bench) -> None:
    screened = await bench.screens("refuse hold warn")
    assert (screened.review, screened.case, screened.warned) == (None, None, False)
    assert bench.house.scans.calls == []


@pytest.mark.parametrize(
    "wish",
    [
        {"prompt": "I refuse"},
        {"negative_prompt": "refuse"},
        {"prompt": "", "shots": (Shot(prompt="one", seconds=2), Shot(prompt="re\u00adfuse", seconds=3)), "duration": 5},
    ],
)
async def test_a_rule_refuses_whatever_text_it_finds_something_in(bench: Bench, wish: dict[str, Any]) -> None:
    await bench.wants(rules=(REFUSE,))
    with pytest.raises(PromptRefused) as refused:
        await bench.screens(**wish)
    assert (refused.value.strikes, refused.value.most) == (0, 0)


async def test_the_strongest_of_several_rules_wins(bench: Bench) -> None:
    await bench.wants(rules=(WARN, HOLD, REFUSE), scan_prompts=True)
    assert (await bench.screens("warn")).warned
    held = await bench.screens("warn and hold")
    assert (held.review, held.warned) == (Review.REQUEST, True)
    assert held.case is not None
    assert held.case.body == {"why": {"rule": ["hold"]}}
    with pytest.raises(PromptRefused):
        await bench.screens("warn, hold, refuse")
    assert bench.house.scans.asked("text") == ["warn"]


@pytest.mark.parametrize(
    "wanted",
    [{"rules": (REFUSE,)}, {"rules": (HOLD,)}, {"approval": "results"}, {"scan_prompts": True}, {"scan_results": True}],
)
async def test_a_video_from_elsewhere_is_no_way_around_what_a_guild_wants(bench: Bench, wanted: dict[str, Any]) -> None:
    admission, here = bench.house.admission(), await bench.house.queued(guild_id=GUILD)
    elsewhere = [await bench.house.queued(guild_id=each) for each in (None, GUILD + 1)]
    await bench.wants(rules=(WARN,))
    for job in (here, *elsewhere):
        assert await admission.may_show(job, ANA, channel_id=5) is False
    await bench.wants(**wanted)
    assert await admission.may_show(here, ANA, channel_id=5) is False
    for job in elsewhere:
        with pytest.raises(CopyUnreviewed):
            await admission.may_show(job, ANA, channel_id=5)


async def test_a_case_has_no_word_of_the_prompt(bench: Bench) -> None:
    await bench.wants(approval="requests")
    case = (await bench.screens("a fox")).case
    assert case is not None
    assert case.body == {"why": {"approval": []}}
    assert (case.id, case.channel_id, case.user_id, case.job_id) == ("request-job-1", 9, 1, "job-1")


@pytest.mark.parametrize("action", Action)
async def test_a_search_that_never_ends_is_for_a_moderator_or_not_made(bench: Bench, action: Action) -> None:
    endless = ENDLESS.model_copy(update={"action": action})
    await bench.wants(rules=(endless,))
    held = await bench.screens(MAZE)
    assert held.case is not None
    assert held.case.body == {"why": {"doubt": [ENDLESS.pattern]}}
    await bench.wants(channel_id=None, rules=(ENDLESS,))
    with pytest.raises(ReviewImpossible):
        await bench.screens(MAZE)


@pytest.mark.parametrize(
    "wanted", [{"approval": Approval.REQUESTS}, {"approval": Approval.RESULTS}, {"rules": (HOLD,)}], ids=str
)
async def test_nothing_waits_for_moderators_whose_channel_is_gone(bench: Bench, wanted: dict[str, Any]) -> None:
    await bench.wants(**wanted)
    assert (await bench.screens("hold")).review is not None
    bench.staff.gone.add((GUILD, ROOM))
    with pytest.raises(ReviewImpossible):
        await bench.screens("hold")
    if "rules" in wanted:
        assert (await bench.screens("a boat")).review is None


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Verdict(), None),
        (Verdict(risks=("VIOLENT",)), {"risk": ["VIOLENT"]}),
        (DOWN, {"unscanned": []}),
    ],
)
async def test_a_scan_that_finds_something_or_fails_is_for_a_moderator(bench: Bench, answer: Any, why: Any) -> None:
    await bench.wants(scan_prompts=True)
    bench.house.scans.then("text", answer)
    case = (await bench.screens("a fox", negative_prompt="rain")).case
    assert (case and case.body) == (why and {"why": why})
    assert bench.house.scans.asked("text") == ["a fox\nrain"]


async def test_a_scan_that_nobody_can_make_is_one_that_fails(bench: Bench) -> None:
    await bench.wants(scan_prompts=True)
    case = (await bench.screens(scanner=False)).case
    assert case is not None
    assert case.body == {"why": {"unscanned": []}}


async def test_approval_of_results_is_said_beforehand(bench: Bench) -> None:
    await bench.wants(approval=Approval.RESULTS)
    assert (await bench.screens()).review is Review.RESULT
    await bench.wants(approval=Approval.BOTH)
    assert (await bench.screens()).review is Review.REQUEST


async def test_in_direct_messages_no_guild_decides(bench: Bench) -> None:
    wish = VideoRequest(model="kirin_v3_t2v", prompt="refuse")
    member, policy = Member(user_id=1), Policy()
    assert (await bench.moderation.screen(wish, member, policy=policy, key="k", job_id="j")).review is None


async def test_strikes_are_counted_once_a_request_and_lead_to_a_block(bench: Bench) -> None:
    await bench.wants(rules=(REFUSE,), strikes=2)
    counted = []
    for key in ("k1", "k1", "k2"):
        with pytest.raises(PromptRefused) as refused:
            await bench.screens("refuse", key=key)
        counted.append((refused.value.strikes, refused.value.blocked_until is not None))
    assert counted == [(1, False), (1, False), (2, True)]


async def test_a_strike_that_cannot_be_counted_lets_nothing_through(bench: Bench) -> None:
    await bench.wants(rules=(REFUSE,), strikes=2)
    policy = (await bench.guilds.state(7)).policy
    bench.house.database.refusals = 1
    wish = VideoRequest(model="kirin_v3_t2v", prompt="refuse")
    with pytest.raises(StoreUnavailable):
        await bench.moderation.screen(wish, Member(user_id=1, guild_id=7), policy=policy, key="k", job_id="j")
