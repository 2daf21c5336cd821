"""`/video studio`: a video put together step by step, on one private message that survives any restart."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain import PROMPT_LIMIT, Capability, Draft, Strength, VideoRequest
from bot.domain.camera import AMOUNTS, AXES
from bot.domain.choices import nearest_possible
from bot.errors import AskedJustNow, StoreUnavailable
from bot.locale import Words, words
from cogs import ui
from cogs.request import defaults_scope, models_here, submit
from cogs.ui import options_of, parse_number, request_from_options
from cogs.video.studio_panel import CHOOSE, GENERATE, NOTHING, PROMPT_BUTTON, RESET, StudioPanel, kept_texts, panel_view

FORM: Final = ui.CustomId("studio:{draft_id}", draft_id=ui.DRAFT_ID)


def setup(bot: Shotcaller) -> None:
    """Add the command to the `/video` group, the controls of its panels and their form."""
    bot.video.add_command(_command(bot, words()))
    ui.on_press(bot, PROMPT_BUTTON, _open_prompt_form)
    ui.on_press(bot, GENERATE, _generate, first=ui.acknowledge)
    ui.on_press(bot, RESET, _reset, first=ui.acknowledge_in_place)
    ui.on_press(bot, CHOOSE, _choose, first=ui.acknowledge_in_place)
    ui.on_form(bot, FORM, _receive_prompt, first=ui.acknowledge_in_place)


def _command(bot: Shotcaller, say: Words) -> ui.Command:
    @app_commands.command(name="studio", description=say("command.video.studio"))
    @app_commands.describe(prompt=say("option.prompt"))
    async def studio(interaction: discord.Interaction[Any], prompt: str | None = None) -> None:
        await ui.acknowledge(interaction)
        ui.remember(interaction, ui.TypedRequest(options=ui.given_options({"prompt": prompt})))
        user = interaction.user.id
        kept = await bot.services.drafts.latest(KIND, user_id=user)
        draft = kept or await begin_draft(bot, interaction)
        if prompt is not None:
            draft = await change_draft(bot, interaction, draft, {"prompt": prompt})
        fresh = await _default_request(bot, interaction, prompt=prompt) if kept else None
        await _show(bot, interaction, draft, fresh=fresh)

    return studio


async def _choose(
    bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str, option: str, value: str | None
) -> None:
    draft = await bot.services.drafts.read(draft_id, KIND, user_id=interaction.user.id)
    options = chosen_options(option, ui.chosen_value(interaction) or value or "")
    await _show(bot, interaction, await change_draft(bot, interaction, draft, options))


async def _reset(bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str) -> None:
    draft = await bot.services.drafts.read(draft_id, KIND, user_id=interaction.user.id)
    await _show(bot, interaction, await reset_draft(bot, interaction, draft))


async def _show(
    bot: Shotcaller, interaction: discord.Interaction[Any], draft: Draft, *, fresh: VideoRequest | None = None
) -> None:
    """Show the panel in the answer, or in place of the one that was pressed.

    Where it comes back from last time, `fresh` is how it would begin: what differs is said.
    """
    models, say = await models_here(bot, interaction), words(str(interaction.locale))
    request = request_in(draft, models)
    panel = StudioPanel(
        draft_id=draft.id,
        request=request,
        private=None if interaction.guild_id is None else bool(draft.body["private"]),
        kept=[] if fresh is None else kept_texts(request, fresh, say),
        adjusted=draft.body["bent"],
        models=models,
        estimate=await bot.services.videos.estimate(request, ui.member_of(interaction)),
        say=say,
    )
    await ui.answer(interaction, view=panel_view(panel))


async def _generate(bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str, price: int | None) -> None:
    """Submit the panel's request. Pressed twice for the same state it is submitted once, unless they say another.

    Raises:
        PriceUnseen: it costs something else by now than the panel's button says.
    """
    draft = await bot.services.drafts.read(draft_id, KIND, user_id=interaction.user.id)
    request = request_in(draft, await models_here(bot, interaction))
    if request.prompt == NOTHING:
        ui.request_from_options({**ui.options_of(request), "prompt": ""}, model=request.model)
    key, private = f"studio-{draft.id}-{draft.version}", bool(draft.body["private"])
    if price is not None:
        ui.remember(interaction, ui.TypedRequest(options=ui.options_of(request), private=private, key=key))
        bot.services.videos.check_price(request, said=price)
    try:
        await submit(bot, interaction, request, private=private, key=key, at_a_tap=True)
    except AskedJustNow:
        await bot.services.drafts.save(draft, draft.body)  # the key is that of one more, should they say so
        raise
    await bot.services.drafts.save(draft, draft.body)


async def _open_prompt_form(bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str) -> None:
    async with ui.in_time(interaction):
        draft = await bot.services.drafts.read(draft_id, KIND, user_id=interaction.user.id)
        request = request_in(draft, await models_here(bot, interaction))
    say = words(str(interaction.locale))
    prompt = "" if request.prompt == NOTHING else request.prompt
    form = ui.Form(FORM(draft_id=draft_id), say("studio.prompt.change" if prompt else "studio.prompt"))
    form.text("prompt", say("sheet.prompt"), value=prompt, long=True, required=True, most=PROMPT_LIMIT)
    form.text("negative", say("sheet.negative"), value=request.negative_prompt, long=True, most=PROMPT_LIMIT)
    await ui.open_form(interaction, form)


async def _receive_prompt(bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str) -> None:
    entries = ui.entered(interaction)
    draft = await bot.services.drafts.read(draft_id, KIND, user_id=interaction.user.id)
    texts = {"prompt": entries.get("prompt") or "", "negative": entries.get("negative") or None}
    await _show(bot, interaction, await change_draft(bot, interaction, draft, texts))


KIND: Final = "studio"  # of the drafts
LONGEST: Final = 1000  # seconds that a control may say at all; what the model can do is asked for later
_AMOUNT: Final = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,20})?")
_CLEAR: Final = AMOUNTS[Strength.CLEAR]
_TRIES: Final = 10  # to change a draft that other presses change at the same time


def chosen_options(option: str, value: str) -> dict[str, Any]:
    """The options that a control's value means; a value that nobody was offered means none."""
    match option:
        case "sound" | "watermark" | "private":
            return {option: value == "1"}
        case "duration" if (seconds := parse_number(value, most=LONGEST)) is not None:
            return {option: seconds}
        case "strength" if value not in list(Strength):  # a number of older panels', or one that no word stands for
            return {option: float(value)} if _AMOUNT.fullmatch(value) else {}
        case "camera":  # older panels offer axes, with the vendor's sign
            return {option: None if value == NOTHING else value, "strength": _CLEAR if value in AXES else None}
        case "model" | "mode" | "aspect" | "strength":
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


async def _default_request(
    bot: Shotcaller, interaction: discord.Interaction[Any], *, prompt: str | None = None
) -> VideoRequest:
    """Build a request with nothing but the defaults of whoever asks, and a prompt if there is one."""
    models = await models_here(bot, interaction)
    request = request_from_options({"prompt": prompt or NOTHING}, model=models[0].model)
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
