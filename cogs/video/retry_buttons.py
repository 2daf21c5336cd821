"""The buttons under a refusal and under an edited request: ask for it, for the nearest possible one, or edit it."""

from collections.abc import Mapping
from typing import Any, Final

import discord

from bot.client import Shotcaller
from bot.domain import Draft, VideoRequest
from bot.domain.capability import check
from bot.errors import DraftGone
from bot.locale import words
from bot.values import replace
from cogs import ui
from cogs.request import build_request, models_here, submit
from cogs.storyboard.views import cost_line
from cogs.ui.limits import BUTTON
from cogs.ui.retry import KIND, RETRY

FORM: Final = ui.CustomId("retry:{draft_id}", draft_id=ui.DRAFT_ID)
DETAILS: Final = ui.CustomId("retry:{draft_id}:more", draft_id=ui.DRAFT_ID)
PROMPT: Final = 600  # characters of the prompt shown


def setup(bot: Shotcaller) -> None:
    """Let the buttons and the forms do what they are for."""
    ui.on_press(bot, RETRY, _press)
    ui.on_form(bot, FORM, _receive_form)
    ui.on_form(bot, DETAILS, _receive_details, first=ui.acknowledge_in_place)


async def _press(bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str, what: str) -> None:
    """Ask for what a button says. As it stands, a draft makes one job, however often its buttons are pressed."""
    if what in {"edit", "more"}:
        await _open_form(bot, interaction, draft_id, details=what == "more")
        return
    await ui.acknowledge(interaction)
    draft = await bot.services.drafts.read(draft_id, KIND, user_id=interaction.user.id)
    typed = ui.TypedRequest.of_body(draft.body)
    number = ui.parse_number(what, most=len(typed.ways) - 1)
    if number is None and what != "again":
        raise DraftGone
    chosen = typed if number is None else typed.ways[number]
    await _submit(bot, interaction, chosen, key=chosen.key if chosen.confirmed else f"fix-{draft_id}-{draft.version}")


async def _open_form(bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str, *, details: bool) -> None:
    async with ui.in_time(interaction):
        typed = await _read_draft(bot, interaction, draft_id)
        models = await models_here(bot, interaction)
    say, options = words(str(interaction.locale)), typed.options
    if details:
        model = next((each for each in models if each.model == options.get("model")), models[0])
        form = ui.details_form(DETAILS(draft_id=draft_id), options=options, model=model, say=say)
    else:
        custom_id, title = FORM(draft_id=draft_id), say("sheet.title.edit")
        form = ui.request_form(custom_id, title, options=options, models=models, say=say)
    await ui.open_form(interaction, form)


async def _receive_form(bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str) -> None:
    values = ui.entered(interaction)
    ui.remember(interaction, ui.TypedRequest(options=ui.read_form(values, {})))  # should the draft be gone, this is not
    await receive_edited(bot, interaction, await _read_draft(bot, interaction, draft_id), values)


async def receive_edited(
    bot: Shotcaller,
    interaction: discord.Interaction[Any],
    typed: ui.TypedRequest,
    values: Mapping[str, Any],
    *,
    seen: int = 0,
) -> None:
    """Ask for the video of an edited request; show it first where it costs more than the credits `seen` at the form.

    It is shown too where more is to be chosen. What was chosen is kept if it is refused.
    """
    edited = typed.with_options(ui.read_form(values, typed.options))
    ui.remember(interaction, edited)
    request = await build_request(bot, interaction, edited.options)
    check(request, bot.services.videos.capability(request.model))
    priced = _priced(bot, edited, request)
    if (priced.price or 0) <= seen and not ui.wants_more(values):
        await _submit(bot, interaction, priced)
        return
    body = priced.body()
    draft = await bot.services.drafts.begin(KIND, body, user_id=interaction.user.id, guild_id=interaction.guild_id)
    await _show(bot, interaction, draft, request)


async def _receive_details(bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str) -> None:
    """Keep what was chosen in the second form, and show the request again."""
    draft = await bot.services.drafts.read(draft_id, KIND, user_id=interaction.user.id)
    typed = ui.TypedRequest.of_body(draft.body)
    edited = typed.with_options(ui.read_details(ui.entered(interaction), typed.options))
    ui.remember(interaction, edited)
    request = await build_request(bot, interaction, edited.options)
    saved = await bot.services.drafts.save(draft, _priced(bot, edited, request).body())
    if saved is None:
        raise DraftGone
    await _show(bot, interaction, saved, request)


def _priced(bot: Shotcaller, typed: ui.TypedRequest, request: VideoRequest) -> ui.TypedRequest:
    """Add to a request the price with which it is shown."""
    return replace(typed, price=bot.services.videos.price(request).credits)


async def _show(bot: Shotcaller, interaction: discord.Interaction[Any], draft: Draft, request: VideoRequest) -> None:
    """Show an edited request with its price: to be made, or edited on."""
    say = words(str(interaction.locale))
    estimate = await bot.services.videos.estimate(request, ui.member_of(interaction))
    lines = [f"### {say('sheet.so_far')}", f"> {ui.safe(request.prompt, PROMPT)}"]
    if request.negative_prompt:
        lines.append(f"-# {say('studio.negative', text=ui.safe(request.negative_prompt, PROMPT // 3))}")
    lines += [f"⚙️ {ui.settings(request, say)}", cost_line(estimate, say)]
    make = say("storyboard.button.make", price=say("credits", n=estimate.price.credits))

    def button(what: str, label: str, **more: Any) -> discord.ui.Button[Any]:
        return discord.ui.Button(custom_id=RETRY(draft_id=draft.id, what=what), label=ui.cut(label, BUTTON), **more)

    buttons = [
        button("again", f"🎬 {make}", style=discord.ButtonStyle.success),
        button("more", say("sheet.more.button"), emoji="⚙️"),
        button("edit", say("result.button.edit"), emoji="✏️"),
    ]
    await ui.answer(interaction, "\n".join(lines), view=ui.stateless(*buttons))


async def _read_draft(bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str) -> ui.TypedRequest:
    return ui.TypedRequest.of_body((await bot.services.drafts.read(draft_id, KIND, user_id=interaction.user.id)).body)


async def _submit(
    bot: Shotcaller, interaction: discord.Interaction[Any], typed: ui.TypedRequest, *, key: str | None = None
) -> None:
    """Ask for a video, unless it costs something else by now than its button says.

    Raises:
        PriceUnseen: it does.
    """
    key = key or str(interaction.id)
    ui.remember(interaction, replace(typed, key=key))
    request = await build_request(bot, interaction, typed.options)
    if typed.price is not None:
        bot.services.videos.check_price(request, said=typed.price)
    await submit(
        bot,
        interaction,
        request,
        private=typed.private,
        parent_id=typed.parent_id,
        origin=typed.origin,
        key=key,
        confirmed=typed.confirmed,
    )
