"""Checks the body of a message, new or changed."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from sandbox.discord.cdn import clean
from sandbox.discord.errors import Problem
from sandbox.discord.message_content import files_of_embeds
from sandbox.discord.messages import COMPONENTS_V2, EPHEMERAL
from sandbox.discord.rules import validate
from sandbox.discord.rules.components import check_components, files_of_components
from sandbox.discord.rules.embeds import check_embeds
from sandbox.discord.rules.polls import check_poll
from sandbox.discord.rules.validate import At
from sandbox.discord.world import Json, Message

Kind = Literal["create", "edit", "answer", "update", "follow_up", "webhook_edit"]
EMPTY = 50006
_EVERY = {"content", "embeds", "allowed_mentions", "components", "attachments", "flags"}
_NEW = {"tts", "poll"}
_KEYS: dict[str, set[str]] = {
    "create": _EVERY | _NEW | {"nonce", "enforce_nonce", "message_reference", "sticker_ids", "shared_client_theme"},
    "edit": _EVERY | {"tts", "sticker_ids"},
    "answer": _EVERY | _NEW,
    "update": _EVERY | {"tts"},
    "follow_up": _EVERY | _NEW | {"thread_name", "applied_tags"},
    "webhook_edit": _EVERY | {"tts", "poll"},
}
_ATTACHMENT_KEYS = {
    *("id", "filename", "description", "duration_secs", "waveform", "title", "is_spoiler", "is_remix"),
    # What a client sends back of an attachment that stays.
    *("size", "url", "proxy_url", "width", "height", "content_type", "ephemeral", "flags", "spoiler"),
}
_TYPES: dict[str, type] = {
    "content": str,
    "embeds": list,
    "components": list,
    "attachments": list,
    "flags": int,
    "allowed_mentions": dict,
    "message_reference": dict,
    "enforce_nonce": bool,
    "tts": bool,
    "poll": dict,
    "sticker_ids": list,
}
MOST_TEXT, MOST_FILES, MOST_ALT, MOST_NONCE, MOST_STICKERS = 2000, 10, 1024, 25, 3


def check_message(
    body: Any, files: Sequence[str], *, kind: Kind, current: Message | None = None, under: At = ()
) -> list[Problem]:
    """Find what is wrong with a message's body; `current` is the message that it changes, `files` the uploads."""
    if not isinstance(body, dict):
        return [validate.convert(under, dict, body)]
    wrong = list(validate.types(body, _TYPES, under))
    for key in ("embeds", "attachments"):
        wrong += validate.objects(body.get(key), (*under, key))
    wrong += validate.undeclared(body, _KEYS[kind], under)
    if any(problem.refusal for problem in wrong):
        return wrong
    flags = int(body.get("flags") or 0) | (current.data["flags"] if current is not None else 0)
    v2 = bool(flags & COMPONENTS_V2)
    return [
        *wrong,
        *validate.length(body.get("content"), (*under, "content"), most=MOST_TEXT),
        *check_embeds(body.get("embeds"), (*under, "embeds")),
        *check_poll(body.get("poll"), (*under, "poll")),
        *validate.length(body.get("sticker_ids"), (*under, "sticker_ids"), most=MOST_STICKERS),
        *check_components(body.get("components"), (*under, "components"), v2=v2),
        *_nonce(body, under),
        *_mentions(body.get("allowed_mentions") or {}, (*under, "allowed_mentions")),
        *_attachments(body, files, current, under),
        *(_legacy(body, under) if v2 else ()),
        *_empty(body, files, kind, current),
    ]


def check_deferral(data: Any) -> list[Problem]:
    """Find what is wrong with a deferral: it says no more than whether the answer will be private."""
    if not isinstance(data, dict):
        return [validate.convert(("data",), dict, data)]
    wrong = [*validate.types(data, {"flags": int}, ("data",))]
    for key in data:
        if key != "flags":
            text = "A deferred answer has flags only; this is lost"
            wrong.append(validate.problem(("data", key), "UNDECLARED_KEY", text, refusal=None))
    if not wrong and int(data.get("flags") or 0) & ~EPHEMERAL:
        text = "A deferred answer can only be flagged as ephemeral"
        wrong.append(validate.problem(("data", "flags"), "FLAGS_OF_DEFERRAL", text, refusal=None))
    return wrong


