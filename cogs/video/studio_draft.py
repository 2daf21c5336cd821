"""The draft behind a studio's panel, changed a choice at a time by any device."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import discord

from bot.client import Shotcaller
from bot.domain import Capability, Draft, VideoRequest
from bot.domain.choices import nearest_possible
from bot.errors import StoreUnavailable
from cogs.request import defaults_scope, models_here
from cogs.ui import options_of, parse_number, request_from_options
from cogs.video.studio_panel import NOTHING

KIND: Final = "studio"  # of the drafts
LONGEST: Final = 1000  # seconds and strengths that a control may say at all; what the model can do is asked for later
STRONGEST: Final = 1000
_TRIES: Final = 10  # to change a draft that other presses change at the same time


def chosen_options(option: str, value: str) -> dict[str, Any]:
    """The options that a control's value means; a value that nobody was offered means none."""
    match option:
        case "sound" | "watermark" | "private":
            return {option: value == "1"}
        case "duration" if (seconds := parse_number(value, most=LONGEST)) is not None:
            return {option: seconds}
        case "strength" if parse_number(value.removeprefix("-"), most=STRONGEST) is not None:
            return {option: float(value)}
        case "camera":
            return {option: None if value == NOTHING else value, "strength": None}
        case "model" | "mode" | "aspect":
            return {option: value}
    return {}


async def change_draft(
    bot: Shotcaller, interaction: discord.Interaction[Any], draft: Draft, options: Mapping[str, Any]
) -> Draft:
    """Put choices into a draft; what does not go with them is adjusted, and noted.

    Other presses may change it at the same time: the choices are then put into what has become of it.

    Raises:
        InvalidRequest: there are no such videos.
        DraftGone: it is no longer there.
    """
    models = await models_here(bot, interaction)

    def apply_options(current: Draft) -> dict[str, Any]:
        private = bool(options.get("private", current.body["private"]))
        wanted = request_from_options({**options_of(request_in(current, models)), **options}, model=models[0].model)
        nearest = nearest_possible(wanted, models)
        before, after = options_of(wanted), options_of(nearest)
        adjusted = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        return _body(nearest, private=private, adjusted=adjusted)

    return await _save(bot, interaction, draft, apply_options)


async def reset_draft(bot: Shotcaller, interaction: discord.Interaction[Any], draft: Draft) -> Draft:
    """Reset a draft to the defaults.

    Raises:
        DraftGone: it is no longer there.
    """
    body = _body(await _default_request(bot, interaction))
    return await _save(bot, interaction, draft, lambda _: body)


async def _save(
    bot: Shotcaller, interaction: discord.Interaction[Any], draft: Draft, change: Callable[[Draft], Mapping[str, Any]]
) -> Draft:
    for _ in range(_TRIES):
        saved = await bot.services.drafts.save(draft, change(draft))
        if saved is not None:
            return saved
        draft = await bot.services.drafts.read(draft.id, KIND, user_id=interaction.user.id)
    raise StoreUnavailable("the draft never rests")


def _body(request: VideoRequest, *, private: bool = False, adjusted: list[str] | None = None) -> dict[str, Any]:
    return {"options": options_of(request), "private": private, "bent": adjusted or []}


def request_in(draft: Draft, models: Sequence[Capability]) -> VideoRequest:
    """Build the request of a draft; what the models cannot do any more, or not there, is adjusted."""
    return nearest_possible(request_from_options(draft.body["options"], model=models[0].model), models)


async def _default_request(bot: Shotcaller, interaction: discord.Interaction[Any]) -> VideoRequest:
    """Build a request with nothing but the defaults of whoever asks."""
    models = await models_here(bot, interaction)
    request = request_from_options({"prompt": NOTHING}, model=models[0].model)
    filled = await bot.services.defaults.fill(request, typed=(), place=defaults_scope(interaction), models=models)
    return nearest_possible(filled.request, models)


async def begin_draft(bot: Shotcaller, interaction: discord.Interaction[Any]) -> Draft:
    """Begin a new draft of whoever asks."""
    return await bot.services.drafts.begin(
        KIND,
        _body(await _default_request(bot, interaction)),
        user_id=interaction.user.id,
        guild_id=interaction.guild_id,
    )
