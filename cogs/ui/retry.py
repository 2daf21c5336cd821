"""Keep a refused request in a draft, find the nearest possible requests, and offer buttons for what can be done.

What the buttons do is in `cogs.video.retry_buttons`. What they need is in a draft, so they work after any restart.
"""

import logging
from collections.abc import Iterator, Mapping
from typing import Any, Final, Self

import discord

from bot import errors
from bot.domain import AspectRatio, CameraControl, Mode, Origin, Terms, VideoRequest
from bot.domain.camera import AXIS_LIMIT, amount_of, moves_meant
from bot.domain.terms import alternatives, model_for
from bot.errors import InvalidRequest
from bot.locale import Words
from bot.values import dataclass, field, replace
from cogs.ui.custom_ids import DRAFT_ID, CustomId, Part, stateless
from cogs.ui.member import member_of
from cogs.ui.options import options_of, request_from_options
from cogs.ui.text import button_label, changes

RETRY: Final = CustomId("fix:{draft_id}:{what}", draft_id=DRAFT_ID, what=Part("edit|again|more|[0-9]"))
MORE: Final = CustomId("quota:more")
KIND: Final = "typed"  # of the drafts
ALTERNATIVES: Final = 3  # nearest possible requests offered

_REMEMBERED: Final = "typed"

# Refusals for which something else may be had at once.
_WITH_ALTERNATIVES: Final = (
    *(errors.InvalidRequest, errors.ModelUnknown, errors.ModelGivenUp, errors.OverLimit),
    *(errors.QuotaExceeded, errors.GuildQuotaExceeded, errors.BudgetExceeded),
)
# What ends by itself, or by somebody's doing, so that the same may be had then; and what of it does not.
_TEMPORARY: Final = (
    *(
        errors.QuotaExceeded,
        errors.GuildQuotaExceeded,
        errors.BudgetExceeded,
        errors.TooManyJobs,
        errors.Paused,
        errors.MissingPermissions,
        errors.DiscordBusy,
    ),
    *(errors.ProviderError, errors.StoreError, errors.DeliveryError),
)
_PERMANENT: Final = (errors.ContentRefused, errors.ProviderRejected)

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class TypedRequest:
    """A request as it was typed: options, which may be impossible, and the job that it is made from.

    `key` is the idempotency key that it was asked for with, `confirmed` whether they have said yes to its price.
    `price` is what its button says, in credits.
    """

    options: Mapping[str, Any]
    private: bool = False
    parent_id: str | None = None
    origin: Origin = Origin.CREATE
    key: str = ""
    confirmed: bool = False
    price: int | None = None
    ways: tuple["TypedRequest", ...] = field(default=())

    @classmethod
    def of_body(cls, body: Mapping[str, Any]) -> Self:
        """Read a request from a draft's body."""
        ways = tuple(cls.of_body(way) for way in body["ways"])
        return cls(**{**body, "origin": Origin(body["origin"]), "ways": ways})

    def body(self) -> dict[str, Any]:
        """Write this request as a draft's body."""
        return {
            "options": dict(self.options),
            "private": self.private,
            "parent_id": self.parent_id,
            "origin": str(self.origin),
            "key": self.key,
            "confirmed": self.confirmed,
            "price": self.price,
            "ways": [way.body() for way in self.ways],
        }

    def with_options(self, options: Mapping[str, Any], *, private: bool | None = None) -> "TypedRequest":
        """Copy this request with other options."""
        private = self.private if private is None else private
        return TypedRequest(options=options, private=private, parent_id=self.parent_id, origin=self.origin)


def remember(interaction: discord.Interaction[Any], typed: TypedRequest) -> None:
    """Note the request of an interaction, in case the answer is no."""
    interaction.extras[_REMEMBERED] = typed


