"""What stands on a message: its texts, buttons and selects, whichever way it is built."""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]


def walk(components: list[Json]) -> Iterator[Json]:
    """Every component, those inside others too."""
    for component in components:
        yield component
        yield from walk(component.get("components", []))
        yield from walk([component["component"]] if "component" in component else [])


def control(message: Json, part: str) -> str:
    """The `custom_id` of the one button or select whose id or label has this part."""
    (found,) = [
        each["custom_id"]
        for each in walk(message["components"])
        if "custom_id" in each and (each["custom_id"].endswith(part) or part in each.get("label", ""))
    ]
    return str(found)


def labels(message: Json) -> list[str]:
    """The labels of the buttons."""
    return [each["label"] for each in walk(message["components"]) if "label" in each]


def label_of(message: Json, part: str) -> str:
    """The label of the button whose id ends with this part."""
    (found,) = [each["label"] for each in walk(message["components"]) if each.get("custom_id", "").endswith(part)]
    return str(found)


def offers(message: Json, part: str) -> list[str]:
    """The values of the select whose id ends with this part."""
    (select,) = [each for each in walk(message["components"]) if each.get("custom_id", "").endswith(part)]
    return [option["value"] for option in select["options"]]


def chosen(message: Json, part: str) -> list[str]:
    """The values that stand chosen in the select whose id ends with this part."""
    (select,) = [each for each in walk(message["components"]) if each.get("custom_id", "").endswith(part)]
    return [option["value"] for option in select["options"] if option.get("default")]


def shown(message: Json) -> str:
    """All the text of a message."""
    texts = [each["content"] for each in walk(message["components"]) if "content" in each]
    return "\n".join([message["content"], *texts])


def fields(form: Json) -> dict[str, Any]:
    """What stands in the fields of a form, by their ids."""
    found: dict[str, Any] = {}
    for each in walk(form["components"]):
        if "options" in each:
            found[each["custom_id"]] = [option["value"] for option in each["options"] if option.get("default")]
        elif "custom_id" in each:
            found[each["custom_id"]] = each.get("value")
    return found
