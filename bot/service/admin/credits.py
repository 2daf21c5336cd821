"""Moves credits between people: admins grant them, members give them away or ask for more."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bot.domain import AuditEntry, Case, CaseKind, Defaults, Member, OutboxItem, OutboxKind, StatementEntry
from bot.domain.funding import funding_of, gift_sources
from bot.domain.quota import MAX_REQUESTED_CREDITS
from bot.errors import Blocked, CaseUnknown, DestinationLost, GiftImpossible, GiftsOff
from bot.service.operator_alerts import OperatorAlerts
from bot.service.outbox import OutboxHandler, UnrecordedPosts
from bot.service.ports import Alert, Notifier, Trouble
from bot.store.community.audit import AuditStore
from bot.store.community.cases import CaseStore
from bot.store.community.guilds import GuildStore
from bot.store.jobs.queries import JobQueryStore
from bot.store.money.grants import Gift, GrantStore
from bot.store.money.statements import StatementStore
from bot.values import dataclass

log = logging.getLogger(__name__)

STALE: Final = timedelta(days=7)  # after that long without a decision somebody may ask again


class MoreCreditsOutcome(StrEnum):
    """Says what became of a request for more credits."""

    ASKED = "asked"  # those who decide in the guild are asked
    CHANGED = "changed"  # they had been asked, and have not decided yet: this is what they decide on now
    TOLD = "told"  # nobody decides in that guild; the operator hears of it


@dataclass(frozen=True, kw_only=True, slots=True)
class GiftOffer:
    """Credits that somebody wants to give away; `to_bot` is whether a bot would get them, `key` lets it count once."""

    key: str
    receiver_id: int
    to_bot: bool
    credits: int


class Credits:
    """Moves credits between people. Every method may raise `StoreUnavailable`: then nothing has moved."""

    def __init__(
        self,
        *,
        grants: GrantStore,
        statements: StatementStore,
        cases: CaseStore,
        guilds: GuildStore,
        operator_alerts: OperatorAlerts,
        defaults: Defaults,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self._grants, self._statements, self._cases, self._guilds = grants, statements, cases, guilds
        self._operator_alerts = operator_alerts
        self._defaults, self._clock, self._wake = defaults, clock, wake

    async def grant(
        self,
        entry: AuditEntry,
        *,
        user_id: int,
        credits: int,  # noqa: A002 (what they are called everywhere)
        note: str,
    ) -> int:
        """Give a member credits that never expire, or take back at most what is left; say what is left then."""
        left = await self._grants.grant(entry, user_id=user_id, amount=credits, note=note)
        self._wake()
        return left

    async def give(self, giver: Member, offer: GiftOffer) -> int:
        """Let a member give credits to another, who has them as long as the giver would have; say what is left to give.

        Raises:
            GiftsOff: the guild does not have that, or it is no guild.
            GiftImpossible: to oneself, to a bot, or nothing at all.
            Blocked: the giver may do nothing with credits.
            GiftTooLarge: the giver has less to give.
        """
        now = self._clock()
        _, guild, state = await self._guilds.states(guild_id=giver.guild_id, user_id=giver.user_id)
        if giver.guild_id is None or not guild.policy.gifts:
            raise GiftsOff
        if offer.receiver_id == giver.user_id or offer.to_bot or offer.credits < 1:
            raise GiftImpossible
        if state.blocked(now):
            raise Blocked(until=None if state.blocked_forever else state.blocked_until, reason=state.block_reason)
        funding = funding_of(giver, policy=guild.policy, state=state, defaults=self._defaults, now=now)
        gift = Gift(
            key=offer.key,
            guild_id=giver.guild_id,
            giver_id=giver.user_id,
            receiver_id=offer.receiver_id,
            credits=offer.credits,
            sources=gift_sources(funding),
        )
        return await self._grants.give(gift, now=now)

    async def ask_for_more(
        self, member: Member, *, key: str, credits_: int, why: str, locale: str, asked_in: int | None
    ) -> MoreCreditsOutcome:
        """Ask those who decide in a guild for more credits; one who asks again changes their request.

        They are told of the decision in this `locale`, or where they take no direct messages, that there is one in the
        channel `asked_in`. At most `MAX_REQUESTED_CREDITS` are asked for.
        """
        if member.guild_id is None:
            raise CaseUnknown
        now, credits_ = self._clock(), max(1, min(credits_, MAX_REQUESTED_CREDITS))
        moderators = (await self._guilds.state(member.guild_id)).policy.moderation.channel_id
        if moderators is None:
            subject = f"user {member.user_id}, server {member.guild_id}"
            await self._operator_alerts.tell(Alert(trouble=Trouble.MORE, subject=subject, detail=f"{credits_} credits"))
            return MoreCreditsOutcome.TOLD
        case = Case(
            id=f"more-{key}",
            kind=CaseKind.MORE,
            guild_id=member.guild_id,
            channel_id=moderators,
            user_id=member.user_id,
            body={"credits": credits_, "why": why, "locale": locale, "asked_in": asked_in},
            created_at=now,
        )
        new = await self._grants.ask_for_more(case, stale=now - STALE)
        self._wake()
        return MoreCreditsOutcome.ASKED if new else MoreCreditsOutcome.CHANGED

    async def decide_more(self, case_id: str, *, guild_id: int, given: int, by: int, key: str) -> Case:
        """Grant a request for credits as an admin of its guild, or with 0 deny it, and tell its member.

        At most `MAX_REQUESTED_CREDITS` are given; `key` is the interaction's id.

        Raises:
            CaseUnknown: there is no such request in that guild.
            CaseDecided: somebody has decided it before.
        """
        given = min(given, MAX_REQUESTED_CREDITS)
        case = await self._cases.case(case_id)
        if case is None or case.kind is not CaseKind.MORE or case.guild_id != guild_id:
            raise CaseUnknown
        entry = AuditEntry(
            id=key,
            guild_id=guild_id,
            actor_id=by,
            action="more_approved" if given else "more_denied",
            at=self._clock(),
            detail={"member": case.user_id, "credits": given or case.body["credits"]},
        )
        decided = await self._grants.decide(case, entry, given=given)
        self._wake()
        return decided

    async def latest(self, member: Member, *, most: int) -> list[StatementEntry]:
        """Read what happened to a person's credits here, the latest first."""
        return await self._statements.latest(user_id=member.user_id, guild_id=member.guild_id, most=most)


