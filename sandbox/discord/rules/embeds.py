"""Checks embeds."""

from collections.abc import Iterator
from typing import Any

from sandbox.discord.errors import Problem
from sandbox.discord.rules import validate
from sandbox.discord.rules.validate import At
from sandbox.discord.world import Json

MOST_EMBEDS, MOST_CHARACTERS = 10, 6000
_LENGTHS = {"title": 256, "description": 4096, "url": 2048, "fields": 25}
_KEYS = {
    *("type", "url", "title", "color", "timestamp", "description", "author", "image", "thumbnail", "footer"),
    *("fields", "provider", "video"),
    "flags",  # sent back by clients that edit what they were given
}
_PARTS = {"author": {"name": 256}, "footer": {"text": 2048}}
_TYPES: dict[str, type] = {
    "title": str,
    "description": str,
    "url": str,
    "color": int,
    "fields": list,
    "author": dict,
    "footer": dict,
    "image": dict,
    "thumbnail": dict,
    "video": dict,
}


def check_embeds(embeds: Any, at: At) -> Iterator[Problem]:
    """Check all embeds of a message."""
    if not isinstance(embeds, list):
        return
    yield from validate.length(embeds, at, most=MOST_EMBEDS)
    for index, embed in enumerate(embeds):
        yield from _embed(embed, (*at, index))
    if sum(size(embed) for embed in embeds) > MOST_CHARACTERS:
        text = f"Embed size exceeds maximum size of {MOST_CHARACTERS}"
        yield validate.problem(at, "MAX_EMBED_SIZE_EXCEEDED", text)


def size(embed: Json) -> int:
    """Count the characters that count against the common limit."""
    fields = [field for field in embed.get("fields") or [] if isinstance(field, dict)]
    footer, author = embed.get("footer") or {}, embed.get("author") or {}
    texts = [embed.get("title"), embed.get("description"), footer.get("text"), author.get("name")]
    texts += [field.get(key) for field in fields for key in ("name", "value")]
    return sum(len(str(text)) for text in texts if text)


def _embed(embed: Json, at: At) -> Iterator[Problem]:
    yield from validate.undeclared(embed, _KEYS, at)
    yield from validate.types(embed, _TYPES, at)
    for key, most in _LENGTHS.items():
        yield from validate.length(embed.get(key), (*at, key), most=most)
    for part, lengths in _PARTS.items():
        values = embed.get(part)
        for key, most in lengths.items():
            if isinstance(values, dict):
                yield from validate.length(values.get(key), (*at, part, key), most=most)
    fields = embed.get("fields")
    for index, field in enumerate(fields if isinstance(fields, list) else []):
        yield from _field(field, (*at, "fields", index))


def _field(field: Any, at: At) -> Iterator[Problem]:
    if not isinstance(field, dict):
        yield from validate.objects([field], at[:-1])
        return
    yield from validate.undeclared(field, {"name", "value", "inline"}, at)
    for key, most in (("name", 256), ("value", 1024)):
        if not field.get(key):
            yield validate.missing((*at, key))
        yield from validate.length(field.get(key), (*at, key), most=most)
