"""Forms. discord.py forgets an open form when it restarts, so a submitted one is found by its `custom_id` alone.

A form's `custom_id` is `name:state`. A cog registers a handler for the name in its `setup` (`bot.forms[name] = …`) and
gets the state, which is untrusted, and the values by the fields' `custom_id`s.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import discord

from cogs.ui.text import cut

TITLE: Final = 45  # characters of a form's title and of a field's name, Discord's limit


class Form(discord.ui.Modal):
    """A form to send. It does nothing itself when it comes back."""

    def __init__(self, *, name: str, state: str, title: str) -> None:
        super().__init__(title=cut(title, TITLE), custom_id=f"{name}:{state}", timeout=None)
        self.stop()  # discord.py need not remember it

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        """See `Shotcaller.on_interaction`: every submitted form is handled there."""

    def text(
        self,
        field: str,
        label: str,
        *,
        value: str = "",
        long: bool = False,
        required: bool = False,
        most: int | None = None,
        hint: str = "",
    ) -> None:
        """Add a field for text; `most` is its length in characters (4,000 at the most)."""
        style = discord.TextStyle.paragraph if long else discord.TextStyle.short
        field_ = discord.ui.TextInput[Any](
            custom_id=field,
            style=style,
            default=value[:4000] or None,
            required=required,
            max_length=most,
            placeholder=hint[:100] or None,
        )
        self.add_item(discord.ui.Label(text=cut(label, TITLE), component=field_))


def values_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """Read a submitted form's values by `custom_id`: a text, or the list of what was chosen."""
    return dict(_values(data.get("components", [])))


def _values(components: list[Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    for component in components:
        inner = [*component.get("components", []), *filter(None, [component.get("component")])]
        yield from _values(inner)
        if "custom_id" in component and ("value" in component or "values" in component):
            yield component["custom_id"], component.get("value", component.get("values"))
