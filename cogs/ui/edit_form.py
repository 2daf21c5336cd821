"""The two forms with all options of a video: what most people change, and the rest. There is nothing to spell."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import discord

from bot.domain import PROMPT_LIMIT, AspectRatio, Capability, Mode, Strength
from bot.domain.camera import MOVES, WHOLE_MOVES, amount_of, in_a_word
from bot.domain.choices import offered
from bot.locale import Words
from cogs.ui.custom_ids import parse_number
from cogs.ui.forms import Form, select_option
from cogs.ui.limits import FORM_CHECKS, FORM_TEXT, OPTIONS
from cogs.ui.model_texts import model_about
from cogs.ui.options import given_options

MORE: Final = "more"  # the choice of the first form that leads to the second one
USUAL_LENGTH: Final = 5  # seconds
CLOSENESS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)  # to the prompt
_EXTRAS: Final = "extras"
_SWITCHES: Final = {"sound": "🔊", "watermark": "💧"}
_MODEL_DECIDES: Final = "model"  # how closely the prompt is followed
_LONGEST: Final = 1000  # seconds that a form may say at all


def request_form(
    custom_id: str,
    title: str,
    *,
    options: Mapping[str, Any],
    models: Sequence[Capability],
    say: Words,
) -> Form:
    """Build a form that shows these options; in place of impossible ones it has the nearest.

    `models` are those on offer, as far as whoever gets the form may use them: there is no more to choose from.
    """
    form = Form(custom_id, title)
    prompt = str(options.get("prompt", ""))
    most = min(FORM_TEXT, max(len(prompt), *(each.prompt_limit for each in models)))
    form.text("prompt", say("sheet.prompt"), value=prompt, long=True, most=most)
    form.select("quality", say("sheet.quality"), _qualities(options, models, say))
    form.select("aspect", say("sheet.aspect"), _shapes(options, models, say))
    form.select("duration", say("sheet.duration"), _lengths(options, models, say))
    extras = _around_chosen(list(_extras(options, models, say)))
    add = form.checks if len(extras) <= FORM_CHECKS else form.select
    add(_EXTRAS, say("sheet.extras" if len(extras) <= FORM_CHECKS else "sheet.extras.camera"), extras, several=True)
    return form


def _qualities(options: Mapping[str, Any], models: Sequence[Capability], say: Words) -> list[discord.SelectOption]:
    """Every mode of every model, with what the model is for and its price."""
    pairs = [(model, mode) for model in models for mode in model.modes]
    wanted = options.get("model"), options.get("mode", Mode.STD)
    chosen = max(pairs, key=lambda pair: (pair[0].model == wanted[0], pair[1] == wanted[1]))
    return _around_chosen(
        [
            select_option(
                f"{model.model} {mode}",
                f"{say.model(model.model)} · {say(f'choice.mode.{mode}')}",
                description=model_about(model, say),
                default=(model, mode) == chosen,
            )
            for model, mode in pairs
        ]
    )


def _shapes(options: Mapping[str, Any], models: Sequence[Capability], say: Words) -> list[discord.SelectOption]:
    shapes = offered("aspect", {}, models)
    wanted = options.get("aspect", AspectRatio.WIDE)
    chosen = wanted if wanted in shapes else shapes[0]
    return [select_option(str(each), say(f"choice.aspect.{each}"), default=each == chosen) for each in shapes]


def _lengths(options: Mapping[str, Any], models: Sequence[Capability], say: Words) -> list[discord.SelectOption]:
    lengths: list[int] = offered("duration", {}, models)
    wanted = options.get("duration")
    wanted = wanted if isinstance(wanted, int) else USUAL_LENGTH
    nearest = min(lengths, key=lambda seconds: (abs(seconds - wanted), seconds))
    return _around_chosen(
        [select_option(str(each), say("seconds", n=each), default=each == nearest) for each in lengths]
    )


def _extras(options: Mapping[str, Any], models: Sequence[Capability], say: Words) -> Iterator[discord.SelectOption]:
    """What is chosen or not: sound, a watermark that is not on every video anyway, the second form, a camera move."""
    for option, emoji in _SWITCHES.items():
        if True in offered(option, {}, models) and not (option == "watermark" and all(each.marked for each in models)):
            label = say(f"storyboard.form.extra.{option}")
            yield select_option(option, label, default=bool(options.get(option)), emoji=emoji)
    yield select_option(MORE, say("sheet.option.more"), description=say("sheet.option.more.about"), emoji="⚙️")
    for move in offered("camera", {}, models):
        yield select_option(move, say(f"camera.{move}"), default=move == options.get("camera"), emoji="📷")


def _around_chosen(options: Sequence[discord.SelectOption]) -> list[discord.SelectOption]:
    """As many options as Discord takes, those that are chosen among them."""
    first = sorted(options, key=lambda option: not option.default)[:OPTIONS]
    return [option for option in options if option in first]


def read_form(values: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Read the options that were chosen in the form, with those of `options` that it does not show."""
    model, _, mode = _one(values, "quality").partition(" ")
    extras = values.get(_EXTRAS) or ()
    camera = "+".join(move for move in MOVES if move in extras) or None
    return given_options(
        {
            **options,
            "prompt": values.get("prompt") or "",
            "model": model or options.get("model"),
            "mode": mode or options.get("mode"),
            "aspect": _one(values, "aspect") or options.get("aspect"),
            "duration": parse_number(_one(values, "duration"), most=_LONGEST) or options.get("duration"),
            "camera": camera,
            "strength": options.get("strength") if camera == options.get("camera") else None,
            **{option: option in extras or None for option in _SWITCHES},
        }
    )


