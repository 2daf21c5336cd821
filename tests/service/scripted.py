"""Everybody a service deals with, made of scripts: a clock, video services, Discord, downloads, media, a database."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final, cast

from bot.domain import AuditEntry, Case, Job, Note, Row, VideoRequest
from bot.errors import CommitUnknown, StoreUnavailable
from bot.provider.base import Task, TaskResult, TaskStatus
from bot.provider.scan import Verdict
from bot.service.jobs.copies import Copy
from bot.service.media.probe import MediaInfo
from bot.service.ports import Alert, Card, NotPosted, Posted, Result, Sighting
from bot.store.database import Database, Transaction

GUILD, MOD_CHANNEL, OPERATOR_CHANNEL = 7, 9, 99
START: Final = datetime(2026, 3, 5, 12, tzinfo=UTC)


class Clock:
    """Time that passes only when a test says so, and a wall clock that leaps when it says so."""

    def __init__(self) -> None:
        self.now = START
        self._apart = self.unseen = timedelta(0)  # what is unseen is seen when somebody asks

    def __call__(self) -> datetime:
        return self.now

    def leap(self, by: timedelta) -> None:
        self._apart += by

    def lead(self) -> timedelta:
        return self._apart

    def catch_up(self) -> None:
        self.now, self._apart = self.now + self._apart, timedelta(0)

    async def measure(self) -> None:
        self._apart, self.unseen = self._apart + self.unseen, timedelta(0)

    def tick(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


class Scripted:
    """Somebody whose next answers a test can write; what was asked is in `calls`."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self._next: dict[str, list[Any]] = defaultdict(list)

    def then(self, name: str, *outcomes: Any) -> None:
        """The next calls of that name raise these, or give them, or what they give when they are called.

        An `asyncio.Event` is waited for, and then the answer is the usual one.
        """
        self._next[name] += outcomes

    def asked(self, name: str) -> list[Any]:
        return [what for called, what in self.calls if called == name]

    async def play(self, name: str, what: Any, *, usual: Any = None) -> Any:
        self.calls.append((name, what))
        outcome = self._next[name].pop(0) if self._next[name] else usual
        if isinstance(outcome, asyncio.Event):
            await outcome.wait()
            return usual
        if callable(outcome):
            outcome = outcome()
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome


def finished(task_id: str = "task-1", *, url: str = "https://v.example/1.mp4", **more: Any) -> Task:
    return Task(id=task_id, status=TaskStatus.SUCCEEDED, result=TaskResult(url=url), **more)


def working(task_id: str = "task-1", **more: Any) -> Task:
    return Task(id=task_id, status=TaskStatus.WORKING, **more)


class Provider(Scripted):
    """A video service; without a script every task is taken, and finished when it is asked about."""

    find_is_authoritative = False
    longest_create = timedelta(seconds=90)

    def __init__(self, name: str = "kirin") -> None:
        super().__init__()
        self.id = name
        self.may_send: Callable[[], bool] = lambda: True  # of the last submission
        self._numbers = count(1)

    async def submit(
        self, request: VideoRequest, *, external_id: str, may_send: Callable[[], bool] = lambda: True
    ) -> Task:
        assert request is not None
        self.may_send = may_send
        return cast("Task", await self.play("submit", external_id, usual=working(f"task-{next(self._numbers)}")))

    async def fetch(self, task_id: str) -> Task:
        return cast("Task", await self.play("fetch", task_id, usual=finished(task_id)))

    async def find(self, external_id: str) -> Task | None:
        return cast("Task | None", await self.play("find", external_id))

    async def check(self) -> None:
        await self.play("check", None)


class Scans(Scripted):
    """The gateway's scans; without a script there is nothing to find."""

    async def text(self, text: str) -> Verdict:
        return cast("Verdict", await self.play("text", text, usual=Verdict()))

    async def video(self, url: str, *, seconds: int) -> Verdict:
        return cast("Verdict", await self.play("video", (url, seconds), usual=Verdict()))


