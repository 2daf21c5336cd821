"""The people of a simulated community: members with their day, moderators and admins who decide, now and then.

Each is a task of the world. They meet whatever the bot says, and go on.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any, Final

from bot.domain import Allowance, AuditEntry, CaseKind, Destination, Job, Member, VideoRequest
from bot.domain.policy import Approval, GuildLimits, ModerationPolicy, Policy, Pool, Tier
from bot.domain.sharing import PART
from bot.errors import Refused, StoreUnavailable
from bot.service.admin.credits import GiftOffer
from bot.service.jobs.copies import Copy, CopyKind
from bot.service.jobs.types import Accepted, RequestContext
from bot.service.services import Services
from bot.store.community.guilds import GuildStore
from tests.models import CAPABILITIES
from tests.simulation.discord_server import DIRECT, SimulatedDiscord, channel
from tests.simulation.disk import Disk, at_once
from tests.simulation.machine import Machine
from tests.simulation.world import World

LIMIT: Final = 10 * 1024 * 1024
ADMIN: Final = 99
MODERATORS: Final = 50  # of a guild's channels the one in which its moderators decide


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What somebody was told was accepted: it has to be there for as long as nobody deletes it."""

    job_id: str
    user_id: int
    key: str


class Community:
    """Some guilds with their members, and everything that they do in a day."""

    def __init__(self, world: World, machine: Machine, disk: Disk, discord: SimulatedDiscord, *, members: int) -> None:
        self._members = members
        self._world, self._machine, self._disk, self._discord = world, machine, disk, discord
        self._keys = count(1)
        self.guilds = [PART * each for each in range(1, world.random.randint(2, 4))]
        self.new_guilds = [PART * each for each in (10, 11)]  # to which somebody may add the bot
        self.kept: dict[str, Kept] = {}  # by key
        self.forgotten: set[int] = set()  # who has asked for everything to be deleted
        self.resubmitted: set[str] = set()  # jobs that an admin has had made once more
        self._shared: set[tuple[str, int]] = set()
        self._decide_policies()

    def key(self) -> str:
        """Give the id of the next interaction."""
        return f"i{next(self._keys)}"

    # -- the day

    def live(self, *, requests: int, seconds: float) -> None:
        """Have so many requests come in that time: more of them in the middle than at its ends."""
        random = self._world.random
        for _ in range(requests):
            at = seconds * (0.5 + math.asin(random.uniform(-1, 1)) / math.pi) * 0.9
            self._at(at, self._asks)
        for act, often in self._acts().items():
            for _ in range(round(requests * often) if requests * often >= 1 else random.random() < requests * often):
                self._at(random.uniform(0.05, 0.95) * seconds, act)

    def _acts(self) -> dict[Callable[[], Awaitable[None]], float]:
        """Say what else happens, and how often for each request."""
        return {
            self._decides: 0.5,
            self._cancels: 0.12,
            self._fetches: 0.15,
            self._shares: 0.08,
            self._deletes_a_video: 0.06,
            self._posts_again: 0.06,
            self._reports: 0.04,
            self._asks_for_more: 0.06,
            self._gives: 0.06,
            self._grants: 0.05,
            self._changes_a_policy: 0.06,
            self._pauses: 0.03,
            self._sees_to_dead_letters: 0.08,
            self._takes_one_back: 0.03,
            self._wants_to_be_forgotten: 0.03,
            self._adds_the_bot: 0.04,
        }

    def _at(self, seconds: float, act: Callable[[], Awaitable[None]]) -> None:
        self._world.later(seconds, lambda: self._begin(act))

    def _begin(self, act: Callable[[], Awaitable[None]]) -> None:
        task = self._world.loop.create_task(self._guarded(act), context=self._world.loop.world)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _guarded(self, act: Callable[[], Awaitable[None]]) -> None:
        try:
            await act()
        except Exception as exc:  # noqa: BLE001 (a mistake of the simulation, or an answer that nobody expects)
            self._world.is_wrong(f"somebody met {exc!r}")

    @property
    def busy(self) -> bool:
        """Whether somebody still does something."""
        return bool(self._under_way)

    # -- asking

    async def _asks(self) -> None:
        random = self._world.random
        member = self._member()
        private = random.random() < 0.25
        guild_id = member.guild_id
        place = Destination(
            guild_id=guild_id,
            channel_id=channel(guild_id, random.randint(1, 3)) if guild_id else member.user_id + DIRECT,
            upload_limit=LIMIT,
            private=private if guild_id else True,
        )
        model = random.choice(list(CAPABILITIES.values()))
        request = VideoRequest(model=model.model, prompt="a fox", duration=random.choice((5, 5, 10)))
        context = RequestContext(key=self.key(), member=member, locale="en-US", destination=place, confirmed=True)
        await self._ask(request, context)
        if random.random() < 0.08:  # a gateway that resumes may bring an interaction twice
            await asyncio.sleep(random.expovariate(1 / 10))
            await self._ask(request, context)

    async def _ask(self, request: VideoRequest, context: RequestContext) -> None:
        key, user_id = context.key, context.member.user_id
        asked = "SELECT id FROM jobs WHERE idempotency_key = $1"
        known = self._disk.rows(asked, key)  # of a process that was killed before it answered
        said = await self._machine.ask(f"a video {key}", lambda services: services.videos.request(request, context))
        there = self._disk.rows(asked, key)
        if isinstance(said, Accepted):
            self._world.counted["accepted"] += 1
            before = self.kept.setdefault(key, Kept(job_id=said.job.id, user_id=user_id, key=key))
            # Where everything was deleted nothing is left to know a repeat by; Discord lets nobody answer it twice.
            if before.job_id != said.job.id and user_id not in self.forgotten:
                self._world.is_wrong(f"{key} became two jobs: {before.job_id}, {said.job.id}")
            if not there and user_id not in self.forgotten:
                self._world.is_wrong(f"{key} was accepted, and is not there")
        elif isinstance(said, Refused | StoreUnavailable) and there and not known:
            self._world.is_wrong(f"{key} was refused ({said!r}), and is there")
        elif said is not None:
            self._world.counted[f"refused: {type(said).__name__}"] += 1

    async def _cancels(self) -> None:
        job = self._one_of("delivered_at IS NULL AND status <> 'failed'")  # a card may be older than what it shows
        if job is not None:
            await self._press(f"cancel {job.id}", lambda services: services.videos.cancel(job.id, user_id=job.user_id))

    # -- finished videos

    async def _fetches(self) -> None:
        job = self._one_of("dead_letter = 'undeliverable'") or self._one_of("delivered_at IS NOT NULL")
        if job is None:
            return
        copy = Copy(kind=CopyKind.DIRECT, user_id=job.user_id, locale="en-US", nonce=self.key(), limit=LIMIT)

        async def fetch(services: Services) -> None:
            found = await services.results.job(job.id, self._as(job))
            await services.results.resend(found, copy)

        await self._press(f"fetch {job.id}", fetch)

    async def _shares(self) -> None:
        job = self._one_of("private = 1 AND guild_id IS NOT NULL AND delivered_at IS NOT NULL")
        if job is not None:
            await self._press(f"share {job.id}", lambda services: services.results.share(job.id, self._as(job)))

    async def _deletes_a_video(self) -> None:
        job = self._one_of("delivered_at IS NOT NULL AND removed_at IS NULL AND message_id IS NOT NULL")
        if job is None:
            return
        moderator = self._world.random.random() < 0.3 and job.destination.guild_id is not None
        who = Member(user_id=ADMIN, guild_id=job.destination.guild_id, moderates=True) if moderator else self._as(job)
        place: dict[str, Any] = {"channel_id": job.message_channel_id, "message_id": job.message_id}

        async def delete(services: Services) -> None:
            await services.results.remove(job, who, **place)

        await self._press(f"delete {job.id}", delete)

    async def _posts_again(self) -> None:
        job = self._one_of("delivered_at IS NOT NULL AND private = 0 AND guild_id IS NOT NULL AND removed_at IS NULL")
        if job is None:
            return
        place = job.destination
        copy = Copy(
            kind=CopyKind.AGAIN,
            user_id=job.user_id,
            locale="en-US",
            nonce=self.key(),
            limit=LIMIT,
            guild_id=place.guild_id,
            channel_id=place.channel_id,
        )
        await self._machine.ask(f"again {job.id}", lambda services: services.results.resend(job, copy))

    async def _reports(self) -> None:
        job = self._one_of("delivered_at IS NOT NULL AND guild_id IS NOT NULL AND message_id IS NOT NULL")
        if job is not None and job.message_channel_id is not None and job.message_id is not None:
            message, key = (job.message_channel_id, job.message_id), self.key()
            await self._machine.ask(
                f"report {job.id}",
                lambda services: services.cases.report(
                    job.id,
                    guild_id=job.destination.guild_id,
                    message=message,
                    by=job.user_id + PART,
                    reason="x",
                    key=key,
                ),
            )

    # -- credits

    async def _asks_for_more(self) -> None:
        member, key = self._member(), self.key()
        if member.guild_id is not None:
            await self._machine.ask(
                f"more {key}",
                lambda services: services.credits.ask_for_more(
                    member, key=key, credits_=20, why="", locale="en-US", asked_in=None
                ),
            )

    async def _gives(self) -> None:
        member = self._member()
        offer = GiftOffer(key=self.key(), receiver_id=member.user_id + PART, to_bot=False, credits=3)
        await self._press(f"gift {offer.key}", lambda services: services.credits.give(member, offer))

    async def _grants(self) -> None:
        member = self._member()
        if member.guild_id is not None:
            entry, amount = self._entry(member.guild_id, "granted"), self._world.random.choice((-10, 5, 30))
            await self._press(
                f"grant {entry.id}",
                lambda services: services.credits.grant(entry, user_id=member.user_id, credits=amount, note=""),
            )

    async def _press(self, what: str, call: Callable[[Services], Awaitable[object]]) -> None:
        """Press a button: once, or as people do who see nothing happen."""
        times = self._world.random.choice((1, 1, 1, 2))
        await asyncio.gather(*(self._machine.ask(what, call) for _ in range(times)))

    # -- those who decide

    async def decide_all(self) -> None:
        """Decide whatever waits for a decision."""
        for row in self._disk.rows("SELECT id FROM cases WHERE state = 'open'"):
            await self._decide(row["id"])

    async def _decides(self) -> None:
        rows = self._disk.rows("SELECT id FROM cases WHERE state = 'open'")
        if rows:
            await self._decide(self._world.random.choice(rows)["id"])

    async def _decide(self, case_id: str) -> None:
        yes = self._world.random.random() < 0.6
        row = self._disk.rows("SELECT * FROM cases WHERE id = $1", case_id)[0]
        entry = self._entry(row["guild_id"], "decided")

        async def decide(services: Services) -> None:
            case = await services.cases.read(case_id, guild_id=row["guild_id"], channel_id=row["channel_id"])
            if case.kind is CaseKind.MORE:
                await services.credits.decide_more(
                    case_id, guild_id=case.guild_id, given=20 if yes else 0, by=ADMIN, key=entry.id
                )
            elif case.kind is CaseKind.REPORT:
                await (services.cases.remove(case, entry) if yes else services.cases.dismiss(case, entry))
            elif yes:
                await services.cases.approve(case, entry)
            else:
                await services.cases.deny(case, entry, reason="no")

        await self._press(f"decide {case_id}", decide)

    async def _sees_to_dead_letters(self) -> None:
        job = self._one_of("dead_letter IS NOT NULL")
        if job is None:
            return
        entry, way = self._entry(job.destination.guild_id or 0, "saw"), self._world.random.randrange(4)

        async def see(services: Services) -> None:
            found = (await services.guild_jobs.job(job.id, guild_id=0)).job
            if way == 0:
                await services.guild_jobs.write_off(entry, found, billed=False)
            elif way == 1:
                await services.guild_jobs.look_again(entry, found)
            elif way == 2:
                self.resubmitted.add(job.id)
                await services.guild_jobs.retry(entry, found)

        await self._press(f"dead letter {job.id} {way}", see)

    async def _takes_one_back(self) -> None:
        job = self._one_of("status = 'queued'")
        if job is not None:
            entry = self._entry(job.destination.guild_id or 0, "cancelled")
            await self._press(f"take back {job.id}", lambda services: services.guild_jobs.cancel(entry, job))

    async def _changes_a_policy(self) -> None:
        random, guild_id = self._world.random, self._world.random.choice(self.guilds)
        changes: dict[str, Any] = random.choice(
            (
                {"allowance": Allowance(credits=random.choice((10, 40, 100)))},
                {"guild_allowance": random.choice((None, Allowance(credits=60)))},
                {"budget_usd_micros": random.choice((None, 2_000_000, 9_000_000))},
                {"limits": GuildLimits(running=random.choice((None, 1, 2)))},
                {"timezone": random.choice(("UTC", "America/New_York", "Asia/Kolkata"))},
            )
        )
        entry = self._entry(guild_id, "changed")
        await self._machine.ask(
            f"policy {guild_id} {sorted(changes)}",
            lambda services: services.guilds.change(entry, lambda policy: policy.changed(**changes)),
        )

    async def _pauses(self) -> None:
        guild_id = self._world.random.choice([0, *self.guilds])
        for paused in (True, False):
            entry = self._entry(guild_id, "paused")
            await self._machine.ask(f"pause {guild_id} {paused}", partial(_pause, entry=entry, paused=paused))
            await asyncio.sleep(self._world.random.uniform(5, 120))

    async def go_on(self) -> None:
        """End every pause."""
        for row in self._disk.rows("SELECT guild_id FROM guilds WHERE paused = 1"):
            entry = self._entry(row["guild_id"], "paused")
            await self._machine.ask(f"go on {row['guild_id']}", partial(_pause, entry=entry, paused=False))

    async def _wants_to_be_forgotten(self) -> None:
        user_id, messages = self._member().user_id, self._world.random.random() < 0.5
        self.forgotten.add(user_id)
        await self._machine.ask(
            f"forget {user_id}", lambda services: services.privacy.delete(user_id, messages=messages)
        )

    async def _adds_the_bot(self) -> None:
        guild_id = self._world.random.choice(self.new_guilds)
        await self._press(  # which a gateway that resumes may tell twice
            f"join {guild_id}", lambda services: services.left_guilds.joined(guild_id, welcome_in=channel(guild_id, 1))
        )

    # -- who is there

    def _decide_policies(self) -> None:
        """Give each guild a policy of its own, before anything begins."""
        random, store = self._world.random, GuildStore(self._disk.look())
        self._under_way: set[asyncio.Task[None]] = set()
        for guild_id in self.guilds:
            policy = Policy(
                gifts=True,
                allowance=random.choice((None, Allowance(credits=40))),
                pools=(Pool(name="team", role_id=1, allowance=Allowance(credits=50)),) if random.random() < 0.5 else (),
                tiers=(Tier(role_id=2, priority=3),),
                budget_usd_micros=random.choice((None, 20_000_000)),
                moderation=ModerationPolicy(
                    channel_id=channel(guild_id, MODERATORS),
                    approval=random.choice((Approval.OFF, Approval.OFF, Approval.OFF, *Approval)),
                ),
                audit_channel_id=random.choice((None, channel(guild_id, MODERATORS))),
            )
            at_once(store.change(self._entry(guild_id, "changed"), partial(_replaced, by=policy)))

    def _member(self) -> Member:
        random = self._world.random
        guild_id = random.choice([*self.guilds, *self.guilds, None])
        user_id = random.randint(1, self._members) * PART + 1000 * (guild_id or PART)
        roles = frozenset(role for role in (1, 2) if (user_id + role) % 3 == 0)
        return Member(user_id=user_id, guild_id=guild_id, role_ids=roles if guild_id else frozenset())

    def _as(self, job: Job) -> Member:
        return Member(user_id=job.user_id, guild_id=job.destination.guild_id)

    def _one_of(self, where: str) -> Job | None:
        rows = self._disk.rows(f"SELECT * FROM jobs WHERE {where} ORDER BY id")  # noqa: S608 (constants)
        return Job.from_row(dict(self._world.random.choice(rows))) if rows else None

    def _entry(self, guild_id: int, action: str) -> AuditEntry:
        return AuditEntry(id=self.key(), guild_id=guild_id, actor_id=ADMIN, action=action, at=self._world.wall())


async def _pause(services: Services, *, entry: AuditEntry, paused: bool) -> None:
    await services.guilds.pause(entry, paused=paused)


def _replaced(_policy: Policy, *, by: Policy) -> Policy:
    return by
