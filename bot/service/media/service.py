"""Does everything to a finished video: is it playable, and does it fit where it is to be posted?

The files are untrusted, and libav is a million lines of C. So each call runs in a child process of its own
(`bot.service.media.child`) that has no settings and no secrets in its environment, gives way to the bot, may take
only so much time and memory, and is killed when the call is cancelled. Nothing here blocks the event loop.
"""

import asyncio
import json
import logging
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, NoReturn, cast

from bot.errors import ResultTooLarge, ResultUnavailable, ResultUnusable
from bot.service.measures import Measures
from bot.service.media.probe import MediaInfo

__all__ = ["FIT_SECONDS", "PROBE_SECONDS", "Media", "MediaInfo"]

PROBE_SECONDS: Final = 30.0  # a video takes 0.3 s; what takes this long was made to
FIT_SECONDS: Final = 900.0  # the longest video there may be, on a slow machine

_log = logging.getLogger(__name__)


class Media:
    """Looks at videos and fits them, `parallel` of each at a time; a long fit never keeps a look waiting.

    `command` is what to run as the child, and the times are in seconds: tests give others. The `measures` hear how each
    video came to fit.
    """

    def __init__(
        self,
        *,
        parallel: int = 2,
        probe_seconds: float = PROBE_SECONDS,
        fit_seconds: float = FIT_SECONDS,
        command: Sequence[str] = (sys.executable, "-P", "-m", "bot.service.media.child"),
        measures: Measures | None = None,
    ) -> None:
        self._probe_slots, self._fit_slots = asyncio.Semaphore(parallel), asyncio.Semaphore(parallel)
        self._probe_seconds, self._fit_seconds = probe_seconds, fit_seconds
        self._command, self._measures = tuple(command), measures or Measures()

    async def probe(self, path: Path) -> MediaInfo:
        """Check that the file is a playable video, all of it, and say what it is.

        Raises:
            ResultUnusable: "not_a_video", "truncated", "empty", or "absurd" (size, length, time or memory it takes).
            ResultUnavailable: "machine", this machine could not look; the file may still be good.
        """
        async with self._probe_slots:
            answer = await self._ask({"do": "probe", "source": str(path)}, seconds=self._probe_seconds)
        return _info(answer)

    async def fit(self, path: Path, *, limit: int, into: Path, comment: str = "") -> tuple[Path, MediaInfo]:
        """Make a version of the video that every phone plays, of at most `limit` bytes, which says `comment` of itself.

        It is `path` itself when that is already so. Otherwise it is the file `into`, which is written whole or not
        at all: the same picture and sound copied into a faststart MP4 when that is enough, else a re-encode. Both
        keep the tags of the container. What carries signed Content Credentials and plays everywhere stays as it is,
        since any change would make them void.

        Raises:
            ResultTooLarge: "cannot_fit", not with a picture worth seeing, or not in reasonable time.
            ResultUnusable: as `probe`.
            ResultUnavailable: "machine", it could not be done here and now (no space, for example).
        """
        async with _part_of(into) as part:
            work = {"source": str(path), "target": str(part), "limit": limit, "comment": comment}
            async with self._probe_slots:
                answer = await self._ask({"do": "pack", **work}, seconds=self._probe_seconds)
            how = "copied" if answer.get("made") else "as_is"
            if "encode" in answer:
                how, answer = "encoded", await self._encode(work)
            if answer.get("made"):
                await asyncio.to_thread(part.replace, into)
            self._measures.video_fitted(how)
            return into if answer.get("made") else path, _info(answer)

    async def _encode(self, work: dict[str, Any]) -> dict[str, Any]:
        async with self._fit_slots:
            try:
                return await self._ask({"do": "encode", **work}, seconds=self._fit_seconds)
            except _TooSlow as exc:
                raise ResultTooLarge("cannot_fit") from exc

    async def _ask(self, request: dict[str, Any], *, seconds: float) -> dict[str, Any]:
        """Ask a child, and give back its answer, unless it is a verdict."""
        async with self._child() as child:
            try:
                async with asyncio.timeout(seconds):
                    line = await _ask_child(child, request | {"seconds": seconds})
                    code = 0 if line else await child.wait()
            except TimeoutError as exc:
                _log.warning("killed a media child for its time", extra={"did": request["do"], "seconds": seconds})
                raise _TooSlow("absurd") from exc
        return _read(line) if line else _error_of_exit(code)

    @asynccontextmanager
    async def _child(self) -> AsyncIterator[Process]:
        """Start a child that is gone, and waited for, when the block ends in whatever way."""
        try:
            child = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={
                    "PYTHONPATH": os.pathsep.join(path or os.curdir for path in sys.path),
                    "PYTHONUTF8": "1",
                    "MALLOC_ARENA_MAX": "2",  # or glibc reserves 64 MB of the child's address space a thread
                },
                start_new_session=True,  # Ctrl-C is for the bot, which then ends its children in order
            )
        except OSError as exc:
            raise _result_unavailable(f"no child: {exc}") from exc
        try:
            yield child
        finally:
            _kill(child)
            _pipes(child)[0].close()
            await asyncio.shield(child.wait())


