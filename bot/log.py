"""Writes structured logs, one line a record, with everything secret or private taken out first.

Every record is snapshotted where it is made and written by a thread of its own, so that a slow terminal or pipe never
holds up the event loop. Modules just do `logging.getLogger(__name__)` and pass what belongs to the event as `extra=`;
what all lines of a task are about is said once, with `log_about`.
"""

import copy
import dataclasses
import json
import logging
import math
import re
import sys
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from logging.handlers import QueueHandler, QueueListener
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Final, Literal, Self, TextIO, cast

from bot.redaction import HIDDEN, PRIVATE, Redactor
from bot.values import dataclass

# Who tells of every request, event or statement, with all that is in it, and from which level up it is heard at all.
_QUIET: Final = {
    **dict.fromkeys(("httpx", "httpcore", "discord.http", "aiosqlite"), logging.WARNING),
    "discord": logging.INFO,
}

_OWN: Final = frozenset({"time", "level", "logger", "event", "exception"})
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

_ABOUT: ContextVar[Mapping[str, object]] = ContextVar("about", default={})  # noqa: B039 - it is never changed
_SAFE: Final = 2**53  # from here on, readers of JSON that know no whole numbers change the last digits

QUERIES: Final = "bot.queries"
"""The logger of single questions to video services: at DEBUG, and heard whenever `RecentLines` keep them."""

JOBS: Final = 300  # jobs whose lines are remembered
LINES: Final = 60  # lines of each
WIDTH: Final = 400  # characters of each

_GREY, _PLAIN = "\x1b[2m", "\x1b[0m"
_COLOURS: Final = {
    "DEBUG": _GREY,
    "INFO": "\x1b[36m",
    "WARNING": "\x1b[33m",
    "ERROR": "\x1b[31m",
    "CRITICAL": "\x1b[1;31m",
}


def log_about(**fields: object) -> None:
    """Have every line bear these fields that this task writes from here on, and every task that it begins.

    A line that has a field of that name by itself keeps its own.
    """
    _ABOUT.set({**_ABOUT.get(), **fields})


def setup(
    *,
    level: str,
    format: Literal["text", "json"],  # noqa: A002 - the setting is called so
    secrets: Iterable[str],
    stream: TextIO | None = None,
    remember: bool = False,
) -> "Log":
    """Send everything from `level` up to `stream` (standard error), without `secrets`, until the result is closed.

    With `remember`, the last lines about each job are kept in memory, too.

    Raises:
        ValueError: there is no such level.
    """
    stream = stream or sys.stderr
    redact = Redactor(secrets)
    writer = logging.StreamHandler(stream)
    writer.setFormatter(_Json(redact) if format == "json" else _Text(redact, colour=stream.isatty()))
    return Log(level=level.upper(), writer=writer, recent=RecentLines(redact) if remember else None)


