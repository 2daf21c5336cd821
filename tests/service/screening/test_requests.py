"""What a guild wants looked at: nothing is made or posted that it would not want, and nothing passes in doubt."""

from typing import Any

import pytest

from bot.domain import Approval, Member, Policy, Review, Rule, RuleAction, RuleKind, Shot, VideoRequest
from bot.errors import CopyUnreviewed, PromptRefused, ProviderUnavailable, ReviewImpossible, StoreUnavailable
from bot.provider.scan import Verdict
from tests.service.moderation_services import ANA, ModerationServices
from tests.service.scripted import GUILD, MOD_CHANNEL
from tests.service.services import Services

DOWN = ProviderUnavailable(provider="scan", code="http_500")
REFUSE, HOLD, WARN = (
    Rule(pattern=action.value, action=action) for action in (RuleAction.REFUSE, RuleAction.HOLD, RuleAction.WARN)
)
ENDLESS = Rule(kind=RuleKind.REGEX, pattern="(a|aa)+$", action=RuleAction.WARN)
MAZE = "a" * 2000 + "!"


@pytest.fixture
def moderation_services(services: Services) -> ModerationServices:
    return ModerationServices(services)


async def test_a_guild_that_wants_nothing_looked_at_has_it_made_at_once(
    moderation_services: ModerationServices,
) -> None:
    screened = await moderation_services.screens("refuse hold warn")
    assert (screened.review, screened.case, screened.warned) == (None, None, False)
    assert moderation_services.services.scans.calls == []


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": "I refuse"},
        {"negative_prompt": "refuse"},
        {"prompt": "", "shots": (Shot(prompt="one", seconds=2), Shot(prompt="re\u00adfuse", seconds=3)), "duration": 5},
    ],
)
async def test_a_rule_refuses_whatever_text_it_finds_something_in(
    moderation_services: ModerationServices, fields: dict[str, Any]
) -> None:
    await moderation_services.wants(rules=(REFUSE,))
    with pytest.raises(PromptRefused) as refused:
        await moderation_services.screens(**fields)
    assert (refused.value.strikes, refused.value.most) == (0, 0)


async def test_the_strongest_of_several_rules_wins(moderation_services: ModerationServices) -> None:
    await moderation_services.wants(rules=(WARN, HOLD, REFUSE), scan_prompts=True)
    assert (await moderation_services.screens("warn")).warned
    held = await moderation_services.screens("warn and hold")
    assert (held.review, held.warned) == (Review.REQUEST, True)
    assert held.case is not None
    assert held.case.body == {"why": {"rule": ["hold"]}}
    with pytest.raises(PromptRefused):
        await moderation_services.screens("warn, hold, refuse")
    assert moderation_services.services.scans.asked("text") == ["warn"]


@pytest.mark.parametrize(
    "wanted",
    [{"rules": (REFUSE,)}, {"rules": (HOLD,)}, {"approval": "results"}, {"scan_prompts": True}, {"scan_results": True}],
)
async def test_a_video_from_elsewhere_is_no_way_around_what_a_guild_wants(
    moderation_services: ModerationServices, wanted: dict[str, Any]
) -> None:
    admission, here = (
        moderation_services.services.bot.admission,
        await moderation_services.services.queued(guild_id=GUILD),
    )
    elsewhere = [await moderation_services.services.queued(guild_id=each) for each in (None, GUILD + 1)]
    await moderation_services.wants(rules=(WARN,))
    for job in (here, *elsewhere):
        assert await admission.may_show(job, ANA, channel_id=5) is False
    await moderation_services.wants(**wanted)
    assert await admission.may_show(here, ANA, channel_id=5) is False
    for job in elsewhere:
        with pytest.raises(CopyUnreviewed):
            await admission.may_show(job, ANA, channel_id=5)


async def test_a_case_has_no_word_of_the_prompt(moderation_services: ModerationServices) -> None:
    await moderation_services.wants(approval="requests")
    case = (await moderation_services.screens("a fox")).case
    assert case is not None
    assert case.body == {"why": {"approval": []}}
    assert (case.id, case.channel_id, case.user_id, case.job_id) == ("request-job-1", 9, 1, "job-1")


