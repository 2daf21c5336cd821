"""Answers what people may ask about what is held of them: how it is kept, to have all of it, to have it deleted."""

import asyncio
import io
import json
import logging
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from bot.domain import Job, RateLimit
from bot.errors import DestinationBusy, DestinationLost
from bot.service.jobs.copies import ResultPoster
from bot.service.jobs.files import ResultFiles
from bot.store.jobs.messages import MessagePlace
from bot.store.privacy.deletion import Deletion, DeletionStore
from bot.store.privacy.export import PrivacyStore
from bot.values import dataclass

log = logging.getLogger(__name__)

POLICY: Final = 100_000  # bytes of the operator's text that are read
PLAIN: Final = 1024 * 1024  # bytes of an export up to which it is not compressed
HURRY: Final = timedelta(hours=20)  # so long a deletion waits for cards and messages that Discord does not take
PAUSE: Final = timedelta(minutes=10)  # in which one person may export so often, and delete once
EXPORTS: Final = 3
BATCH: Final = 50  # jobs at once


@dataclass(frozen=True, kw_only=True, slots=True)
class Export:
    """Everything that is held about somebody, as a file."""

    filename: str
    content: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class RetentionPeriods:
    """How long things are kept; None is for ever. `guilds` is from when the bot leaves one."""

    texts: timedelta | None
    files: timedelta | None
    guilds: timedelta


class Privacy:
    """Reads out, exports and deletes personal data. Every method may raise `StoreUnavailable`.

    `policy_file` is the operator's own text, read whenever somebody asks; beside it may lie one for a language, with
    the language before its ending (`privacy.zh-CN.md` beside `privacy.md`).
    """

    def __init__(
        self,
        *,
        store: PrivacyStore,
        deletions: DeletionStore,
        result_poster: ResultPoster,
        files: ResultFiles,
        retention_periods: RetentionPeriods,
        policy_file: Path | None,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self._store, self._deletions, self._result_poster, self._files = store, deletions, result_poster, files
        self._policy_file, self._clock, self._wake = policy_file, clock, wake
        self.retention_periods = retention_periods
        self._exports = RateLimit(times=EXPORTS, span=PAUSE, clock=clock)
        self._deletions_asked = RateLimit(times=1, span=PAUSE, clock=clock)

    async def policy(self, locale: str) -> str | None:
        """Read the operator's text for a locale; None where there is none, and the bot's own is to be shown."""
        file = self._policy_file
        if file is None:
            return None
        for each in (file.with_suffix(f".{locale}{file.suffix}"), file):
            text = await asyncio.to_thread(_read, each)
            if text is not None:
                return text
        log.warning("the file of the privacy policy cannot be read", extra={"file": str(file)})
        return None

    async def export(self, user_id: int) -> Export:
        """Export everything that is held about a person as JSON, compressed where it is long.

        Raises:
            TooOften: they have had as many of them as one may have for now.
        """
        self._exports.take(user_id)
        held = await self._store.held(user_id)
        return await asyncio.to_thread(_pack, user_id, self._clock(), held)

    async def delete(self, user_id: int, *, messages: bool) -> None:
        """Delete everything about a person, and take their name off what has to stay.

        The request is kept first. What can be done at once is done when this returns; the rest is `work`, which also
        goes on with it after a crash.

        Raises:
            TooOften: they have done so a moment ago.
        """
        self._deletions_asked.check(user_id)
        deletion = await self._deletions.ask(user_id, messages=messages, now=self._clock())
        self._deletions_asked.count(user_id)  # not before it is kept: whom the database refused may try again
        log.info("somebody wants their data deleted")
        await self._fulfil(deletion)

    async def work(self) -> None:
        """Go on with every deletion that is not finished."""
        for deletion in await self._deletions.open():
            await self._fulfil(deletion)

    async def _fulfil(self, deletion: Deletion) -> None:
        now = self._clock()
        urgent = now - deletion.at > HURRY
        if await self._deletions.end_jobs(deletion, now=now):
            self._wake()
        await self._deletions.clear(deletion, now=now)
        try:
            while jobs := await self._deletions.closed(deletion, urgent=urgent, most=BATCH):
                for job, places in jobs:
                    await self._forget(job, places if deletion.messages else [], urgent=urgent)
        except DestinationBusy as exc:
            log.info("a deletion waits for Discord", extra={"reason": exc.reason})
            return
        if await self._deletions.finish(deletion, urgent=urgent, now=now):
            log.info("a deletion is finished")

    async def _forget(self, job: Job, places: list[MessagePlace], *, urgent: bool) -> None:
        """Delete the messages and the file first: the row is what knows of them.

        Raises:
            DestinationBusy: Discord does not take it now.
        """
        for place in places:
            try:
                await self._result_poster.take_away(job, channel_id=place.channel_id, message_id=place.message_id)
            except DestinationLost as exc:
                log.info("a message stays", extra={"job": job.id, "reason": exc.reason})
            except DestinationBusy:
                if not urgent:
                    raise
        await self._files.discard(job)
        await self._deletions.forget(job)


def _read(file: Path) -> str | None:
    try:
        with file.open("rb") as source:
            return source.read(POLICY).decode(errors="replace").strip() or None
    except OSError:
        return None


def _pack(user_id: int, now: datetime, held: dict[str, list[dict[str, Any]]]) -> Export:
    whole = {"user_id": user_id, "made_at": now.isoformat(), "held": held}
    content, name = json.dumps(whole, ensure_ascii=False, indent=1).encode(), f"shotcaller-{user_id}.json"
    if len(content) <= PLAIN:
        return Export(filename=name, content=content)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return Export(filename=f"{name}.zip", content=packed.getvalue())
