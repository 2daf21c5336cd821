"""Whether a guild lets a member ask for a video: its blocks, channels, roles and limits, looked at in that order."""

from collections.abc import Collection, Iterator
from datetime import datetime

from bot.domain.guild import GuildState, MemberState
from bot.domain.member import Member
from bot.domain.policy import Gate, Limits, Who
from bot.domain.request import Mode, VideoRequest
from bot.errors import Blocked, OverLimit, Paused, PlaceClosed, Refused, RoleNeeded


def check_member(
    member: Member,
    *,
    channel_id: int,
    everywhere: GuildState,
    guild: GuildState,
    state: MemberState,
    direct: bool,
    now: datetime,
) -> None:
    """Whether this person may ask for videos, now and there; `direct` is whether anybody may in direct messages.

    Raises:
        Paused, Blocked, PlaceClosed, RoleNeeded: they may not.
    """
    for each, all_over in ((everywhere, True), (guild, False)):
        if each.paused:
            raise Paused(everywhere=all_over, reason=each.pause_reason)
    if state.blocked(now):
        raise Blocked(until=None if state.blocked_for_good else state.blocked_until, reason=state.block_reason)
    if member.guild_id is None:
        if not direct:
            raise PlaceClosed(channel_id=channel_id)
        return
    policy = guild.policy
    if not policy.channels.open_to(member.places):
        raise PlaceClosed(channel_id=channel_id, open_channels=sorted(policy.channels.allowed))
    _check_gate(policy.roles, member)


def refusals(wish: VideoRequest, member: Member, limits: Limits, *, offered: Collection[str] = ()) -> Iterator[Refused]:
    """Every limit of the guild that keeps a member from such a video; of its models those `offered` are named."""
    if limits.longest is not None and wish.duration > limits.longest:
        yield OverLimit(limit="longest", wanted=str(wish.duration), allowed=str(limits.longest))
    if limits.models and wish.model not in limits.models:
        named = [each for each in offered if each in limits.models]
        yield OverLimit(limit="models", wanted=wish.model, allowed=", ".join(named))
    if wish.sound and not limits.sound:
        yield OverLimit(limit="sound", wanted="on", allowed="off")
    if wish.mode is not Mode.STD and (refusal := pro_refusal(member, limits, wish.mode)):
        yield refusal


def as_made(wish: VideoRequest, limits: Limits) -> VideoRequest:
    """The request as the guild makes it: with a watermark where that is forced."""
    return wish.model_copy(update={"watermark": True}) if limits.watermark else wish


def _check_gate(gate: Gate, member: Member) -> None:
    if not gate.open_to(member.role_ids):
        raise RoleNeeded(roles=() if gate.denied & member.role_ids else sorted(gate.allowed))


def pro_refusal(member: Member, limits: Limits, mode: Mode = Mode.PRO) -> Refused | None:
    """Why a member may not have a better mode than the standard one; None where they may.

    Whoever may not have pro may not have what is better still.
    """
    if limits.pro is Who.NOBODY or (limits.pro is Who.ROLES and not limits.pro_roles):
        return OverLimit(limit="pro", wanted=mode, allowed=Mode.STD)
    if limits.pro is Who.ROLES and not limits.pro_roles & member.role_ids:
        return RoleNeeded(roles=sorted(limits.pro_roles), what="pro")
    return None