@pytest.mark.parametrize("action", RuleAction)
async def test_a_search_that_never_ends_is_for_a_moderator_or_not_made(
    moderation_services: ModerationServices, action: RuleAction
) -> None:
    endless = ENDLESS.model_copy(update={"action": action})
    await moderation_services.wants(rules=(endless,))
    held = await moderation_services.screens(MAZE)
    assert held.case is not None
    assert held.case.body == {"why": {"doubt": [ENDLESS.pattern]}}
    await moderation_services.wants(channel_id=None, rules=(ENDLESS,))
    with pytest.raises(ReviewImpossible):
        await moderation_services.screens(MAZE)


@pytest.mark.parametrize(
    "wanted", [{"approval": Approval.REQUESTS}, {"approval": Approval.RESULTS}, {"rules": (HOLD,)}], ids=str
)
async def test_nothing_waits_for_moderators_whose_channel_is_gone(
    moderation_services: ModerationServices, wanted: dict[str, Any]
) -> None:
    await moderation_services.wants(**wanted)
    assert (await moderation_services.screens("hold")).review is not None
    moderation_services.staff.gone.add((GUILD, MOD_CHANNEL))
    with pytest.raises(ReviewImpossible):
        await moderation_services.screens("hold")
    if "rules" in wanted:
        assert (await moderation_services.screens("a boat")).review is None


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Verdict(), None),
        (Verdict(risks=("VIOLENT",)), {"risk": ["VIOLENT"]}),
        (DOWN, {"unscanned": []}),
    ],
)
async def test_a_scan_that_finds_something_or_fails_is_for_a_moderator(
    moderation_services: ModerationServices, answer: Any, why: Any
) -> None:
    await moderation_services.wants(scan_prompts=True)
    moderation_services.services.scans.then("text", answer)
    case = (await moderation_services.screens("a fox", negative_prompt="rain")).case
    assert (case and case.body) == (why and {"why": why})
    assert moderation_services.services.scans.asked("text") == ["a fox\nrain"]


async def test_a_scan_that_nobody_can_make_is_one_that_fails(moderation_services: ModerationServices) -> None:
    await moderation_services.wants(scan_prompts=True)
    case = (await moderation_services.screens(scanner=False)).case
    assert case is not None
    assert case.body == {"why": {"unscanned": []}}


async def test_approval_of_results_is_said_beforehand(moderation_services: ModerationServices) -> None:
    await moderation_services.wants(approval=Approval.RESULTS)
    assert (await moderation_services.screens()).review is Review.RESULT
    await moderation_services.wants(approval=Approval.BOTH)
    assert (await moderation_services.screens()).review is Review.REQUEST


async def test_in_direct_messages_no_guild_decides(moderation_services: ModerationServices) -> None:
    fields = VideoRequest(model="kirin_v3_t2v", prompt="refuse")
    member, policy = Member(user_id=1), Policy()
    assert (
        await moderation_services.screening.screen(fields, member, policy=policy, key="k", job_id="j")
    ).review is None


async def test_strikes_are_counted_once_a_request_and_lead_to_a_block(moderation_services: ModerationServices) -> None:
    await moderation_services.wants(rules=(REFUSE,), strikes=2)
    counted = []
    for key in ("k1", "k1", "k2"):
        with pytest.raises(PromptRefused) as refused:
            await moderation_services.screens("refuse", key=key)
        counted.append((refused.value.strikes, refused.value.blocked_until is not None))
    assert counted == [(1, False), (1, False), (2, True)]


async def test_a_strike_that_cannot_be_counted_lets_nothing_through(moderation_services: ModerationServices) -> None:
    await moderation_services.wants(rules=(REFUSE,), strikes=2)
    policy = (await moderation_services.guilds.state(7)).policy
    moderation_services.services.database.refusals = 1
    fields = VideoRequest(model="kirin_v3_t2v", prompt="refuse")
    with pytest.raises(StoreUnavailable):
        await moderation_services.screening.screen(
            fields, Member(user_id=1, guild_id=7), policy=policy, key="k", job_id="j"
        )