@dataclass(frozen=True, kw_only=True, slots=True)
class RefusalButtons:
    """The buttons below a refusal, and in words what those that ask for another video do.

    `editable`: one of them opens what was typed in a form.
    """

    view: discord.ui.View
    alternatives: tuple[str, ...] = ()
    editable: bool = False


async def offer_retry(interaction: discord.Interaction[Any], error: Exception, say: Words) -> RefusalButtons | None:
    """Keep the refused request in a draft, and build the buttons that use it; None where nothing was asked for."""
    typed: TypedRequest | None = interaction.extras.get(_REMEMBERED)
    if typed is None or isinstance(error, errors.StoreError):
        return None
    alternatives = await _alternatives(interaction, error, typed, say)
    by_label = {**alternatives, **_same_video(error, typed, say)}
    kept = TypedRequest(
        **{**{name: getattr(typed, name) for name in TypedRequest.__slots__}, "ways": tuple(by_label.values())}
    )
    try:
        draft = await interaction.client.services.drafts.begin(
            KIND, kept.body(), user_id=interaction.user.id, guild_id=interaction.guild_id
        )
    except errors.StoreError as exc:
        log.info("what was typed could not be kept", extra={"detail": str(exc)})
        return None
    editable = "shots" not in typed.options
    again = _priced(say("fix.again"), typed, say) if may_be_accepted_later(error) else ""
    buttons = _buttons(draft.id, list(by_label), again=again, editable=editable, say=say)
    if interaction.guild_id is not None and any(isinstance(each, errors.QuotaExceeded) for each in reasons_of(error)):
        buttons.append(more_button(say, row=len(by_label)))
    return RefusalButtons(view=stateless(*buttons), alternatives=tuple(alternatives), editable=editable)


def more_button(say: Words, *, row: int | None = None) -> discord.ui.Button[Any]:
    """[Ask for more] credits; what it does is in `cogs.credits.credit_request`."""
    return discord.ui.Button(emoji="🙋", label=say("more.button"), custom_id=MORE(), row=row)


def _buttons(
    draft_id: str, labels: list[str], *, again: str, editable: bool, say: Words
) -> list[discord.ui.Button[Any]]:
    def button(what: str, label: str, *, row: int, **more: Any) -> discord.ui.Button[Any]:
        return discord.ui.Button(custom_id=RETRY(draft_id=draft_id, what=what), label=label, row=row, **more)

    last = len(labels)
    return [
        *(button(str(row), label, row=row, style=discord.ButtonStyle.primary) for row, label in enumerate(labels)),
        *([button("edit", say("fix.edit"), row=last, emoji="✏️")] if editable else []),
        *([button("again", again, row=last, emoji="🔁")] if again else []),
    ]


def _priced(label: str, typed: TypedRequest, say: Words) -> str:
    """Label a button that asks for the typed request with its price, where that is known."""
    return label if typed.price is None else button_label(label, say, cost=typed.price)


def reasons_of(error: Exception) -> tuple[Exception, ...]:
    """List all reasons of a refusal."""
    return error.reasons if isinstance(error, errors.SeveralReasons) else (error,)


def may_be_accepted_later(error: Exception) -> bool:
    """Whether the same request may be accepted later, with nothing about it changed."""
    return all(isinstance(each, _TEMPORARY) and not isinstance(each, _PERMANENT) for each in reasons_of(error))


def _same_video(error: Exception, typed: TypedRequest, say: Words) -> dict[str, TypedRequest]:
    """The same video after all: privately, or confirmed; by the words of the button."""
    if isinstance(error, errors.MissingPermissions) and not typed.private:
        private = replace(typed.with_options(typed.options, private=True), price=typed.price)
        return {_priced(say("fix.private"), typed, say): private}
    if isinstance(error, errors.AskedJustNow):
        return {
            say("fix.one_more", price=say("credits", n=error.price)): replace(typed, confirmed=True, price=error.price)
        }
    if isinstance(error, errors.ConfirmationNeeded | errors.PriceUnseen):
        return {
            say("fix.confirm", price=say("credits", n=error.price)): replace(typed, confirmed=True, price=error.price)
        }
    return {}


