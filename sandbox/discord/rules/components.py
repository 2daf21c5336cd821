"""Checks components, alone and together."""

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from sandbox.discord.emoji import is_emoji
from sandbox.discord.errors import Problem
from sandbox.discord.message_content import FILE_SCHEME, walk
from sandbox.discord.rules import validate
from sandbox.discord.rules.validate import At
from sandbox.discord.world import Json

ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
SECTION, TEXT_DISPLAY, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER = 9, 10, 11, 12, 13, 14, 17
LINK, PREMIUM = 5, 6
SELECTS = (3, 5, 6, 7, 8)
# What may stand chosen in each select that Discord fills itself.
STANDING = {5: ("user",), 6: ("role",), 7: ("user", "role"), 8: ("channel",)}
TOP_V1 = frozenset({ROW})
TOP_V2 = frozenset({ROW, SECTION, TEXT_DISPLAY, GALLERY, FILE, SEPARATOR, CONTAINER})
MOST_V1_ROWS, MOST_V2, MOST_TEXT = 5, 40, 4000

_ALWAYS = {"type", "id"}
_SELECT_KEYS = {"custom_id", "placeholder", "min_values", "max_values", "disabled", "required"}
_LIST_KEYS = {"custom_id", "options", "required", "min_values", "max_values"}
# The keys that each type of component has.
KEYS: dict[int, set[str]] = {
    1: {"components"},
    2: {"custom_id", "style", "label", "disabled", "emoji", "url", "sku_id"},
    3: _SELECT_KEYS | {"options"},
    4: {"custom_id", "style", "label", "value", "placeholder", "required", "min_length", "max_length"},
    5: _SELECT_KEYS | {"default_values"},
    6: _SELECT_KEYS | {"default_values"},
    7: _SELECT_KEYS | {"default_values"},
    8: _SELECT_KEYS | {"default_values", "channel_types"},
    9: {"components", "accessory"},
    10: {"content"},
    11: {"media", "description", "spoiler"},
    12: {"items"},
    13: {"file", "spoiler"},
    14: {"spacing", "divider"},
    17: {"components", "accent_color", "spoiler"},
    18: {"label", "description", "component"},
    19: {"custom_id", "min_values", "max_values", "required"},
    21: {"custom_id", "options", "required"},
    22: _LIST_KEYS,
    23: {"custom_id", "default"},
}
_OPTION_KEYS = {"label", "value", "description", "emoji", "default"}
_TYPES: dict[str, type] = {
    "id": int,
    "components": list,
    "custom_id": str,
    "label": str,
    "placeholder": str,
    "options": list,
    "items": list,
    "default_values": list,
    "accessory": dict,
    "component": dict,
    "media": dict,
    "file": dict,
    "min_values": int,
    "max_values": int,
    "url": str,
    "emoji": dict,
}
_LENGTHS: dict[str, tuple[int, int]] = {
    "custom_id": (1, 100),
    "placeholder": (0, 150),
    "options": (1, 25),
    "items": (1, 10),
}


def paths(components: Any, at: At) -> Iterator[tuple[At, Json]]:
    """List every component with its place in the body."""
    for index, component in enumerate(components if isinstance(components, list) else []):
        if not isinstance(component, dict):
            continue
        here = (*at, index)
        yield here, component
        yield from paths(component.get("components"), (*here, "components"))
        for key in ("accessory", "component"):
            child = component.get(key)
            if isinstance(child, dict):
                yield (*here, key), child


def check_components(components: Any, at: At, *, v2: bool) -> Iterator[Problem]:
    """Check the components of a message, with the flag of the second version or without it."""
    if not isinstance(components, list):
        return
    yield from _kinds(components, at, TOP_V2 if v2 else TOP_V1)
    for here, component in paths(components, at):
        yield from check_component(component, here)
    yield from _together(components, at, v2=v2)


