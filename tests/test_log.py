"""Each promise of the log: one line, well shaped, nothing private, never in the way."""

import asyncio
import io
import json
import logging
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

from bot.log import JOBS, LINES, QUERIES, WIDTH, log_about, setup
from bot.redaction import HIDDEN

log = logging.getLogger("bot.tests.log")


class VideoRequest(BaseModel):
    prompt: str
    seconds: int = 5


@dataclass(frozen=True)
class Job:
    id: str
    request: VideoRequest


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def written(
    act: Callable[[], object],
    *,
    form: Literal["text", "json"] = "json",
    level: str = "INFO",
    secrets: tuple[str, ...] = (),
    stream: io.StringIO | None = None,
) -> list[str]:
    """The lines that the log writes while `act` runs."""
    stream = stream or io.StringIO()
    with setup(level=level, format=form, secrets=secrets, stream=stream):
        act()
    return stream.getvalue().splitlines()


def record(act: Callable[[], object], **options: Any) -> dict[str, Any]:
    """The one record that `act` makes, as JSON reads it."""
    (line,) = written(act, **options)
    found: dict[str, Any] = json.loads(line)
    return found


def broken() -> None:
    raise RuntimeError("first line\nsecond line with hunter22")


def fail() -> None:
    try:
        broken()
    except RuntimeError:
        log.exception("it broke")


def test_a_record_is_one_line_of_json_with_its_extras() -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    found = record(lambda: log.warning("polled %s", "job\n7", extra={"attempt": 2, "waits": [1.5, None]}))
    time = datetime.fromisoformat(found.pop("time"))
    assert before <= time
    assert time.utcoffset() is not None
    assert found == {
        "level": "WARNING", "logger": "bot.tests.log", "event": "polled job\n7", "attempt": 2, "waits": [1.5, None],
    }  # fmt: skip


def test_what_json_has_no_word_for_becomes_its_text() -> None:
    extra = {"cost": Decimal("0.28"), "rate": float("nan"), "wish": VideoRequest(prompt="a cat"), "kinds": {"a"}}
    found = record(lambda: log.info("priced", extra=extra))
    assert (found["cost"], found["rate"], found["wish"], found["kinds"]) == ("0.28", "nan", {"seconds": 5}, ["a"])


def test_an_id_of_discords_is_a_text_that_no_reader_of_json_rounds() -> None:
    found = record(lambda: log.info("posted", extra={"posted": 1576286118612041730, "of": [2**53]}))
    assert (found["posted"], found["of"]) == ("1576286118612041730", ["9007199254740992"])


async def test_what_a_task_is_about_is_in_all_its_lines_and_in_nobody_elses() -> None:
    async def works() -> None:
        log_about(job="a", interaction="1")
        log.info("begun")
        log_about(job="b")
        async with asyncio.TaskGroup() as group:
            group.create_task(says())
        log.info("of another", extra={"job": "c"})

    async def says() -> None:
        log.info("said")

    stream = io.StringIO()
    with setup(level="INFO", format="json", secrets=(), stream=stream):
        await asyncio.create_task(works())
        log.info("beside")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(each["event"], each.get("job"), each.get("interaction")) for each in lines] == [
        ("begun", "a", "1"),
        ("said", "b", "1"),
        ("of another", "c", "1"),
        ("beside", None, None),
    ]


def test_an_extra_cannot_take_the_place_of_a_field_of_ours() -> None:
    found = record(lambda: log.info("done", extra={"level": 3, "event": "x"}))
    assert (found["level"], found["event"], found["level_"], found["event_"]) == ("INFO", "done", 3, "x")


def test_text_is_one_line_with_quotes_where_needed() -> None:
    (line,) = written(
        lambda: log.info("posted\nINFO forged", extra={"job": "j1", "said": "two words\u2028", "many": {"a": 1}}),
        form="text",
    )
    assert re.fullmatch(
        r'\d{4}-\d\d-\d\dT[\d:.]+Z INFO     bot\.tests\.log: posted\\nINFO forged job=j1 said="two words\\u2028" '
        r'many={"a": 1}',
        line,
    )


@pytest.mark.parametrize(("stream", "coloured"), [(io.StringIO(), False), (Terminal(), True)])
def test_only_a_terminal_gets_colours(stream: io.StringIO, coloured: bool) -> None:  # noqa: FBT001 - a parameter
    (line,) = written(lambda: log.error("broken"), form="text", stream=stream)
    assert ("\x1b[" in line) is coloured


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_exception_is_one_field_of_its_line(form: Literal["text", "json"]) -> None:
    (line,) = written(fail, form=form, secrets=("hunter22",))
    text = json.loads(line)["exception"] if form == "json" else json.loads(line.partition(" exception=")[2])
    assert text.startswith("Traceback")
    assert text.endswith(f"first line\nsecond line with {HIDDEN}")


def test_a_given_secret_is_hidden_wherever_it_stands() -> None:
    key = 'k"y/+\\sekret'

    def act() -> None:
        log.info(
            "message %s", f"<{key}>", extra={"deep": {"list": [f"x{key}"]}, "url": "https://a/?q=k%22y%2F%2B%5Csekret"}
        )

    (line,) = written(act, secrets=(key, "short"))
    found = json.loads(line)
    assert found["event"] == f"message <{HIDDEN}>"
    assert found["deep"] == {"list": [f"x{HIDDEN}"]}
    assert found["url"] == f"https://a/?q={HIDDEN}"


