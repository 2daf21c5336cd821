"""The form with all options of a video: fill it in with options, and parse them back.

Discord's forms have five parts, so the less usual options share a field, one a line: `name: value`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import discord

from bot.domain import AspectRatio, Capability, Mode, Strength
from bot.domain.camera import MOVES, amount_of
from bot.domain.choices import offered
from bot.errors import InvalidRequest, Problem
from bot.locale import Words
from cogs.ui.forms import Form, select_option
from cogs.ui.limits import FORM_TEXT

LINES: Final = ("model", "sound", "watermark", "camera", "strength", "cfg")  # what shares a field
MORE: Final = "more"  # that field, and the option under which its text is kept where it can't be read
_SWITCHES: Final = ("sound", "watermark")
_NUMBERS: Final = {"duration": int, "cfg": float}
_LINE: Final = re.compile("\\s*([^:\uff1a=]+?)\\s*[:\uff1a=]\\s*(.*?)\\s*")  # Chinese keyboards have a wide colon
_YES: Final = frozenset({"yes", "y", "true", "on", "1"})
_NO: Final = frozenset({"no", "n", "false", "off", "0", "-"})


def request_form(
    custom_id: str,
    title: str,
    *,
    options: Mapping[str, Any],
    models: Sequence[Capability],
    say: Words,
) -> Form:
    """Build a form that shows these options, which may be impossible ones.

    `models` are those on offer, as far as whoever gets the form may use them: there is no more to choose from.
    """
    form = Form(custom_id, title)
    form.text("prompt", say("sheet.prompt"), value=str(options.get("prompt", "")), long=True, most=FORM_TEXT)
    form.text("negative", say("sheet.negative"), value=str(options.get("negative") or ""), long=True, most=FORM_TEXT)
    form.text("duration", say("sheet.duration"), value=str(options.get("duration", 5)), most=20)
    form.select("look", say("sheet.look"), _mode_and_shape_options(options, models, say))
    lines = str(options.get(MORE) or "\n".join(_option_lines(options, models, say)))
    form.text(MORE, say("sheet.more"), value=lines, long=True, most=1000, hint=say("sheet.more.hint"))
    return form


def _mode_and_shape_options(
    options: Mapping[str, Any], models: Sequence[Capability], say: Words
) -> list[discord.SelectOption]:
    """Mode and shape together; what none of the models has begins as the nearest that one has."""
    modes, shapes = (offered(option, {}, models) for option in ("mode", "aspect"))
    mode, shape = options.get("mode", Mode.STD), options.get("aspect", AspectRatio.WIDE)
    chosen = (mode if mode in modes else modes[0], shape if shape in shapes else shapes[0])
    return [
        select_option(
            f"{mode} {aspect}",
            f"{say(f'choice.mode.{mode}')} · {say(f'choice.aspect.{aspect}')}",
            default=(mode, aspect) == chosen,
        )
        for mode in modes
        for aspect in shapes
    ]


def _option_lines(options: Mapping[str, Any], models: Sequence[Capability], say: Words) -> Iterator[str]:
    """Write a line for each option that has no field; a watermark that is on every video anyway is none to choose."""
    marked = all(each.marked for each in models)
    for option in LINES:
        if option == "watermark" and marked:
            continue
        value = options.get(option)
        if option in _SWITCHES:
            value = say("yes" if value else "no")
        elif option == "camera" and value in MOVES:
            value = say(f"camera.{value}")
        elif option == "strength" and value in list(Strength):
            value = say(f"strength.{value}")
        yield f"{say(f'slash.option.{option}')}: {'' if value is None else value}".rstrip()


def read_form(values: Mapping[str, Any]) -> dict[str, Any]:
    """Read a form's values as they were entered: to be kept, whether they can be parsed or not."""
    mode, _, aspect = (values.get("look") or [""])[0].partition(" ")
    return {
        "prompt": values.get("prompt") or "",
        "negative": values.get("negative") or "",
        "mode": mode or Mode.STD,
        "aspect": aspect or AspectRatio.WIDE,
        "duration": values.get("duration") or "",
        MORE: values.get(MORE) or "",
    }


def parse_options(entries: Mapping[str, Any], say: Words) -> dict[str, Any]:
    """Parse the options that were entered.

    Raises:
        InvalidRequest: naming every line and number that means nothing.
    """
    read, problems = _parse(entries, say)
    problems += [each for each in read.values() if isinstance(each, Problem)]
    if problems:
        raise InvalidRequest(problems)
    return read


def parse_leniently(entries: Mapping[str, Any], say: Words) -> dict[str, Any] | None:
    """Parse the options that were entered as far as possible, and leave the rest as it was typed.

    None where a line means nothing: whatever it asks for, only its author knows. Options of a command stay as they are.
    """
    if MORE not in entries:
        return dict(entries)
    read, problems = _parse(entries, say)
    if problems:
        return None
    return {name: each.values["wanted"] if isinstance(each, Problem) else each for name, each in read.items()}


def _parse(entries: Mapping[str, Any], say: Words) -> tuple[dict[str, Any], list[Problem]]:
    """Parse every option that was entered, or say what is wrong with it; and list every line that means nothing."""
    options, problems = {name: value for name, value in entries.items() if name != MORE}, []
    names = {say(f"slash.option.{option}").casefold(): option for option in LINES} | {
        option: option for option in LINES
    }
    for line in filter(str.strip, entries[MORE].splitlines()):
        found = _LINE.fullmatch(line)
        option = names.get(found[1].casefold()) if found else None
        if found is None or option is None:
            problems.append(Problem(code="line_unknown", field=MORE, values={"line": line.strip()}))
        else:
            options[option] = found[2]
    return {name: _parse_value(name, value, say) for name, value in options.items() if value != ""}, problems


def _parse_value(name: str, text: str, say: Words) -> Any:
    """Parse an option's value, or say what is wrong with it."""
    if name in _SWITCHES:
        yes, no = _YES | {say("yes").casefold()}, _NO | {say("no").casefold()}
        if text.casefold() not in yes | no:
            return Problem(
                code="not_yes_or_no", field=name, values={"name": say(f"slash.option.{name}"), "wanted": text}
            )
        return text.casefold() in yes
    if name in _NUMBERS:
        try:
            return _NUMBERS[name](text.replace(",", "."))
        except ValueError:
            return Problem(
                code="not_a_number", field=name, values={"name": say(f"slash.option.{name}"), "wanted": text}
            )
    return _parse_strength(text, say) if name == "strength" else _parse_move(text, say) if name == "camera" else text


def _parse_move(text: str, say: Words) -> str:
    """Parse a camera move by its name in the reader's language; what is none stays as it is."""
    return {say(f"camera.{move}").casefold(): move for move in MOVES}.get(text.casefold(), text)


def _parse_strength(text: str, say: Words) -> Any:
    """Parse how far the camera moves: a word, in the reader's language or ours, or a number."""
    words = {say(f"strength.{each}").casefold(): str(each) for each in Strength} | {
        str(each): str(each) for each in Strength
    }
    amount = words.get(text.casefold()) or amount_of(text)
    if amount is None:
        return Problem(
            code="not_a_number", field="strength", values={"name": say("slash.option.strength"), "wanted": text}
        )
    return amount
