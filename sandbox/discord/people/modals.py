"""Fills in a modal and sends it."""

from collections.abc import Mapping
from typing import Any

from sandbox.discord.interactions import Interaction, Kind
from sandbox.discord.message_content import walk
from sandbox.discord.people.components import choose
from sandbox.discord.people.option_values import ImpossibleAction
from sandbox.discord.people.options import Resolver
from sandbox.discord.service import Discord
from sandbox.discord.world import Json, User

TEXT_INPUT, FILE_UPLOAD, RADIO, CHECKBOXES, CHECKBOX = 4, 19, 21, 22, 23
ROW, LABEL = 1, 18
LONGEST_TEXT = 4000


async def submit(
    discord: Discord,
    user: User,
    opened_by: Interaction,
    fields: Mapping[str, Any],
    *,
    locale: str | None = None,
) -> Interaction:
    """Send the modal that an interaction opened; fields not given keep what stands in them.

    Raises:
        ImpossibleAction: no modal is open to this person, an unknown field, or a value that the field does not take.
    """
    modal = opened_by.modal
    if modal is None or opened_by.user is not user:
        raise ImpossibleAction(f"the interaction opened no modal for {user.username}")
    guild = discord.world.guilds.get(opened_by.channel.guild_id or "")
    if guild is not None and user.id not in guild.members:
        raise ImpossibleAction(f"{user.username} is not in the guild any more")
    inputs = {c["custom_id"]: c for c in walk(modal["components"]) if c.get("custom_id")}
    if unknown := sorted(set(fields) - set(inputs)):
        raise ImpossibleAction(f"the modal has no field {unknown[0]!r}; it has {sorted(inputs)}")
    resolver = Resolver(discord=discord, user=user, channel=opened_by.channel)
    answers = {name: await _answer(resolver, field, fields.get(name)) for name, field in inputs.items()}
    parts = [_part(part, number, answers) for number, part in enumerate(modal["components"], start=1)]
    data: Json = {"custom_id": modal["custom_id"], "components": parts}
    if resolver.resolved:
        data["resolved"] = resolver.resolved
    return discord.interactions.open(
        kind=Kind.MODAL,
        user=user,
        channel=opened_by.channel,
        data=data,
        locale=locale or opened_by.payload["locale"],
        source=opened_by.source,
        triggered_by=opened_by,
    )


def _part(part: Json, number: int, answers: Mapping[str, Json]) -> Json:
    """Build one row of the submission."""
    shape: Json = {"type": part["type"], "id": part.get("id") or number}
    if part["type"] == LABEL:
        return {**shape, "component": answers[part["component"]["custom_id"]]}
    if part["type"] == ROW:
        return {**shape, "components": [answers[child["custom_id"]] for child in part["components"]]}
    return shape


async def _answer(resolver: Resolver, field: Json, given: Any) -> Json:
    """Build what a field says when the modal is sent."""
    shape: Json = {"type": field["type"], "id": field.get("id") or 100, "custom_id": field["custom_id"]}
    match field["type"]:
        case 4:
            return {**shape, "value": _text(field, given)}
        case 19:
            files = list(given or ())
            _count(field, len(files))
            return {**shape, "values": [await resolver.attach(file) for file in files]}
        case 21:
            standing = next((o["value"] for o in field["options"] if o.get("default")), None)
            value = standing if given is None else given
            _count({**field, "max_values": 1}, 0 if value is None else 1)
            return {**shape, "value": None if value is None else choose(resolver, field, [value])[0]}
        case 23:
            value = bool(field.get("default")) if given is None else given
            if not isinstance(value, bool):
                raise ImpossibleAction(f"{field['custom_id']!r} is a checkbox")
            return {**shape, "value": value}
    return {**shape, "values": _values(resolver, field, given)}


def _values(resolver: Resolver, field: Json, given: Any) -> list[str]:
    """Check the values of a select or of a group of checkboxes."""
    standing = [o["value"] for o in field.get("options", ()) if o.get("default")]
    standing += [row["id"] for row in field.get("default_values") or ()]
    values = standing if given is None else list(given)
    _count(field, len(values))
    if not values:
        return []
    most = len(field["options"]) if field["type"] == CHECKBOXES else 1
    limits = {"min_values": 0, "max_values": field.get("max_values") or most}
    return choose(resolver, {**field, **limits}, values)


def _count(field: Json, number: int) -> None:
    """Tell whether so many values will do."""
    required = field.get("required", True) is not False
    least = field.get("min_values")
    least = 1 if least is None else least
    most = field.get("max_values") or (len(field.get("options", ())) if field["type"] == CHECKBOXES else 1)
    enough = number >= least or (number == 0 and not required)
    if not enough or number > most:
        raise ImpossibleAction(f"{field['custom_id']!r} takes {least} to {most} values, not {number}")


def _text(field: Json, given: Any) -> str:
    """Check the text of a field, which may be only so long."""
    value = (field.get("value") or "") if given is None else given
    name = field["custom_id"]
    if not isinstance(value, str):
        raise ImpossibleAction(f"{name!r} is a text field")
    required = field.get("required", True) is not False
    if not value:
        if required:
            raise ImpossibleAction(f"{name!r} is required")
        return value
    least, most = field.get("min_length") or 0, field.get("max_length") or LONGEST_TEXT
    if not least <= len(value) <= most:
        raise ImpossibleAction(f"{name!r} takes {least} to {most} characters, not {len(value)}")
    return value
