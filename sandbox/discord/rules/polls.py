"""Checks polls."""

from collections.abc import Iterator
from typing import Any

from sandbox.discord.errors import Problem
from sandbox.discord.rules import validate
from sandbox.discord.rules.components import check_emoji
from sandbox.discord.rules.validate import At
from sandbox.discord.world import Json

MOST_ANSWERS, MOST_HOURS, LONGEST_QUESTION, LONGEST_ANSWER = 10, 768, 300, 55
_TYPES: dict[str, type] = {
    "question": dict,
    "answers": list,
    "duration": int,
    "allow_multiselect": bool,
    "layout_type": int,
}


def check_poll(poll: Any, at: At) -> Iterator[Problem]:
    """Check the question of a poll, its answers, and how many hours it stays open."""
    if not isinstance(poll, dict):
        return
    yield from validate.undeclared(poll, _TYPES, at)
    yield from validate.types(poll, _TYPES, at)
    for key in ("question", "answers"):
        if poll.get(key) is None:
            yield validate.missing((*at, key))
    yield from _media(poll.get("question"), (*at, "question"), longest=LONGEST_QUESTION)
    answers = poll.get("answers")
    yield from validate.length(answers, (*at, "answers"), least=1, most=MOST_ANSWERS)
    yield from validate.objects(answers, (*at, "answers"))
    for index, answer in enumerate(answers if isinstance(answers, list) else []):
        here = (*at, "answers", index, "poll_media")
        if isinstance(answer, dict) and not isinstance(answer.get("poll_media"), dict):
            yield validate.missing(here)
        elif isinstance(answer, dict):
            yield from _media(answer["poll_media"], here, longest=LONGEST_ANSWER)
    yield from validate.number(poll.get("duration"), (*at, "duration"), least=1, most=MOST_HOURS)
    if poll.get("layout_type") not in (None, 1):
        yield validate.choices((*at, "layout_type"), (1,))


def _media(media: Json | None, at: At, *, longest: int) -> Iterator[Problem]:
    if not isinstance(media, dict):
        return
    text = media.get("text")
    if text is None and not media.get("emoji"):
        yield validate.missing((*at, "text"))
    yield from validate.length(text, (*at, "text"), least=1, most=longest)
    yield from check_emoji(media.get("emoji"), (*at, "emoji"))