class Discord(Scripted):
    """The Notifier. Without a script every message is taken."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers = count(100)
        self.hangs: dict[int, asyncio.Event] = {}  # channels that answer only when their event is set

    def phases(self, name: str = "edit_card") -> list[str]:
        return [str(card.phase) for card in self.asked(name)]

    def there(self, _guild_id: int, _channel_id: int) -> bool:
        return True

    async def post_card(self, card: Card) -> Posted | None:
        place = None if card.job.destination.private else self._place(card.job)
        return cast("Posted | None", await self.play("post_card", card, usual=place))

    async def edit_card(self, card: Card) -> None:
        await self.play("edit_card", card)
        await self._answer_of(card.job)

    async def remove_card(self, card: Card) -> None:
        await self.play("remove_card", card)

    async def say_ready(self, job: Job) -> None:
        await self.play("say_ready", job)

    async def find_card(self, job: Job) -> Sighting:
        return cast("Sighting", await self.play("find_card", job, usual=NotPosted()))

    async def find_result(self, job: Job) -> Sighting:
        return cast("Sighting", await self.play("find_result", job, usual=NotPosted()))

    async def post_result(self, result: Result) -> Posted:
        posted = cast("Posted", await self.play("post_result", result, usual=self._place(result.job)))
        await self._answer_of(result.job)
        return posted

    async def send_directly(self, result: Result) -> Posted:
        direct = Posted(channel_id=77, message_id=next(self._numbers))
        return cast("Posted", await self.play("send_directly", result, usual=direct))

    async def take_back(self, job: Job, posted: Posted) -> None:
        await self.play("take_back", (job.id, posted))

    async def tell_requester(self, card: Card) -> Posted | None:
        return cast("Posted | None", await self.play("tell_requester", card))

    async def tell_decision(self, case: Case) -> None:
        await self.play("tell_decision", case)

    async def find_decision(self, case: Case, *, since: datetime) -> Sighting:
        assert since is not None
        return cast("Sighting", await self.play("find_decision", case.id, usual=NotPosted()))

    async def tell_grant(self, entry: AuditEntry, *, locale: str | None) -> None:
        await self.play("tell_grant", (entry.id, locale))

    async def find_grant(self, entry: AuditEntry, *, locale: str | None, since: datetime) -> Sighting:
        assert since is not None
        return cast("Sighting", await self.play("find_grant", (entry.id, locale), usual=NotPosted()))

    async def alert(self, alert: Alert) -> None:
        await self.play("alert", alert)

    async def find_alert(self, alert: Alert, *, since: datetime) -> Sighting:
        assert since is not None
        return cast("Sighting", await self.play("find_alert", alert, usual=NotPosted()))

    async def _answer_of(self, job: Job) -> None:
        if (answer := self.hangs.get(job.destination.channel_id)) is not None:
            await answer.wait()

    def _place(self, job: Job) -> Posted:
        return Posted(channel_id=job.destination.channel_id, message_id=next(self._numbers))


class Staff(Scripted):
    """The moderators' side of Discord. Without a script every message is taken."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers = count(500)
        self.operator_channels = [OPERATOR_CHANNEL]  # the channels in which the operator can be told something
        self.shown = dict[str, Case]()  # what each case's message says
        self.gone = set[tuple[int, int]]()
        self.running = set[tuple[int, int]]()  # who runs which guild, or the bot

    async def runs(self, user_id: int, *, guild_id: int) -> bool:
        usual = (user_id, guild_id) in self.running
        return cast("bool", await self.play("runs", (user_id, guild_id), usual=usual))

    def there(self, guild_id: int, channel_id: int) -> bool:
        return (guild_id, channel_id) not in self.gone

    async def post_case(self, case: Case, *, job: Job | None, video: Result | None) -> Posted:
        assert job is None or case.job_id == job.id
        what = (case.id, video is not None)
        self.shown[case.id] = case
        usual = Posted(channel_id=MOD_CHANNEL, message_id=next(self._numbers))
        return cast("Posted", await self.play("post_case", what, usual=usual))

    async def find_case(self, case: Case, *, since: datetime) -> Sighting:
        assert since is not None
        return cast("Sighting", await self.play("find_case", case.id, usual=NotPosted()))

    async def edit_case(self, case: Case, *, message_id: int, job: Job | None) -> None:
        assert job is None or case.job_id == job.id
        self.shown[case.id] = case
        await self.play("edit_case", (case.id, str(case.state), message_id))

    async def operator_places(self) -> AsyncIterator[int]:
        for channel_id in self.operator_channels:
            yield channel_id

    async def post_note(self, note: Note, *, channel_id: int) -> Posted:
        usual = Posted(channel_id=channel_id, message_id=next(self._numbers))
        return cast("Posted", await self.play("post_note", (channel_id, note.user_id, note.text), usual=usual))

    async def find_note(self, key: str, *, channel_id: int, since: datetime) -> Sighting:
        assert since is not None
        return cast("Sighting", await self.play("find_note", (key, channel_id), usual=NotPosted()))

    async def delete_note(self, *, channel_id: int, message_id: int) -> None:
        await self.play("delete_note", (channel_id, message_id))

    async def tell(self, entry: AuditEntry, *, channel_id: int) -> None:
        await self.play("tell", (entry.id, channel_id))

    async def find_entry(self, entry: AuditEntry, *, channel_id: int, since: datetime) -> Sighting:
        assert since is not None
        return cast("Sighting", await self.play("find_entry", (entry.id, channel_id), usual=NotPosted()))

    async def welcome(self, *, guild_id: int, channel_id: int) -> None:
        await self.play("welcome", (guild_id, channel_id))

    async def find_welcome(self, *, guild_id: int, channel_id: int, since: datetime) -> Sighting:
        assert since is not None
        return cast("Sighting", await self.play("find_welcome", (guild_id, channel_id), usual=NotPosted()))