def _together(components: list[Any], at: At, *, v2: bool) -> Iterator[Problem]:
    """Check what the components may come to in sum."""
    every = list(walk(components))
    if not v2:
        yield from validate.length(components, at, most=MOST_V1_ROWS)
    elif len(every) > MOST_V2:
        text = f"The maximum number of total components is {MOST_V2}."
        yield validate.problem(at, "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", text)
    shown = sum(len(str(c.get("content", ""))) for c in every if c.get("type") == TEXT_DISPLAY)
    if shown > MOST_TEXT:
        text = f"Components displayable text size exceeds maximum size of {MOST_TEXT}"
        yield validate.problem(at, "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", text)
    yield from duplicates(components, at)


def duplicates(components: Any, at: At) -> Iterator[Problem]:
    """Find custom ids and numbers that are there twice."""
    for key, kind in (("custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED"), ("id", "COMPONENT_ID_DUPLICATED")):
        seen: Counter[Any] = Counter()
        for here, component in paths(components, at):
            value = component.get(key)
            if value and isinstance(value, str | int):
                seen[value] += 1
                if seen[value] > 1:
                    yield validate.problem(
                        (*here, key), kind, f"Component {key.replace('_', ' ')} cannot be duplicated"
                    )


def check_component(component: Json, at: At) -> Iterator[Problem]:
    """Check one component by itself."""
    kind = component.get("type")
    if not isinstance(kind, int) or kind not in KEYS:
        yield validate.union(at, KEYS)
        return
    yield from validate.undeclared(component, KEYS[kind] | _ALWAYS, at)
    yield from validate.types(component, _TYPES, at)
    for key, (least, most) in _LENGTHS.items():
        yield from validate.length(component.get(key), (*at, key), least=least, most=most)
    if kind == BUTTON:
        yield from _button(component, at)
    elif kind == ROW:
        yield from _row(component, at)
    elif kind in SELECTS:
        yield from _select(component, at)
    elif kind == TEXT_DISPLAY:
        yield from validate.length(component.get("content") or [], (*at, "content"), least=1, most=MOST_TEXT)
    elif kind in (SECTION, CONTAINER):
        yield from _holder(component, at)


def check_emoji(emoji: Any, at: At) -> Iterator[Problem]:
    """Check an emoji: one of Unicode's, as there are no others here."""
    if not isinstance(emoji, dict):
        return
    named = emoji.get("id") is not None
    if named or not is_emoji(str(emoji.get("name"))):
        yield validate.problem((*at, "id" if named else "name"), "COMPONENT_INVALID_EMOJI", "Invalid emoji")


def _holder(component: Json, at: At) -> Iterator[Problem]:
    """Check a section with its texts and its accessory, or a container of anything but containers."""
    section = component["type"] == SECTION
    children = component.get("components") or []
    yield from validate.length(children, (*at, "components"), least=1, most=3 if section else MOST_V2)
    yield from _kinds(children, (*at, "components"), {TEXT_DISPLAY} if section else TOP_V2 - {CONTAINER})
    if section and not component.get("accessory"):
        yield validate.missing((*at, "accessory"))
    elif section:
        yield from _kinds([component["accessory"]], (*at, "accessory"), {BUTTON, THUMBNAIL})


def _kinds(components: Any, at: At, allowed: Collection[int]) -> Iterator[Problem]:
    """Find components that have no place here."""
    yield from validate.objects(components, at)
    for index, component in enumerate(components if isinstance(components, list) else []):
        if isinstance(component, dict) and component.get("type") not in allowed:
            yield validate.union((*at, index), sorted(allowed))


def _button(button: Json, at: At) -> Iterator[Problem]:
    yield from validate.length(button.get("label"), (*at, "label"), most=80)
    yield from check_emoji(button.get("emoji"), (*at, "emoji"))
    style = button.get("style")
    needed = {LINK: "url", PREMIUM: "sku_id"}.get(style if isinstance(style, int) else 0, "custom_id")
    if style not in range(1, 7):
        yield validate.choices((*at, "style"), range(1, 7))
    if not button.get(needed) and needed == "custom_id":
        yield validate.problem((*at, needed), "BUTTON_COMPONENT_CUSTOM_ID_REQUIRED", "A custom id is required")
    elif not button.get(needed):
        yield validate.missing((*at, needed))
    if button.get("custom_id") and (button.get("url") or button.get("sku_id")):
        text = "A custom id and url cannot both be specified"
        yield validate.problem((*at, "custom_id"), "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", text)
    if style != PREMIUM and not button.get("label") and not button.get("emoji"):
        yield validate.problem((*at, "label"), "BUTTON_COMPONENT_LABEL_OR_EMOJI", "A label or an emoji is required")


