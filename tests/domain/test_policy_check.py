"""Whether a guild lets somebody ask for a video."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain import (
    Allowance,
    ChannelGate,
    Defaults,
    GuildState,
    Member,
    MemberState,
    Mode,
    Period,
    Policy,
    VideoRequest,
    Who,
)
from bot.domain.funding import allowance_of, funding_of, gift_sources
from bot.domain.guild import FOREVER
from bot.domain.policy import GuildLimits, Pool, RoleGate, Tier
from bot.domain.policy_check import check_member, limit_refusals, with_forced_watermark
from bot.domain.quota import NO_END
from bot.errors import Blocked, OverLimit, Paused, PlaceClosed, Refused, RoleNeeded

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
CHANNEL, CATEGORY, CLUB, MUTED = 5, 50, 70, 71
DEFAULTS = Defaults(allowance=Allowance(credits=60))
BUDGETED = replace(DEFAULTS, budget_usd_micros=5_000_000)


def check(member: Member, *, direct: bool = True, **stood: Any) -> None:
    state = {"everywhere": GuildState(), "guild": GuildState(), "state": MemberState(), **stood}
    check_member(member, channel_id=CHANNEL, direct=direct, now=NOW, **state)


def ana(*roles: int, guild_id: int | None = 7) -> Member:
    channel_ids = frozenset({CHANNEL, CATEGORY})
    return Member(user_id=1, guild_id=guild_id, role_ids=frozenset(roles), channel_ids=channel_ids)


def ruled(**policy: Any) -> GuildState:
    return GuildState(policy=Policy(**policy))


def make_request(**changes: Any) -> VideoRequest:
    return VideoRequest(**{"model": "kirin_v3_t2v", "prompt": "a fox", **changes})


def test_where_nothing_is_decided_everybody_may_everywhere() -> None:
    check(ana())
    check(ana(guild_id=None))


@pytest.mark.parametrize("place", [CHANNEL, CATEGORY])
def test_a_channel_is_open_by_itself_or_by_its_category_and_what_is_denied_wins(place: int) -> None:
    check(ana(), guild=ruled(channels=ChannelGate(allowed={place})))
    with pytest.raises(PlaceClosed):
        check(ana(), guild=ruled(channels=ChannelGate(allowed={CHANNEL, CATEGORY}, denied={place})))


def test_a_closed_channel_names_those_that_are_open() -> None:
    with pytest.raises(PlaceClosed) as caught:
        check(ana(), guild=ruled(channels=ChannelGate(allowed={9, 8})))
    assert caught.value.open_channels == (8, 9)


def test_a_role_opens_the_gate_and_a_denied_one_closes_it_again() -> None:
    gate = ruled(roles=RoleGate(allowed={CLUB}, denied={MUTED}))
    check(ana(CLUB), guild=gate)
    for roles, named in (((), (CLUB,)), ((CLUB, MUTED), ())):
        with pytest.raises(RoleNeeded) as caught:
            check(ana(*roles), guild=gate)
        assert caught.value.roles == named


@pytest.mark.parametrize(("where", "everywhere"), [("guild", False), ("everywhere", True)])
def test_a_pause_refuses_everybody_and_says_why(where: str, *, everywhere: bool) -> None:
    stood: dict[str, Any] = {where: GuildState(paused=True, pause_reason="movie night")}
    with pytest.raises(Paused) as caught:
        check(ana(), **stood)
    assert (caught.value.everywhere, caught.value.reason) == (everywhere, "movie night")


def test_a_block_holds_until_its_end_and_no_longer() -> None:
    with pytest.raises(Blocked) as caught:
        check(ana(), state=MemberState(blocked_until=NOW + timedelta(milliseconds=1)))
    assert caught.value.until == NOW + timedelta(milliseconds=1)
    check(ana(), state=MemberState(blocked_until=NOW))


def test_a_block_for_good_has_no_end() -> None:
    with pytest.raises(Blocked) as caught:
        check(ana(), state=MemberState(blocked_until=FOREVER))
    assert caught.value.until is None


def test_direct_messages_can_be_closed() -> None:
    with pytest.raises(PlaceClosed):
        check(ana(guild_id=None), direct=False)
    check(ana(), direct=False)


@pytest.mark.parametrize(
    ("limits", "asked", "refusal"),
    [
        (GuildLimits(longest=5), {"duration": 6}, OverLimit),
        (GuildLimits(sound=False), {"sound": True}, OverLimit),
        (GuildLimits(models={"kling-v1"}), {}, OverLimit),
        (GuildLimits(pro=Who.NOBODY), {"mode": Mode.PRO}, OverLimit),
        (GuildLimits(pro=Who.ROLES, pro_roles={CLUB}), {"mode": Mode.PRO}, RoleNeeded),
        (GuildLimits(pro=Who.ROLES), {"mode": Mode.PRO}, OverLimit),
    ],
)
def test_a_limit_refuses_what_is_over_it_and_nothing_else(
    limits: GuildLimits, asked: dict[str, Any], refusal: type[Refused]
) -> None:
    assert [type(each) for each in limit_refusals(make_request(**asked), ana(), limits)] == [refusal]
    other = {"model": "kling-v1"} if limits.models else {}
    assert list(limit_refusals(make_request(**other), ana(), limits)) == []


def test_every_limit_in_the_way_is_named() -> None:
    limits = GuildLimits(longest=5, sound=False, models={"kling-v1"}, pro=Who.NOBODY)
    named = [each.limit for each in limit_refusals(make_request(duration=9, sound=True, mode=Mode.PRO), ana(), limits)]  # type: ignore[attr-defined]
    assert named == ["longest", "models", "sound", "pro"]


def test_of_the_servers_models_only_those_on_offer_are_named() -> None:
    limits = GuildLimits(models={"kling-v1", "long-gone"})
    (refused,) = limit_refusals(make_request(), ana(), limits, offered=["kirin_v3_t2v", "kling-v1"])
    assert (refused.wanted, refused.allowed) == ("kirin_v3_t2v", "kling-v1")  # type: ignore[attr-defined]


def test_pro_is_for_those_with_the_role() -> None:
    limits = GuildLimits(pro=Who.ROLES, pro_roles={CLUB})
    assert list(limit_refusals(make_request(mode=Mode.PRO), ana(CLUB), limits)) == []


def test_a_watermark_can_be_forced() -> None:
    assert with_forced_watermark(make_request(), GuildLimits(watermark=True)).watermark
    assert with_forced_watermark(make_request(), GuildLimits()) == make_request()


def allowance(member: Member, *, state: MemberState | None = None, **policy: Any) -> Allowance:
    return allowance_of(member, policy=Policy(**policy), state=state or MemberState(), defaults=DEFAULTS)


def test_the_best_of_a_members_roles_counts_and_their_own_allowance_before_it() -> None:
    week, month = Allowance(credits=700, period=Period.WEEK), Allowance(credits=2900, period=Period.MONTH)
    tiers = (Tier(role_id=CLUB, allowance=week), Tier(role_id=MUTED, allowance=month))
    assert allowance(ana(CLUB, MUTED), tiers=tiers) == week
    assert allowance(ana(MUTED), tiers=tiers) == month
    assert allowance(ana(), tiers=tiers) == DEFAULTS.allowance
    assert allowance(ana(), tiers=tiers, allowance=Allowance(credits=7)).credits == 7
    own = MemberState(allowance=Allowance(credits=1))
    assert allowance(ana(CLUB), tiers=tiers, state=own).credits == 1


def test_who_pays_comes_in_its_order_under_every_cap() -> None:
    policy = Policy(
        pools=(Pool(name="team", role_id=CLUB, allowance=Allowance(credits=9)),),
        guild_allowance=Allowance(credits=100, period=Period.MONTH),
        budget_usd_micros=5,
    )
    funding = funding_of(ana(CLUB), policy=policy, state=MemberState(), defaults=BUDGETED, now=NOW)
    assert [(fund.owner, fund.period) for fund in funding.sources] == [
        ("user:1@guild:7", "2026-03-05"),
        ("extra:1@guild:7", "2026-03-05"),
        ("extra:1@guild:7", "2026-W10"),
        ("extra:1@guild:7", "2026-03"),
        ("pool:team@guild:7", "2026-03-05"),
        ("extra:1@guild:7", NO_END),
    ]
    assert [fund.renews_at and fund.renews_at.day for fund in funding.sources] == [6, 6, 9, 1, 6, None]
    assert gift_sources(funding) == tuple(fund for fund in funding.sources if not fund.owner.startswith("pool:"))
    assert [fund.owner for fund in funding.caps] == ["guild:7", "budget:guild:7", "budget:bot"]
    assert [fund.period for fund in funding.caps] == ["2026-03", "2026-03", "2026-03"]


def test_in_direct_messages_the_bots_own_budget_is_the_only_cap() -> None:
    funding = funding_of(ana(guild_id=None), policy=Policy(), state=MemberState(), defaults=BUDGETED, now=NOW)
    assert [fund.owner for fund in (*funding.sources, *funding.caps)] == ["user:1@dm", "extra:1@dm", "budget:bot"]


@pytest.mark.parametrize(("guild_id", "caps"), [(7, ["budget:guild:7"]), (None, [])])
def test_a_bots_budget_without_a_ceiling_is_no_cap(guild_id: int | None, caps: list[str]) -> None:
    funding = funding_of(ana(guild_id=guild_id), policy=Policy(), state=MemberState(), defaults=DEFAULTS, now=NOW)
    assert [fund.owner for fund in funding.caps] == caps