class _TooSlow(ResultUnusable):
    """The child did not answer in time."""


def _kill(child: Process) -> None:
    """End a child. Not by its own `kill`: that takes a child which has just ended from whoever waits for it."""
    if child.returncode is None:
        with suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)


def _pipes(child: Process) -> tuple[asyncio.StreamWriter, asyncio.StreamReader]:
    return cast("asyncio.StreamWriter", child.stdin), cast("asyncio.StreamReader", child.stdout)


async def _ask_child(child: Process, request: dict[str, Any]) -> bytes:
    """Hand over the request, and read the line that comes back, empty when the child ends without one."""
    to, back = _pipes(child)
    with suppress(ConnectionError):  # it died before it read; that shows in its silence
        to.write(json.dumps(request).encode() + b"\n")
        await to.drain()
    try:
        return await back.readline()
    except ValueError:  # longer than any answer of ours: the file has taken the child over
        return b"{}"


def _read(line: bytes) -> dict[str, Any]:
    """Read what the child says, and raise its verdicts. Anything unexpected was not written by our code."""
    try:
        answer = json.loads(line)
    except ValueError as exc:
        raise ResultUnusable("not_a_video") from exc
    match answer:
        case {"info": dict()} | {"encode": True}:
            return cast("dict[str, Any]", answer)
        case {"unusable": str(reason)}:
            raise ResultUnusable(reason)
        case {"too_large": str(reason)}:
            raise ResultTooLarge(reason)
        case {"trouble": str(text)}:
            raise _result_unavailable(text)
    raise ResultUnusable("not_a_video")


def _info(answer: dict[str, Any]) -> MediaInfo:
    try:
        return MediaInfo(**answer["info"])
    except (KeyError, TypeError) as exc:
        raise ResultUnusable("not_a_video") from exc


def _error_of_exit(code: int) -> NoReturn:
    """Explain a child's exit: a crash was made by the file; a child that could not run says nothing of it."""
    if -code == getattr(signal, "SIGXCPU", None):
        _log.warning("a media child was ended for its processor time")
        raise _TooSlow("absurd")
    if code < 0 and -code not in {signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)}:
        _log.warning("a media child crashed", extra={"signal": -code})
        raise ResultUnusable("not_a_video")
    raise _result_unavailable(f"the child ended with status {code}")


def _result_unavailable(text: str) -> ResultUnavailable:
    """Say that this machine failed, not the file: the operator reads why in the log."""
    _log.error("media work failed", extra={"reason": text})
    return ResultUnavailable("machine")


@asynccontextmanager
async def _part_of(target: Path) -> AsyncIterator[Path]:
    """Give a path beside `target` to write to; whatever is left there at the end is removed."""
    part = target.with_name(f"{target.name}.part")
    try:
        yield part
    finally:
        await asyncio.shield(asyncio.to_thread(part.unlink, missing_ok=True))