def _row(row: Json, at: At) -> Iterator[Problem]:
    children = row.get("components")
    if not isinstance(children, list):
        yield validate.missing((*at, "components"))
        return
    yield from validate.length(children, (*at, "components"), least=1, most=5)
    yield from _kinds(children, (*at, "components"), {BUTTON, TEXT_INPUT, *SELECTS})
    kinds = [child.get("type") for child in children if isinstance(child, dict)]
    if len(kinds) > 1 and any(kind != BUTTON for kind in kinds):
        text = "The specified component exceeds the maximum width"
        yield validate.problem((*at, "components"), "COMPONENT_LAYOUT_WIDTH_EXCEEDED", text)


def _select(select: Json, at: At) -> Iterator[Problem]:
    if not select.get("custom_id"):
        yield validate.missing((*at, "custom_id"))
    least, most = select.get("min_values"), select.get("max_values")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        yield validate.problem((*at, "min_values"), "BASE_TYPE_BAD_RANGE", "min_values is greater than max_values")
    if select["type"] != STRING_SELECT:
        yield from _standing(select, (*at, "default_values"))
        return
    if not select.get("options"):
        yield validate.missing((*at, "options"))
    yield from options(select.get("options"), (*at, "options"))


def _standing(select: Json, at: At) -> Iterator[Problem]:
    """Check what stands chosen in a select of users, roles or channels: of its kinds, and as many as it takes."""
    given = select.get("default_values")
    if not isinstance(given, list) or not given:
        return
    yield from validate.objects(given, at)
    for index, value in enumerate(given):
        if not isinstance(value, dict):
            continue
        if not str(value.get("id")).isdecimal():
            yield validate.snowflake(value.get("id"), (*at, index, "id"))
        if value.get("type") not in STANDING[select["type"]]:
            yield validate.choices((*at, index, "type"), STANDING[select["type"]])
    least, most = ((1 if select.get(key) is None else select[key]) for key in ("min_values", "max_values"))
    if isinstance(most, int) and len(given) > most:
        text = "The specified number of default values exceeds the specified maximum values"
        yield validate.problem(at, "SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES", text)
    elif isinstance(least, int) and isinstance(most, int):
        yield from validate.length(given, at, least=least, most=most)


def options(given: Any, at: At) -> Iterator[Problem]:
    """Check the options of a select, radio or checkbox group."""
    yield from validate.objects(given, at)
    seen: set[Any] = set()
    for index, option in enumerate(given if isinstance(given, list) else []):
        if not isinstance(option, dict):
            continue
        here = (*at, index)
        yield from validate.undeclared(option, _OPTION_KEYS, here)
        yield from check_emoji(option.get("emoji"), (*here, "emoji"))
        for key, least, most in (("label", 1, 100), ("value", 1, 100), ("description", 0, 100)):
            if least and not option.get(key):
                yield validate.missing((*here, key))
            yield from validate.length(option.get(key), (*here, key), most=most)
        if str(option.get("value")) in seen:
            text = "The specified option value is already used"
            yield validate.problem((*here, "value"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", text)
        seen.add(str(option.get("value")))


def files_of_components(components: Any) -> Iterator[str]:
    """Name the attached files that components show."""
    for component in walk(components):
        items = component.get("items")
        holders = [component, *(item for item in (items if isinstance(items, list) else []) if isinstance(item, dict))]
        for holder in holders:
            for key in ("media", "file"):
                media = holder.get(key)
                url = media.get("url") if isinstance(media, dict) else None
                if isinstance(url, str) and url.startswith(FILE_SCHEME):
                    yield url.removeprefix(FILE_SCHEME)
