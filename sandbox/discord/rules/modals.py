"""Rules for modals and for the choices of an autocompletion."""

from collections.abc import Iterator
from typing import Any

from sandbox.discord.errors import Problem
from sandbox.discord.rules import say
from sandbox.discord.rules.components import TEXT_INPUT, check_component, duplicates, options, paths
from sandbox.discord.rules.say import At
from sandbox.discord.world import Json

ROW, TEXT, LABEL = 1, 10, 18
INPUTS = (3, 4, 5, 6, 7, 8, 19, 21, 22, 23)
GROUPS = (21, 22)
MOST_PARTS, MOST_CHOICES = 5, 25
LONGEST_INPUT = 4000


def check_modal(data: Any) -> list[Problem]:
    """What is wrong with a modal."""
    at: At = ("data",)
    if not isinstance(data, dict):
        return [say.missing(at)]
    parts = data.get("components")
    wrong = [
        *say.undeclared(data, {"custom_id", "title", "components"}, at),
        *say.types(data, {"custom_id": str, "title": str, "components": list}, at),
        *(say.missing((*at, key)) for key in ("custom_id", "title", "components") if not data.get(key)),
        *say.length(data.get("custom_id"), (*at, "custom_id"), most=100),
        *say.length(data.get("title"), (*at, "title"), most=45),
        *say.length(parts, (*at, "components"), most=MOST_PARTS),
    ]
    if not isinstance(parts, list):
        return wrong
    here = (*at, "components")
    wrong += say.objects(parts, here)
    for index, part in enumerate(parts):
        if isinstance(part, dict):
            wrong += _part(part, (*here, index))
    for place, component in paths(parts, here):
        wrong += check_component(component, place)
        wrong += _input(component, place)
    return [*wrong, *duplicates(parts, here)]


def _part(part: Json, at: At) -> Iterator[Problem]:
    """One of the modal's rows."""
    kind = part.get("type")
    if kind not in (ROW, TEXT, LABEL):
        yield say.problem((*at, "type"), "BASE_TYPE_CHOICES", "Value must be one of {1, 10, 18}.")
    if kind == LABEL:
        if not part.get("label"):
            yield say.missing((*at, "label"))
        yield from say.length(part.get("label"), (*at, "label"), most=45)
        yield from say.length(part.get("description"), (*at, "description"), most=100)
        inner = part.get("component")
        if not isinstance(inner, dict):
            yield say.missing((*at, "component"))
        elif inner.get("type") not in INPUTS:
            yield say.problem((*at, "component", "type"), "BASE_TYPE_CHOICES", f"Value must be one of {INPUTS}.")


def _input(component: Json, at: At) -> Iterator[Problem]:
    """A field to fill in."""
    kind = component.get("type")
    if kind in INPUTS and not component.get("custom_id"):
        yield say.missing((*at, "custom_id"))
    if kind in GROUPS:
        yield from options(component.get("options"), (*at, "options"))
    if kind != TEXT_INPUT:
        return
    in_label = "component" in at
    if component.get("style") not in (1, 2):
        yield say.problem((*at, "style"), "BASE_TYPE_CHOICES", "Value must be one of {1, 2}.")
    if not in_label and not component.get("label"):
        yield say.missing((*at, "label"))
    for key, most in (("label", 45), ("placeholder", 100), ("value", LONGEST_INPUT)):
        yield from say.length(component.get(key), (*at, key), most=most)
    for key, least in (("min_length", 0), ("max_length", 1)):
        number = component.get(key)
        if isinstance(number, int) and not least <= number <= LONGEST_INPUT:
            yield say.problem((*at, key), "NUMBER_TYPE_RANGE", f"Must be between {least} and {LONGEST_INPUT}.")
    longest = component.get("max_length")
    if isinstance(longest, int):
        yield from say.length(component.get("value"), (*at, "value"), most=longest)


def check_choices(data: Any) -> list[Problem]:
    """What is wrong with the answer to an autocompletion."""
    at: At = ("data", "choices")
    choices = data.get("choices") if isinstance(data, dict) else None
    if not isinstance(choices, list):
        return [say.missing(at)]
    wrong = [*say.length(choices, at, most=MOST_CHOICES), *say.objects(choices, at)]
    for index, choice in enumerate(choices):
        if not isinstance(choice, dict):
            continue
        here = (*at, index)
        wrong += say.undeclared(choice, {"name", "name_localizations", "value"}, here)
        wrong += say.length(choice.get("name") or "", (*here, "name"), least=1, most=100)
        if choice.get("value") is None:
            wrong.append(say.missing((*here, "value")))
        wrong += say.length(choice.get("value"), (*here, "value"), most=100)
    return wrong
