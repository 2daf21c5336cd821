"""The forms of the storyboard builder, filled in with the storyboard."""

from collections.abc import Mapping, Sequence
from typing import Final

import discord

from bot.domain import PROMPT_LIMIT, Capability, Preset, Storyboard
from bot.domain.request import SHOT_PROMPT_LIMIT
from bot.domain.script import script_of
from bot.locale import Words
from bot.service.member.presets import NAME_LIMIT
from cogs.ui import Form, select_option, select_options
from cogs.ui.limits import FORM_TEXT
from cogs.ui.model_texts import model_about

EXTRAS: Final = ("sound", "watermark", "private")


def edit_form(custom_id: str, story: Storyboard, *, at: int, say: Words) -> Form:
    """The form of one shot's prompt and seconds."""
    shot = story.shots[story.nearest_shot(at)]
    form = Form(custom_id, say("storyboard.form.edit", shot=story.nearest_shot(at) + 1))
    most = max(SHOT_PROMPT_LIMIT, len(shot.prompt))
    hint = say("storyboard.form.prompt.hint")
    form.text("prompt", say("storyboard.form.prompt"), value=shot.prompt, long=True, most=most, hint=hint)
    form.text("seconds", say("storyboard.form.seconds"), value=str(shot.seconds), most=10)
    return form


def script_form(custom_id: str, story: Storyboard, model: Capability, say: Words) -> Form | None:
    """The form of the whole script, to read, copy, change or replace; None where it is longer than a field takes."""
    script = script_of(story, model)
    if len(script) > FORM_TEXT:
        return None
    form = Form(custom_id, say("storyboard.form.script"))
    hint = say("storyboard.form.script.hint")
    form.text("script", say("storyboard.form.script.label"), value=script, long=True, most=FORM_TEXT, hint=hint)
    return form


def settings_form(custom_id: str, story: Storyboard, models: Mapping[str, Capability], say: Words) -> Form:
    """The form of everything about the video but its shots."""
    form = Form(custom_id, say("storyboard.form.settings"))
    quality = (story.model, story.mode)
    form.select("quality", say("storyboard.form.quality"), _qualities(models, " ".join(quality), say))
    model = models[story.model]
    shapes = [(str(each), say(f"choice.aspect.{each}")) for each in model.aspect_ratios]
    form.select("aspect", say("storyboard.form.aspect"), select_options(shapes, {str(story.aspect_ratio)}))
    lengths = [(str(each), say("seconds", n=each)) for each in model.durations]
    form.select("total", say("storyboard.form.total"), select_options(lengths, {str(story.total)}))
    fitting = {"sound": model.sound, "watermark": model.watermark and not model.marked, "private": True}
    extras = [(each, say(f"storyboard.form.extra.{each}")) for each in EXTRAS if fitting[each]]
    chosen = {each for each in EXTRAS if getattr(story, each)}
    form.select("extras", say("storyboard.form.extras"), select_options(extras, chosen), several=True)
    negative = say("storyboard.form.negative")
    form.text("negative", negative, value=story.negative_prompt, long=True, most=PROMPT_LIMIT)
    return form


def template_form(custom_id: str, own: Sequence[Preset], say: Words) -> Form:
    """The form that saves the storyboard as a template, and forgets templates."""
    form = Form(custom_id, say("storyboard.form.template"))
    hint = say("storyboard.form.name.hint")
    form.text("name", say("storyboard.form.name"), most=NAME_LIMIT, hint=hint)
    if own:
        saved = [(each.id, each.name) for each in own]
        form.select("forget", say("storyboard.form.forget"), select_options(saved), several=True)
    return form


def _qualities(models: Mapping[str, Capability], chosen: str, say: Words) -> list[discord.SelectOption]:
    """List every mode of every model, with what the model is for; with its name where there are several."""
    named = len(models) > 1
    return [
        select_option(
            f"{name} {mode}",
            f"{say.model(name)} · {say(f'choice.mode.{mode}')}" if named else say(f"choice.mode.{mode}"),
            description=model_about(model, say),
            default=f"{name} {mode}" == chosen,
        )
        for name, model in models.items()
        for mode in model.modes
    ]