async def _alternatives(
    interaction: discord.Interaction[Any], error: Exception, typed: TypedRequest, say: Words
) -> dict[str, TypedRequest]:
    """Find the nearest accepted requests, by the words of the buttons, which name every change."""
    options, has_alternatives = typed.options, all(map(_has_alternatives, reasons_of(error)))
    if not has_alternatives:
        return {}
    videos, found = interaction.client.services.videos, dict[str, TypedRequest]()
    terms = await videos.terms(member_of(interaction))
    usual = model_for(options, terms.models or list(videos.models.values())).model
    nearest = nearest_requests(options, terms)
    if any(isinstance(each, errors.ModelUnknown) for each in reasons_of(error)):
        nearest.sort(key=lambda each: not is_part_of_name(str(options.get("model", "")), each.model, say))
    for request in nearest:
        change = changes(options, request, usual, say)
        cost = videos.price(request).credits
        label = button_label(change, say, cost=cost)
        if change in label:  # nothing is done that is not on the button
            found.setdefault(label, replace(typed.with_options(options_of(request)), price=cost))
    return dict(list(found.items())[:ALTERNATIVES])


def is_part_of_name(typed: str, model: str, say: Words) -> bool:
    """Say whether what was typed for a model is a part of this one's name or id: it may have been meant."""
    wanted = typed.strip().casefold()
    return bool(wanted) and any(wanted in name.casefold() for name in (say.model(model), model))


def _has_alternatives(error: Exception) -> bool:
    return isinstance(error, _WITH_ALTERNATIVES) or (isinstance(error, errors.RoleNeeded) and error.what == "pro")


_CHOICES: Final = {"mode": {*Mode}, "aspect": {*AspectRatio}, "sound": {True, False}, "watermark": {True, False}}
_MOST_MOVES: Final = 2  # of those that may have been meant


def nearest_requests(options: Mapping[str, Any], terms: Terms) -> list[VideoRequest]:
    """Find the accepted requests nearest to these options, the nearest first; none where only a person can help.

    That is so where the text is missing, too long or unreadable.
    """
    found: dict[VideoRequest, None] = {}
    if not terms.models:
        return []
    for variant in _variants(options):
        try:
            request = request_from_options(variant, model=model_for(variant, terms.models).model)
        except InvalidRequest:
            return []
        found |= dict.fromkeys(alternatives(request, terms))
    return list(found)


def _variants(options: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Correct options that no request can have, in each way that makes sense."""
    sound = {name: value for name, value in options.items() if value not in (None, "")}
    for name, choices in _CHOICES.items():
        if sound.get(name) not in choices:
            sound.pop(name, None)
    for name, kind in (("duration", int), ("cfg", float)):
        if not isinstance(sound.get(name), kind | int):
            sound.pop(name, None)
    if "duration" in sound:
        sound["duration"] = max(1, sound["duration"])
    if "cfg" in sound:
        sound["cfg"] = min(1.0, max(0.0, sound["cfg"]))
    for camera, strength in _moves(str(sound.pop("camera", "")), sound.pop("strength", None)):
        yield {**sound, "camera": camera, "strength": strength}


def _moves(named: str, strength: str | float | None) -> Iterator[tuple[str | None, float | None]]:
    """The camera moves that may have been meant, with their strength; last none at all, unless one was clear."""
    amount = None if strength is None else amount_of(strength)
    amount = None if amount is None else min(AXIS_LIMIT, max(-AXIS_LIMIT, amount))
    meant = moves_meant(named, amount)[:_MOST_MOVES]
    for move in meant:
        has_strength = CameraControl.named(move).strength() is not None
        yield move, abs(amount) if amount and has_strength else None
    if len(meant) != 1 or amount == 0:
        yield None, None