def wants_more(values: Mapping[str, Any]) -> bool:
    """Whether the second form is asked for in the first one."""
    return MORE in (values.get(_EXTRAS) or ())


def details_form(custom_id: str, *, options: Mapping[str, Any], model: Capability, say: Words) -> Form:
    """Build the form of what few people change, as far as the options' model has it."""
    form = Form(custom_id, say("sheet.title.more"))
    negative = str(options.get("negative") or "")
    form.text(
        "negative", say("sheet.negative"), value=negative, long=True, most=PROMPT_LIMIT, hint=say("sheet.negative.hint")
    )
    if _has_strength(options):
        form.select("strength", say("sheet.strength"), _strengths(options, say))
    if model.cfg_scale:
        form.select("cfg", say("sheet.cfg"), _closenesses(options, say))
    return form


def _has_strength(options: Mapping[str, Any]) -> bool:
    return options.get("camera") is not None and options["camera"] not in WHOLE_MOVES


def _strengths(options: Mapping[str, Any], say: Words) -> list[discord.SelectOption]:
    """The words for a strength; a number that was typed is called by the nearest one until another is chosen."""
    amount = amount_of(options.get("strength") or Strength.CLEAR)
    nearest = Strength.CLEAR if amount is None else in_a_word(amount)
    return [select_option(str(each), say(f"strength.{each}"), default=each is nearest) for each in Strength]


def _closenesses(options: Mapping[str, Any], say: Words) -> list[discord.SelectOption]:
    """How closely the prompt may be followed, and first that the model decides."""
    chosen = options.get("cfg")
    numbers = sorted({*CLOSENESS, *([] if chosen is None else [float(chosen)])})
    return [
        select_option(_MODEL_DECIDES, say("sheet.option.model_decides"), default=chosen is None),
        *(select_option(str(each), say.number(each), default=each == chosen) for each in numbers),
    ]


def read_details(values: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Read the second form, with those of `options` that it does not show."""
    strength, closeness = _one(values, "strength"), _one(values, "cfg")
    changed = {
        **options,
        "negative": values.get("negative") or None,
        "strength": options.get("strength") if strength in _unchanged(options) else strength,
        "cfg": amount_of(closeness) if closeness else options.get("cfg"),
    }
    return given_options(changed)


def _unchanged(options: Mapping[str, Any]) -> set[str]:
    """What a form says that leaves the strength as it is: nothing, or the word that stood there."""
    amount = amount_of(options.get("strength") or Strength.CLEAR)
    return {""} if amount is None else {"", str(in_a_word(amount))}


def _one(values: Mapping[str, Any], field: str) -> str:
    """Read what was chosen in a select; empty for nothing."""
    return str(next(iter(values.get(field) or ()), ""))
