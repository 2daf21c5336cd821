"""Say what a model is for and what it costs. All of it follows from what the model can do: no list of texts is kept."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import discord

from bot.domain import Capability, Mode
from bot.locale import Words
from cogs.ui.forms import select_option

_SPAN: Final = 3  # lengths, from which on whole seconds in a row are a choice of their own


def model_line(model: Capability, say: Words) -> str:
    """Name a model with what it is for and its price on one line, as choices of commands have it."""
    return say("model.line", name=say.model(model.model), what=model_about(model, say))


def model_about(model: Capability, say: Words) -> str:
    """Say what a model is for, and from what price on it makes a second."""
    abilities = say("comma").join(list(_abilities(model, say)) or [lengths(model.durations, say)])
    least = model.least_a_second()
    if least is None:
        return abilities
    price = say("model.price", n=1 if least == 1 else 2, amount=say.number(round(float(least), 2)))
    return f"{abilities} · {price}"


def abilities_and_lengths(model: Capability, say: Words) -> str:
    """Say what a model is for and what lengths it makes, where the one does not say the other."""
    free = _any_length(model.durations)
    return say("comma").join([*_abilities(model, say), *([] if free else [lengths(model.durations, say)])])


def lengths(durations: Sequence[int], say: Words) -> str:
    """Say what lengths a model makes: "3–15 s" or "5 or 10 s"."""
    if _any_length(durations):
        return say("seconds.short", n=f"{durations[0]}\N{EN DASH}{durations[-1]}")
    *others, last = durations
    if not others:
        return say("seconds.short", n=last)
    return say("model.lengths", others=say("comma").join(map(str, others)), last=last)


def _any_length(durations: Sequence[int]) -> bool:
    return len(durations) >= _SPAN and durations[-1] - durations[0] == len(durations) - 1


def models_called(typed: str, models: Iterable[str], say: Words) -> list[tuple[str, str]]:
    """Offer the models whose name or id contains what was typed; the value is the id."""
    wanted = typed.strip().casefold()
    return [(say.model(each), each) for each in models if wanted in f"{say.model(each)} {each}".casefold()]


def model_options(models: Iterable[Capability], chosen: str, say: Words) -> list[discord.SelectOption]:
    """Make options of a select of models: the name, and below what each is for."""
    return [
        select_option(
            each.model, say.model(each.model), description=model_about(each, say), default=each.model == chosen
        )
        for each in models
    ]


def _abilities(model: Capability, say: Words) -> Iterator[str]:
    """List what not every model has; a choice of lengths is one where any number of seconds may be chosen."""
    if model.camera is not None:
        yield say("model.camera")
    if Mode.FOUR_K in model.modes:
        yield say(f"mode.{Mode.FOUR_K}")
    if sounding := [mode for mode in model.modes if model.sounds(mode)]:
        modes = say("comma").join(say(f"mode.{mode}") for mode in sounding)
        yield say("model.sound_in", modes=modes) if len(sounding) < len(model.modes) else say("model.sound")
    if _any_length(model.durations):
        yield lengths(model.durations, say)
    if model.max_shots > 1:
        yield say("model.shots")