def _nonce(body: Json, at: At) -> Iterator[Problem]:
    nonce = body.get("nonce")
    if isinstance(nonce, str) and len(nonce) > MOST_NONCE:
        yield validate.problem((*at, "nonce"), "NONCE_TYPE_TOO_LONG", f"Must be {MOST_NONCE} or fewer characters long.")
    elif nonce is not None and not isinstance(nonce, str | int):
        text = "This field must be a string or integer."
        yield validate.problem((*at, "nonce"), "NONCE_TYPE_INVALID_TYPE", text)


def _mentions(allowed: Json, at: At) -> Iterator[Problem]:
    yield from validate.undeclared(allowed, {"parse", "users", "roles", "replied_user"}, at)
    yield from validate.types(allowed, {"parse": list, "users": list, "roles": list}, at)
    for key in ("users", "roles"):
        given = allowed.get(key)
        yield from validate.length(given, (*at, key), most=100)
        yield from validate.duplicates(given, (*at, key))
        parsed = allowed.get("parse")
        if allowed.get(key) and isinstance(parsed, list) and key in parsed:
            text = f'parse:["{key}"] and {key}: [ids...] are mutually exclusive.'
            yield validate.problem(at, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", text)
    for index, what in enumerate(allowed.get("parse") or ()):
        if what not in ("users", "roles", "everyone"):
            yield validate.choices((*at, "parse", index), ("users", "everyone", "roles"))


def _attachments(body: Json, files: Sequence[str], current: Message | None, at: At) -> Iterator[Problem]:
    """Check how many files there are, with what description, and that none is shown that is not there."""
    listed = body.get("attachments") or []
    kept = [] if current is None else [*current.data["attachments"], *current.hidden_files]
    staying = {a["id"]: a["filename"] for a in kept}
    if "attachments" in body:
        staying = {i: name for i, name in staying.items() if i in {str(a.get("id")) for a in listed}}
    if len(files) + len(staying) > MOST_FILES or len(listed) > MOST_FILES:
        yield from validate.length([None] * (MOST_FILES + 1), (*at, "attachments"), most=MOST_FILES)
    names = {clean(name) for name in files} | set(staying.values())
    for index, about in enumerate(listed):
        here = (*at, "attachments", index)
        yield from validate.undeclared(about, _ATTACHMENT_KEYS, here)
        yield from validate.length(about.get("description"), (*here, "description"), most=MOST_ALT)
        new = str(about.get("id")).isdecimal() and int(about["id"]) < len(files)
        if not new and str(about.get("id")) not in staying:
            yield validate.problem((*here, "id"), "ATTACHMENT_NOT_FOUND", "Attachment data not found")
        elif new and about.get("filename"):
            names.add(clean(str(about["filename"])))
    if files_of_embeds(body.get("embeds")) - names:
        yield validate.problem(at, "UNRESOLVABLE_ATTACHMENT", "The referenced attachment was not found")
    if set(files_of_components(body.get("components"))) - names:
        kind = "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND"
        yield validate.problem((*at, "components"), kind, "The referenced attachment was not found")


def _legacy(body: Json, at: At) -> Iterator[Problem]:
    """Find fields that messages of components alone do not have."""
    for key in ("content", "embeds", "poll", "sticker_ids"):
        if body.get(key):
            text = f"The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
            yield validate.problem((*at, key), "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", text)


def _empty(body: Json, files: Sequence[str], kind: Kind, current: Message | None) -> Iterator[Problem]:
    """Find a message that would show nothing."""
    parts = ("content", "embeds", "components", "attachments", "poll")
    if kind in ("edit", "update", "webhook_edit"):
        if current is None:
            return
        left = [body[key] if key in body else current.data.get(key) for key in parts]
        filled = any(left) or ("attachments" not in body and bool(current.hidden_files))
    else:
        filled = any(body.get(key) for key in ("content", "embeds", "components", "poll", "sticker_ids"))
    if not filled and not files:
        yield validate.problem((), "EMPTY_MESSAGE", "Cannot send an empty message", refusal=EMPTY)
