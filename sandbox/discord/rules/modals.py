"""Checks modals, and the choices of an autocompletion."""

from collections.abc import Iterator
from typing import Any

from sandbox.discord.errors import Problem
from sandbox.discord.rules import validate
from sandbox.discord.rules.components import TEXT_INPUT, check_component, duplicates, options, paths
from sandbox.discord.rules.validate import At
from sandbox.discord.world import Json

ROW, TEXT, LABEL = 1, 10, 18
INPUTS = (3, 4, 5, 6, 7, 8, 19, 21, 22, 23)
GROUPS = (21, 22)
MOST_PARTS, MOST_CHOICES = 5, 25
LONGEST_INPUT = 4000


def check_modal(data: Any) -> list[Problem]:
    """Find what is wrong with a modal."""
    at: At = ("data",)
    if not isinstance(data, dict):
        return [validate.missing(at)]
    parts = data.get("components")
    wrong = [
        *validate.undeclared(data, {"custom_id", "title", "components"}, at),
        *validate.types(data, {"custom_id": str, "title": str, "components": list}, at),
        *(validate.missing((*at, key)) for key in ("custom_id", "title", "components") if not data.get(key)),
        *validate.length(data.get("custom_id"), (*at, "custom_id"), most=100),
        *validate.length(data.get("title"), (*at, "title"), most=45),
        *validate.length(parts, (*at, "components"), most=MOST_PARTS),
    ]
    if not isinstance(parts, list):
        return wrong
    here = (*at, "components")
    wrong += validate.objects(parts, here)
    for index, part in enumerate(parts):
        if isinstance(part, dict):
            wrong += _part(part, (*here, index))
    for place, component in paths(parts, here):
        wrong += check_component(component, place)
        wrong += _input(component, place)
    return [*wrong, *duplicates(parts, here)]


def _part(part: Json, at: At) -> Iterator[Problem]:
    """Check one of the modal's rows."""
    kind = part.get("type")
    if kind not in (ROW, TEXT, LABEL):
        yield validate.union(at, (ROW, TEXT, LABEL))
    if kind == LABEL:
        if not part.get("label"):
            yield validate.missing((*at, "label"))
        yield from validate.length(part.get("label"), (*at, "label"), most=45)
        yield from validate.length(part.get("description"), (*at, "description"), most=100)
        inner = part.get("component")
        if not isinstance(inner, dict):
            yield validate.missing((*at, "component"))
        elif inner.get("type") not in INPUTS:
            yield validate.union((*at, "component"), INPUTS)


def _input(component: Json, at: At) -> Iterator[Problem]:
    """Check a field to fill in."""
    kind = component.get("type")
    if kind in INPUTS and not component.get("custom_id"):
        yield validate.missing((*at, "custom_id"))
    if kind in GROUPS:
        yield from options(component.get("options"), (*at, "options"))
    if kind != TEXT_INPUT:
        return
    in_label = "component" in at
    if component.get("style") not in (1, 2):
        yield validate.choices((*at, "style"), (1, 2))
    if not in_label and not component.get("label"):
        yield validate.missing((*at, "label"))
    for key, most in (("label", 45), ("placeholder", 100), ("value", LONGEST_INPUT)):
        yield from validate.length(component.get(key), (*at, key), most=most)
    for key, least in (("min_length", 0), ("max_length", 1)):
        yield from validate.number(component.get(key), (*at, key), least=least, most=LONGEST_INPUT)
    longest = component.get("max_length")
    if isinstance(longest, int):
        yield from validate.length(component.get("value"), (*at, "value"), most=longest)


def check_choices(data: Any) -> list[Problem]:
    """Find what is wrong with the answer to an autocompletion."""
    at: At = ("data", "choices")
    choices = data.get("choices") if isinstance(data, dict) else None
    if not isinstance(choices, list):
        return [validate.missing(at)]
    wrong = [*validate.length(choices, at, most=MOST_CHOICES), *validate.objects(choices, at)]
    for index, choice in enumerate(choices):
        if not isinstance(choice, dict):
            continue
        here = (*at, index)
        wrong += validate.undeclared(choice, {"name", "name_localizations", "value"}, here)
        wrong += validate.length(choice.get("name") or "", (*here, "name"), least=1, most=100)
        if choice.get("value") is None:
            wrong.append(validate.missing((*here, "value")))
        wrong += validate.length(choice.get("value"), (*here, "value"), most=100)
    return wrong
