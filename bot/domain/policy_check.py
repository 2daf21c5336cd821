"""Decides whether a guild lets a member ask for a video: its blocks, channels, roles and limits, in that order."""

from collections.abc import Collection, Iterator
from datetime import datetime

from bot.domain.guild import GuildState, MemberState
from bot.domain.member import Member
from bot.domain.policy import GuildLimits, RoleGate, Who
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
    """Refuse a person who may not ask for videos, now and there; `direct` is whether anybody may in direct messages.

    Raises:
        Paused, Blocked, PlaceClosed, RoleNeeded: they may not.
    """
    for each, is_everywhere in ((everywhere, True), (guild, False)):
        if each.paused:
            raise Paused(everywhere=is_everywhere, reason=each.pause_reason)
    if state.blocked(now):
        raise Blocked(until=None if state.blocked_forever else state.blocked_until, reason=state.block_reason)
    if member.guild_id is None:
        if not direct:
            raise PlaceClosed(channel_id=channel_id)
        return
    policy = guild.policy
    if not policy.channels.open_to(member.channel_ids):
        raise PlaceClosed(channel_id=channel_id, open_channels=sorted(policy.channels.allowed))
    _check_gate(policy.roles, member)


def limit_refusals(
    request: VideoRequest, member: Member, limits: GuildLimits, *, offered: Collection[str] = ()
) -> Iterator[Refused]:
    """Find every limit of the guild that keeps a member from such a video; it names those of the `offered` models."""
    if limits.longest is not None and request.duration > limits.longest:
        yield OverLimit(limit="longest", wanted=str(request.duration), allowed=str(limits.longest))
    if limits.models and request.model not in limits.models:
        named = [each for each in offered if each in limits.models]
        yield OverLimit(limit="models", wanted=request.model, allowed=", ".join(named))
    if request.sound and not limits.sound:
        yield OverLimit(limit="sound", wanted="on", allowed="off")
    if request.mode is not Mode.STD and (refusal := better_mode_refusal(member, limits, request.mode)):
        yield refusal


def with_forced_watermark(request: VideoRequest, limits: GuildLimits) -> VideoRequest:
    """Give the request a watermark where the guild forces one."""
    return request.model_copy(update={"watermark": True}) if limits.watermark else request


def _check_gate(gate: RoleGate, member: Member) -> None:
    if not gate.open_to(member.role_ids):
        raise RoleNeeded(roles=() if gate.denied & member.role_ids else sorted(gate.allowed))


def better_mode_refusal(member: Member, limits: GuildLimits, mode: Mode = Mode.PRO) -> Refused | None:
    """Say why a member may not have a better mode than the standard one; None where they may.

    Whoever may not have pro may not have what is better still.
    """
    if limits.pro is Who.NOBODY or (limits.pro is Who.ROLES and not limits.pro_roles):
        return OverLimit(limit="pro", wanted=mode, allowed=Mode.STD)
    if limits.pro is Who.ROLES and not limits.pro_roles & member.role_ids:
        return RoleNeeded(roles=sorted(limits.pro_roles), what="pro")
    return None