class DecisionPoster(OutboxHandler):
    """Tells people what became of their requests for credits: directly, or where they asked, without the amount."""

    kind = OutboxKind.DECISION

    def __init__(self, *, cases: CaseStore, notifier: Notifier, posts: UnrecordedPosts) -> None:
        self._cases, self._notifier, self._posts = cases, notifier, posts

    async def handle(self, item: OutboxItem) -> int | None:
        """Tell of a decision, unless its person has had everything deleted since."""
        case = await self._cases.case(item.subject_id)
        if case is not None and not case.forgotten:
            await self._posts.post(
                item,
                place_id=case.user_id,
                look=lambda since: self._notifier.find_decision(case, since=since),
                post=lambda: self._notifier.tell_decision(case),
            )
        return None


class GrantPoster(OutboxHandler):
    """Tells members directly that an admin has given them credits, in the language that they last asked in.

    Who takes no direct messages has the credits all the same, and finds them in `/quota`.
    """

    kind = OutboxKind.GRANT

    def __init__(self, *, audit: AuditStore, lookup: JobQueryStore, notifier: Notifier, posts: UnrecordedPosts) -> None:
        self._audit, self._lookup, self._notifier, self._posts = audit, lookup, notifier, posts

    async def handle(self, item: OutboxItem) -> int | None:
        """Tell of a grant, unless its member has had everything deleted since."""
        entry = await self._audit.entry(item.subject_id)
        user_id = 0 if entry is None else int(entry.detail.get("member") or 0)
        if entry is None or not user_id:
            return None
        latest = await self._lookup.of_user(user_id, guild_id=entry.guild_id, most=1)
        locale = latest[0].locale if latest else None
        try:
            await self._posts.post(
                item,
                place_id=user_id,
                look=lambda since: self._notifier.find_grant(entry, locale=locale, since=since),
                post=lambda: self._notifier.tell_grant(entry, locale=locale),
            )
        except DestinationLost as exc:
            log.info("who was given credits takes no direct messages", extra={"reason": exc.reason})
        return None