class ResultPoster(Scripted):
    """Posts copies where they are to go, and deletes whatever it is asked to."""

    async def post_copy(self, result: Result, copy: Copy, *, stars: int = 0) -> Posted:
        assert result.file.exists()
        place = Posted(channel_id=copy.channel_id or copy.user_id, message_id=900 + stars)
        return cast("Posted", await self.play("post_copy", (result, copy), usual=place))

    async def delete_copy(self, job_id: str, *, channel_id: int, message_id: int) -> bool:
        return bool(await self.play("delete_copy", (job_id, channel_id, message_id), usual=True))

    async def cover(self, job_id: str, *, channel_id: int, message_id: int, covered: bool) -> bool:
        return bool(await self.play("cover" if covered else "uncover", (job_id, channel_id, message_id), usual=True))

    async def delete_result(self, job: Job, *, channel_id: int, message_id: int) -> bool:
        return bool(await self.play("delete_result", (job.id, channel_id, message_id), usual=True))

    async def take_away(self, job: Job, *, channel_id: int, message_id: int) -> None:
        await self.play("take_away", (job.id, channel_id, message_id))

    async def tell_removed(self, job: Job) -> None:
        await self.play("tell_removed", job.id)

    async def find_removed(self, job: Job, *, since: datetime) -> Sighting:
        assert since is not None
        return cast("Sighting", await self.play("find_removed", job.id, usual=NotPosted()))

    async def attachment_url(self, job: Job) -> str | None:
        return cast("str | None", await self.play("attachment_url", job.id))


class Fetcher(Scripted):
    """Downloads a file of `size` bytes from anywhere."""

    size = 1000

    async def download(self, url: str, path: Path, *, cap: int) -> int:
        await self.play("download", url)
        assert self.size <= cap
        await asyncio.to_thread(path.write_bytes, b"v" * self.size)
        return self.size


class ScriptedMedia(Scripted):
    """Media work: a file that is over the limit is written anew, just under it."""

    async def probe(self, path: Path) -> MediaInfo:
        await self.play("probe", path.name)
        return await self._info(path)

    async def _info(self, path: Path) -> MediaInfo:
        size = (await asyncio.to_thread(path.stat)).st_size
        return MediaInfo(
            width=1280,
            height=720,
            seconds=5.0,
            video_codec="h264",
            audio_codec=None,
            size=size,
            fps=24.0,
            container="mp4",
            pixel_format="yuv420p",
            faststart=True,
        )

    async def fit(self, path: Path, *, limit: int, into: Path, comment: str) -> tuple[Path, MediaInfo]:
        assert comment.startswith("AI-generated video.")
        await self.play("fit", limit)
        if (await asyncio.to_thread(path.stat)).st_size <= limit:
            return path, await self._info(path)
        await asyncio.to_thread(into.write_bytes, b"f" * limit)
        return into, await self._info(into)


class Stubborn:
    """A database that refuses when told to: the next `refusals` transactions.

    Of the next `doubts` that write something, it can't be said whether they are kept; they are.
    """

    def __init__(self, inner: Database) -> None:
        self.inner = inner  # never refuses
        self.skip_locked = inner.skip_locked
        self.refusals = self.doubts = 0
        self.refused = 0

    async def transact(self, work: Callable[[Transaction], Awaitable[Any]], *, snapshot: bool = False) -> Any:
        if self.refusals:
            self.refusals -= 1
            self.refused += 1
            raise StoreUnavailable("database is locked")
        wrote: list[str] = []
        answer = await self.inner.transact(lambda tx: work(_Noted(tx, wrote)), snapshot=snapshot)
        if wrote and self.doubts:
            self.doubts -= 1
            raise CommitUnknown("the connection broke")
        return answer


class _Noted:
    """A transaction that notes what it writes."""

    def __init__(self, inner: Transaction, wrote: list[str]) -> None:
        self._inner, self._wrote = inner, wrote

    async def all(self, sql: str, *values: object) -> Sequence[Row]:
        self._note(sql)
        return await self._inner.all(sql, *values)

    async def one(self, sql: str, *values: object) -> Row | None:
        self._note(sql)
        return await self._inner.one(sql, *values)

    async def execute(self, sql: str, *values: object) -> int:
        self._note(sql)
        return await self._inner.execute(sql, *values)

    async def alone(self, name: str) -> None:
        await self._inner.alone(name)

    def _note(self, sql: str) -> None:
        self._wrote += [] if sql.startswith("SELECT") else [sql]


async def until(condition: Callable[[], object]) -> None:
    """Give the others their turns until something is so."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 (any condition at all; nothing would set an event)
            await asyncio.sleep(0.002)