class Log:
    """Logging while it is set up; `close` writes what is still waiting and puts everything back as it was."""

    def __init__(self, *, level: str, writer: logging.Handler, recent: "RecentLines | None" = None) -> None:
        root, queries = logging.getLogger(), logging.getLogger(QUERIES)
        loggers = (root, queries, *map(logging.getLogger, _QUIET))
        self.recent = recent
        self._before = {logger: logger.level for logger in loggers}
        root.setLevel(level)
        for name, least in _QUIET.items():
            logging.getLogger(name).setLevel(max(root.level, least))
        writer.setLevel(root.level)
        if recent is not None:
            queries.setLevel(logging.DEBUG)
        queue: SimpleQueue[logging.LogRecord] = SimpleQueue()
        self._handler = _Snapshot(queue)
        handlers = (writer,) if recent is None else (writer, recent)
        self._listener = QueueListener(cast("Any", queue), *handlers, respect_handler_level=True)
        self._listener.start()
        root.addHandler(self._handler)

    def close(self) -> None:
        """Write what is waiting and stop; a second time does nothing."""
        if not self._before:
            return
        logging.getLogger().removeHandler(self._handler)
        for logger, level in self._before.items():
            logger.setLevel(level)
        self._before = {}
        self._listener.stop()
        self._handler.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Snapshot(QueueHandler):
    """Takes from a record what may change before it is written: the arguments and the extras."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        fields = {**_ABOUT.get(), **{key: value for key, value in vars(record).items() if key not in _STANDARD}}
        record = copy.copy(record)
        if isinstance(record.args, Mapping):
            record.args = {key: HIDDEN if _private(key) else _open(value) for key, value in record.args.items()}
        elif record.args:
            record.args = tuple(map(_open, record.args))
        try:
            record.message = record.getMessage()
        except (TypeError, ValueError, LookupError):
            record.message = f"{record.msg} (its arguments do not fit)"
        record.msg, record.args = record.message, None
        record.fields = _plain(fields)
        return record


class _Formatter(logging.Formatter):
    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact

    def parts(self, record: logging.LogRecord) -> tuple[str, dict[str, Any]]:
        """Redact the message and the fields; a field that has a name of ours gets a `_`."""
        fields = {f"{key}_" if key in _OWN else key: value for key, value in vars(record).get("fields", {}).items()}
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            fields["stack"] = record.stack_info
        return self._redact(record.getMessage()), self._redact.all(fields)


@dataclass(frozen=True, kw_only=True, slots=True)
class LogLine:
    """One line of the log, without anything secret or private."""

    at: datetime
    level: str
    text: str


class RecentLines(logging.Handler):
    """Keeps the last lines about each of the last jobs: what has a `job` among its fields."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._shaped = _Formatter(redact)
        self._lines: OrderedDict[str, deque[LogLine]] = OrderedDict()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line, and forget the job of which nothing was heard for the longest time."""
        event, fields = self._shaped.parts(record)
        if not isinstance(job := fields.pop("job", None), str):
            return
        text = f"{_one_line(event)}{_tail(fields)}"[:WIDTH]
        at = datetime.fromtimestamp(record.created, UTC)
        self._lines.setdefault(job, deque(maxlen=LINES)).append(LogLine(at=at, level=record.levelname, text=text))
        self._lines.move_to_end(job)
        if len(self._lines) > JOBS:
            self._lines.popitem(last=False)

    def of(self, job: str) -> Sequence[LogLine]:
        """List what is kept about a job, the earliest first."""
        self.acquire()  # the writing is done in a thread of its own
        try:
            return tuple(self._lines.get(job, ()))
        finally:
            self.release()


class _Json(_Formatter):
    def format(self, record: logging.LogRecord) -> str:
        event, fields = self.parts(record)
        head = {"time": _time(record), "level": record.levelname, "logger": record.name, "event": event}
        return json.dumps(head | fields)


class _Text(_Formatter):
    def __init__(self, redact: Redactor, *, colour: bool) -> None:
        super().__init__(redact)
        self._colour = colour

    def format(self, record: logging.LogRecord) -> str:
        event, fields = self.parts(record)
        level, name = f"{record.levelname:<8}", record.name
        tail = _tail(fields)
        if self._colour:
            level = f"{_COLOURS.get(record.levelname, '')}{level}{_PLAIN}"
            name, tail = f"{_GREY}{name}{_PLAIN}", f"{_GREY}{tail}{_PLAIN}"
        return f"{_time(record)} {level} {name}: {_one_line(event)}{tail}"


def _tail(fields: Mapping[str, Any]) -> str:
    return "".join(f" {key}={_word(value)}" for key, value in fields.items())


def _private(key: object) -> bool:
    return str(key).lower().replace("-", "_") in PRIVATE


def _open(value: Any) -> Any:
    """Open a value of ours into its fields: its `repr` would show the prompt. Other arguments stay as they are."""
    return _plain(value) if _fields(value) is not None else value


def _fields(value: Any) -> Mapping[Any, Any] | None:
    """Find what a mapping, a dataclass or a pydantic model is made of."""
    if isinstance(value, Mapping):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if not isinstance(value, type) and hasattr(value, "model_dump"):
        return cast("Mapping[Any, Any]", value.__dict__)
    return None


def _plain(value: Any) -> Any:
    """Convert a value to what JSON can say, without private fields; what JSON has no word for becomes its text.

    So does an id of Discord's, which is too long a number for many who read JSON.
    """
    if (fields := _fields(value)) is not None:
        return {str(key): _plain(part) for key, part in fields.items() if not _private(key)}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(part) for part in value]
    if isinstance(value, int) and abs(value) >= _SAFE:
        return str(value)
    if value is None or isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return str(value)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _word(value: Any) -> str:
    """Write a value without spaces in it, or in quotes."""
    if isinstance(value, str) and value.isprintable() and not re.search(r'[\s"=]', value) and value:
        return value
    return _one_line(json.dumps(value, ensure_ascii=False))


def _one_line(text: str) -> str:
    """Write out line breaks and control characters, so that nobody can forge a line."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
