"""Make a new video from a result, at one's own cost: again, edited, in pro, in another shape, as a storyboard."""

from collections.abc import Mapping
from typing import Any, Final

import discord

from bot.client import Shotcaller
from bot.domain import AspectRatio, Job, Mode, Origin
from bot.domain.capability import check
from bot.errors import ResultForgotten
from bot.locale import Words
from cogs import ui
from cogs.request import models_here, storyboards_here, submit
from cogs.results.context import ResultPress
from cogs.storyboard import builder
from cogs.ui.job_views import nearest_by_other_model
from cogs.video.retry_buttons import receive_edited

FORM: Final = ui.CustomId("remix:{job_id}", job_id=ui.JOB_ID)

_SHAPES: Final = {AspectRatio.WIDE: "🖥️", AspectRatio.TALL: "📱", AspectRatio.SQUARE: "⏹️"}


async def build_on(press: ResultPress, job: Job, changes: Mapping[str, Any], *, origin: Origin, seen: str) -> None:
    """Ask for a video like an earlier one, at the presser's own cost; the press has been acknowledged.

    `seen` is the price in credits that the button said.

    Raises:
        PriceUnseen: it said none, or another one.
    """
    request, interaction = job.request.model_copy(update=changes), press.interaction
    typed = ui.TypedRequest(
        options=ui.options_of(request),
        private=_private(job),
        parent_id=job.id,
        origin=origin,
        key=str(interaction.id),
    )
    ui.remember(interaction, typed)
    press.bot.services.videos.check_price(request, said=ui.parse_number(seen))
    await submit(press.bot, press.interaction, request, private=_private(job), parent_id=job.id, origin=origin)


def _private(job: Job) -> bool:
    """Whether a new video made from a job is for one person alone, as the job's own is."""
    return job.destination.private and job.shared_at is None


async def repeat(press: ResultPress) -> None:
    """Ask for the same video once more."""
    await build_on(press, await press.source(), {}, origin=Origin.AGAIN, seen=press.more)


async def remake_in_pro(press: ResultPress) -> None:
    """Ask for the same video in the better mode."""
    await build_on(press, await press.source(), {"mode": Mode.PRO}, origin=Origin.PRO, seen=press.more)


async def remake_with_other_model(press: ResultPress) -> None:
    """Ask for the nearest video of another model, where the video's own model is no more."""
    job = await press.source()
    other = nearest_by_other_model(job, press.bot.services.videos.models)
    changes = {} if other is None else dict(other)
    await build_on(press, job, changes, origin=Origin.AGAIN, seen=press.more)


async def edit_and_rerun(press: ResultPress) -> None:
    """Open the form with a video's options, or a storyboard's builder. A form has to be the first answer."""
    async with ui.in_time(press.interaction):
        job = await press.source()
        models = await models_here(press.bot, press.interaction)
    if job.request.shots:
        await ui.acknowledge(press.interaction)
        await open_storyboard(press)
        return
    say, options = press.say, ui.options_of(job.request)
    form = ui.request_form(FORM(job_id=job.id), say("remix.title"), options=options, models=models, say=say)
    await ui.open_form(press.interaction, form)


async def submit_edited(bot: Shotcaller, interaction: discord.Interaction[Any], job_id: str) -> None:
    """Ask for the changed video when the form comes back. What was entered is kept if it is refused."""
    values = ui.entered(interaction)
    ui.remember(interaction, ui.TypedRequest(options=ui.read_form(values, {})))  # should the job be gone, this is not
    job = await bot.services.results.job(job_id, ui.member_of(interaction))
    options = ui.options_of(job.request)
    typed = ui.TypedRequest(options=options, private=_private(job), parent_id=job.id, origin=Origin.EDIT)
    model = bot.services.videos.models.get(job.request.model)
    seen = 0 if model is None else model.price(job.request).credits  # on [Again], beside the form's button
    await receive_edited(bot, interaction, typed, values, seen=seen)


async def open_storyboard(press: ResultPress) -> None:
    """Open the storyboard builder on a video."""
    job, interaction = await press.source(), press.interaction
    boards = await storyboards_here(press.bot, interaction)
    draft = await boards.begin_from(
        job.request, user_id=interaction.user.id, guild_id=interaction.guild_id, parent_id=job.id
    )
    await builder.show_draft(press.bot, interaction, draft)


async def offer_shapes(press: ResultPress) -> None:
    """Offer the shapes that a video does not have yet and that its model makes."""
    job = await press.source()
    say: Words = press.say
    shapes, price = await _shapes(press, job), press.bot.services.videos.price(job.request).credits
    buttons = [
        discord.ui.Button[Any](
            emoji=_SHAPES[ratio],
            label=f"{say(f'choice.aspect.{ratio}')} · {price}",
            custom_id=press.custom_id("reshape", f"{ratio}:{price}"),
        )
        for ratio in shapes
    ]
    await press.answer(say("result.shapes"), view=ui.stateless(*buttons))


async def _shapes(press: ResultPress, job: Job) -> list[AspectRatio]:
    """List a video's other shapes that this person may have; where none is accepted, those whose refusal says why.

    Raises:
        ModelUnknown, ModelGivenUp, ImpossibleRequest: its model makes no other; the nearest is then offered.
    """
    videos, current = press.bot.services.videos, job.request.aspect_ratio
    requests = [job.request.model_copy(update={"aspect_ratio": each}) for each in AspectRatio if each is not current]
    options = ui.options_of(requests[0])
    ui.remember(
        press.interaction,
        ui.TypedRequest(options=options, private=_private(job), parent_id=job.id, origin=Origin.SHAPE),
    )
    model = videos.capability(job.request.model)
    possible = [each for each in requests if each.aspect_ratio in model.aspect_ratios]
    if not possible:
        check(requests[0], model)
    terms = await videos.terms(press.member)
    return [each.aspect_ratio for each in possible if terms.accepts(each)] or [each.aspect_ratio for each in possible]


async def remake_in_shape(press: ResultPress) -> None:
    """Ask for the same video in the chosen shape."""
    job, (shape, seen) = await press.source(), _shape_and_price(press.more)
    if shape not in list(AspectRatio):
        raise ResultForgotten
    await build_on(press, job, {"aspect_ratio": AspectRatio(shape)}, origin=Origin.SHAPE, seen=seen)


def _shape_and_price(more: str) -> tuple[str, str]:
    """What the button of a shape is for; those of earlier versions say no price."""
    if more in list(AspectRatio):
        return more, ""
    shape, _, price = more.rpartition(":")
    return shape, price
