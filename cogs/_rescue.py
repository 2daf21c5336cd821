"""Keeping what somebody asked for when the answer is no, with buttons for what can be done about it.

What the buttons do is in `_fix`. What they need is in a draft, so they work after any restart.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final, Self

import discord

from bot.domain.job import Origin
from bot.domain.request import Mode
from bot.errors import (
    ConfirmationNeeded,
    InvalidRequest,
    MissingPermissions,
    ModelGivenUp,
    ModelUnknown,
    OverLimit,
    PromptRefused,
    QuotaExceeded,
    RoleNeeded,
    ShotcallerError,
    StoreError,
)
from cogs._mend import mended, permitted, within
from cogs._text import button_label, changes
from cogs._wish import options_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.domain.request import VideoRequest
    from bot.locale import Words
    from bot.service.videos import Videos

KIND: Final = "typed"  # of the drafts
WAYS: Final = 3  # nearest possible requests offered

_REMEMBERED: Final = "typed"

_FOR_GOOD: Final = (InvalidRequest, ModelUnknown, ModelGivenUp, ConfirmationNeeded, PromptRefused)

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Typed:
    """What somebody asks for: options as in `_wish`, which may be impossible, and what it builds on.

    `key` is the idempotency key that it was asked for with, `confirmed` whether they have said yes to its price.
    """

    options: Mapping[str, Any]
    private: bool = False
    parent_id: str | None = None
    origin: Origin = Origin.CREATE
    key: str = ""
    confirmed: bool = False
    ways: tuple[Typed, ...] = field(default=())

    @classmethod
    def of_body(cls, body: Mapping[str, Any]) -> Self:
        """What a draft's body keeps."""
        ways = tuple(cls.of_body(way) for way in body["ways"])
        return cls(**{**body, "origin": Origin(body["origin"]), "ways": ways})

    def body(self) -> dict[str, Any]:
        """A draft's body."""
        return {
            "options": dict(self.options),
            "private": self.private,
            "parent_id": self.parent_id,
            "origin": str(self.origin),
            "key": self.key,
            "confirmed": self.confirmed,
            "ways": [way.body() for way in self.ways],
        }

    def but(self, options: Mapping[str, Any], *, private: bool | None = None) -> Typed:
        """The same with other options."""
        private = self.private if private is None else private
        return Typed(options=options, private=private, parent_id=self.parent_id, origin=self.origin)


def remember(interaction: discord.Interaction[Any], typed: Typed) -> None:
    """Note what an interaction asks for, in case the answer is no."""
    interaction.extras[_REMEMBERED] = typed


async def rescue(interaction: discord.Interaction[Any], error: Exception, say: Words) -> discord.ui.View | None:
    """Keep what was asked for in a draft, and give the buttons that bring it back; None where nothing was."""
    typed: Typed | None = interaction.extras.get(_REMEMBERED)
    if typed is None or isinstance(error, StoreError):
        return None
    services = interaction.client.services
    labelled = _ways(error, typed, services.videos, say)
    kept = Typed(**{**{name: getattr(typed, name) for name in Typed.__slots__}, "ways": tuple(labelled.values())})
    draft_id = token_hex(8)
    try:
        await services.drafts.begin(
            draft_id,
            user_id=interaction.user.id,
            guild_id=interaction.guild_id,
            kind=KIND,
            body=kept.body(),
            now=interaction.created_at,
        )
    except StoreError as exc:
        log.info("what was typed could not be kept", extra={"detail": str(exc)})
        return None
    return _view(draft_id, list(labelled), error=error, editable="shots" not in typed.options, say=say)


def _view(draft_id: str, labels: list[str], *, error: Exception, editable: bool, say: Words) -> discord.ui.View:
    view = discord.ui.View(timeout=None)

    def add(what: str, label: str, *, row: int, **more: Any) -> None:
        view.add_item(discord.ui.Button(custom_id=f"fix:{draft_id}:{what}", label=label, row=row, **more))

    for number, label in enumerate(labels):
        add(str(number), label, row=number, style=discord.ButtonStyle.primary)
    last = len(labels)
    if editable:
        add("edit", say("fix.edit"), row=last, emoji="✏️")
    if _may_pass(error):
        add("again", say("fix.again"), row=last, emoji="🔁")
    view.stop()  # the buttons are found by their ids; nothing about them is kept in memory
    return view


def _may_pass(error: Exception) -> bool:
    """Whether the same request may be accepted later: what is refused for good has to be changed."""
    return isinstance(error, ShotcallerError) and not isinstance(error, _FOR_GOOD)


def _ways(error: Exception, typed: Typed, videos: Videos, say: Words) -> dict[str, Typed]:
    """The nearest that could be done instead, by the words of the buttons."""
    found: dict[str, Typed] = {}
    if isinstance(error, MissingPermissions) and not typed.private:
        return {say("fix.private"): typed.but(typed.options, private=True)}
    if isinstance(error, ConfirmationNeeded):
        return {say("fix.confirm", price=say("credits", n=error.price)): replace(typed, confirmed=True)}
    default = videos.capability(None).model
    for request in _requests(error, typed, videos)[:WAYS]:
        options = options_of(request)
        cost = videos.price(request).credits
        label = button_label(changes(typed.options, request, default, say), say, cost=cost)
        found.setdefault(label, typed.but(options))
    return found


def _requests(error: Exception, typed: Typed, videos: Videos) -> list[VideoRequest]:
    if isinstance(error, QuotaExceeded):
        return within(typed.options, videos, budget=error.balance)
    if isinstance(error, OverLimit):
        return permitted(typed.options, videos, limit=error.limit, allowed=error.allowed)
    if isinstance(error, RoleNeeded) and error.what == "pro":
        return permitted(typed.options, videos, limit="pro", allowed=Mode.STD)
    if isinstance(error, InvalidRequest | ModelUnknown | ModelGivenUp):
        return mended(typed.options, videos)
    return []