def test_private_fields_are_never_written_however_deep() -> None:
    extra = {
        "prompt": "a cat",
        "job": Job(id="j1", request=VideoRequest(prompt="a cat")),
        "sent": {"headers": {"Authorization": "x a cat"}, "shots": [{"Negative-Prompt": "a cat", "seconds": 2}]},
        "key": SecretStr("a cat"),
    }
    (line,) = written(lambda: log.info("submitted", extra=extra))
    assert "a cat" not in line
    found = json.loads(line)
    assert found["job"] == {"id": "j1", "request": {"seconds": 5}}
    assert found["sent"] == {"headers": {}, "shots": [{"seconds": 2}]}


def test_private_fields_of_arguments_are_not_written_either() -> None:
    typed = {"prompt": "a cat", "seconds": "a cat"}

    def act() -> None:
        log.info("accepted %s and %s", Job(id="j1", request=VideoRequest(prompt="a cat")), {"prompt": "a cat"})
        log.info("typed %(prompt)s by %(user)s", {"prompt": "a cat", "user": 7})
        try:
            VideoRequest.model_validate(typed)
        except ValidationError:
            log.exception("invalid")

    lines = written(act)
    assert len(lines) == 3
    assert "a cat" not in "".join(lines)
    assert json.loads(lines[1])["event"] == f"typed {HIDDEN} by 7"


def test_arguments_that_do_not_fit_lose_no_record() -> None:
    misfit = logging.LogRecord("bot", logging.INFO, "file.py", 1, "%d jobs", ("many",), None)
    # Straight to our handler: pytest's own, beside it, raises on such a record.
    found = record(lambda: logging.getLogger().handlers[-1].handle(misfit))
    assert found["event"] == "%d jobs (its arguments do not fit)"


def test_what_changes_after_the_call_is_written_as_it_was() -> None:
    def act() -> None:
        seen = [1]
        log.info("seen %s", seen, extra={"seen": seen})
        seen.append(2)

    found = record(act)
    assert (found["event"], found["seen"]) == ("seen [1]", [1])


def test_a_stack_is_a_field() -> None:
    assert "test_a_stack_is_a_field" in record(lambda: log.info("here", stack_info=True))["stack"]


def test_chatty_libraries_speak_from_warning_on() -> None:
    def act() -> None:
        for name in ("httpx", "httpcore.connection", "discord.http", "aiosqlite"):
            logging.getLogger(name).info("a request")
            logging.getLogger(name).warning("trouble")

    assert [json.loads(line)["event"] for line in written(act, level="debug")] == ["trouble"] * 4
    assert written(act, level="ERROR") == []


def test_a_blocked_stream_does_not_block_who_logs() -> None:
    class Stuck(io.StringIO):
        def write(self, text: str) -> int:
            free.wait()
            return super().write(text)

    free, stream = threading.Event(), Stuck()
    with setup(level="INFO", format="text", secrets=(), stream=stream):
        for number in range(100):
            log.info("line %d", number)
        assert stream.getvalue() == ""
        free.set()
    assert len(stream.getvalue().splitlines()) == 100


def test_closing_puts_everything_back_and_may_be_done_twice() -> None:
    root, quiet = logging.getLogger(), logging.getLogger("httpx")
    before, threads = (root.level, list(root.handlers), quiet.level), threading.active_count()
    made = setup(level="DEBUG", format="text", secrets=(), stream=io.StringIO())
    assert root.level == logging.DEBUG
    made.close()
    made.close()
    assert (root.level, list(root.handlers), quiet.level) == before
    assert threading.active_count() == threads


def test_standard_error_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    with setup(level="INFO", format="text", secrets=()):
        log.info("hello")
    assert "hello" in capsys.readouterr().err


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="LOUD"):
        setup(level="loud", format="text", secrets=())


def test_the_last_lines_about_each_job_are_remembered_without_anything_private() -> None:
    queries = logging.getLogger(QUERIES)
    stream = io.StringIO()
    with setup(level="INFO", format="json", secrets=("hunter22",), stream=stream, remember=True) as kept:
        log.info("submitted with hunter22", extra={"job": "a", "prompt": "a fox", "task": "t 1"})
        queries.debug("asked", extra={"job": "a", "answer": "working"})
        log.info("about nothing in particular")
        log.debug("too quiet", extra={"job": "a"})
    assert kept.recent is not None
    lines = kept.recent.of("a")
    assert [(line.level, line.text) for line in lines] == [
        ("INFO", f'submitted with {HIDDEN} task="t 1"'),
        ("DEBUG", "asked answer=working"),
    ]
    assert lines[0].at <= lines[1].at
    assert "asked" not in stream.getvalue(), "the log has it from its own level up"
    assert kept.recent.of("b") == ()
    assert not queries.isEnabledFor(logging.DEBUG)


def test_few_lines_of_few_jobs_are_remembered() -> None:
    with setup(level="INFO", format="text", secrets=(), stream=io.StringIO(), remember=True) as kept:
        for number in range(JOBS + 1):
            log.info("x" * 1000, extra={"job": f"job-{number}"})
        for number in range(LINES + 1):
            log.info("line %d", number, extra={"job": "last"})
    assert kept.recent is not None
    assert [kept.recent.of("job-0"), kept.recent.of("job-1")] == [(), ()]
    assert len(kept.recent.of("job-2")[0].text) == WIDTH
    assert [line.text for line in kept.recent.of("last")][0 :: LINES - 1] == ["line 1", f"line {LINES}"]


def test_nothing_is_remembered_unless_asked_for() -> None:
    with setup(level="INFO", format="text", secrets=(), stream=io.StringIO()) as kept:
        assert kept.recent is None
