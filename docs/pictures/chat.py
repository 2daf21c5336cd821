"""A channel as one person sees it, as HTML: everything written there comes out of the messages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import escape
from pathlib import Path
from string import Template
from typing import Any, Final

from docs.pictures.markup import Reader, as_html
from docs.pictures.parts import Painter, file_box

Message = dict[str, Any]

TEMPLATE: Final = Template(Path(__file__).with_name("channel.html").read_text(encoding="utf-8"))
LOADING: Final = 1 << 7  # the message flag of "is thinking"
TOGETHER: Final = timedelta(minutes=7)  # messages of one author within this share a heading
AVATARS: Final = ("#3f8f6b", "#b0567f", "#b07a2e", "#5b6ea8")
CLIENT: Final[Mapping[str, Mapping[str, str]]] = {  # the words that are not the bot's but the app's
    "en-US": {"private": "Only you can see this", "dismiss": "Dismiss message", "used": "used"},
    "zh-CN": {"private": "只有您可以看到", "dismiss": "忽略消息", "used": "使用了"},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """How a channel is looked at.

    `videos` maps an attachment's address to what stands in its place: the address of a picture, or, for moving frames
    to be put there, a colour (`#rrggbb`). `typed` is what stands in the field below; None leaves heading and field
    out. `height` is in CSS pixels; None is as tall as what is written. `locale` is the language of the viewer's app;
    times relative to now are shown in English alone.
    """

    now: float  # seconds since the epoch
    viewer: str  # a user's id
    channel: str
    channels: Mapping[str, str]  # id → name
    commands: Mapping[str, str]  # interaction's id → the command that was typed
    videos: Mapping[str, str] = field(default_factory=dict)
    typed: str | None = None
    height: int | None = None
    locale: str = "en-US"


def page(messages: Sequence[Message], view: View) -> str:
    """The whole page: what is lowest is the newest, and what does not fit is scrolled away at the top."""
    seen = [message for message in messages if message.get("visible_to", view.viewer) == view.viewer]
    people = {user["id"]: _name(user) for message in seen for user in message["mentions"]}
    reader = Reader(now=view.now, people=people, channels=view.channels)
    pairs = zip([None, *seen], seen, strict=False)
    return TEMPLATE.substitute(
        height="auto" if view.height is None else f"{view.height}px",
        kind="part" if view.typed is None else "whole",
        channel=escape(view.channel),
        messages="".join(_message(message, before, view, reader) for before, message in pairs),
        typed=_typed(view),
    )


def _typed(view: View) -> str:
    if view.typed:
        return f"<span>{escape(view.typed)}</span><u></u>"
    return f"<i>Message #{escape(view.channel)}</i>"


def _message(message: Message, before: Message | None, view: View, reader: Reader) -> str:
    painter, say = Painter(reader=reader, videos=view.videos), CLIENT[view.locale]
    private = "visible_to" in message
    mentioned = any(each["id"] == view.viewer for each in message["mentions"])
    continued = before is not None and not message.get("interaction") and _together(before, message)
    parts = [
        "" if continued else _heading(message),
        _text(message, reader),
        *(_embed(embed, reader) for embed in message["embeds"]),
        *(_attachment(file, painter) for file in message["attachments"]),
        *map(painter.draw, message["components"]),
        f"<div class='private'>{say['private']} · <a>{say['dismiss']}</a></div>" if private else "",
    ]
    classes = f"message {'mentioned' if mentioned else ''} {'continued' if continued else ''}"
    face = "" if continued else _face(message["author"])
    used = _used(message["interaction"], view) if message.get("interaction") else ""
    return f"<div class='{classes}'>{used}<div class='row'>{face}<div class='body'>{''.join(parts)}</div></div></div>"


def _together(before: Message, message: Message) -> bool:
    apart = datetime.fromisoformat(message["timestamp"]) - datetime.fromisoformat(before["timestamp"])
    return bool(before["author"]["id"] == message["author"]["id"] and apart < TOGETHER)


def _used(interaction: Mapping[str, Any], view: View) -> str:
    """The line over the answer to a command."""
    user, name, used = interaction["user"], escape(view.commands[interaction["id"]]), CLIENT[view.locale]["used"]
    return f"<div class='used'><s></s>{_face(user)}<b>{escape(_name(user))}</b> {used} <a>/{name}</a></div>"


def _heading(message: Message) -> str:
    author, at = message["author"], datetime.fromisoformat(message["timestamp"])
    tag = "<span class='tag'>APP</span>" if author.get("bot") else ""
    name = f"<b class='{'app' if tag else ''}'>{escape(_name(author))}</b>"
    return f"<div class='heading'>{name}{tag}<time>{at:%H:%M}</time></div>"


def _name(user: Mapping[str, Any]) -> str:
    return str(user.get("global_name") or user["username"])


def _face(user: Mapping[str, Any]) -> str:
    if user.get("bot"):
        return "<div class='face app'>🎬</div>"
    colour = AVATARS[sum(user["username"].encode()) % len(AVATARS)]
    return f"<div class='face' style='background:{colour}'>{escape(_name(user)[0])}</div>"


def _text(message: Message, reader: Reader) -> str:
    if message["flags"] & LOADING:
        return (
            f"<div class='thinking'><em></em><em></em><em></em> {escape(_name(message['author']))} is thinking…</div>"
        )
    edited = "<span class='edited'>(edited)</span>" if message["content"] and message["edited_timestamp"] else ""
    return f"<div class='text'>{as_html(message['content'], reader)}{edited}</div>" if message["content"] else ""


def _embed(embed: Mapping[str, Any], reader: Reader) -> str:
    title = f"<div class='title'>{as_html(embed['title'], reader)}</div>" if "title" in embed else ""
    text = as_html(embed.get("description", ""), reader)
    footer = f"<div class='footer'>{escape(embed['footer']['text'])}</div>" if "footer" in embed else ""
    colour = f"#{embed.get('color', 0):06x}"
    return f"<div class='embed' style='border-left-color:{colour}'>{title}{text}{footer}</div>"


def _attachment(file: Mapping[str, Any], painter: Painter) -> str:
    return painter.media(file) if file["url"] in painter.videos else file_box(file["filename"])
