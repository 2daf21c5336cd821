"""Forms to open and read. One that was open when the bot restarts is found by its `custom_id`, see `on_form`."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import discord

from cogs.ui.limits import FORM_CHECKS, FORM_HINT, FORM_LABEL, FORM_TEXT, FORM_TITLE, OPTION, OPTIONS
from cogs.ui.text import cut


class Form(discord.ui.Modal):
    """A form to send. It does nothing itself when it comes back."""

    def __init__(self, custom_id: str, title: str) -> None:
        super().__init__(title=cut(title, FORM_TITLE), custom_id=custom_id, timeout=None)
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
        """Add a field for text; `most` is its length in characters."""
        style = discord.TextStyle.paragraph if long else discord.TextStyle.short
        field_ = discord.ui.TextInput[Any](
            custom_id=field,
            style=style,
            default=value[:FORM_TEXT] or None,
            required=required,
            max_length=most,
            placeholder=hint[:FORM_HINT] or None,
        )
        self.add_item(discord.ui.Label(text=cut(label, FORM_LABEL), component=field_))

    def select(self, field: str, label: str, options: Iterable[discord.SelectOption], *, several: bool = False) -> None:
        """Add a select, of whose options one must be chosen, or any number of `several`."""
        shown = list(islice(options, OPTIONS))
        select = discord.ui.Select[Any](
            custom_id=field,
            options=shown,
            min_values=0 if several else 1,
            max_values=len(shown) if several else 1,
            required=not several,
        )
        self.add_item(discord.ui.Label(text=cut(label, FORM_LABEL), component=select))

    def checks(self, field: str, label: str, options: Iterable[discord.SelectOption], *, several: bool = True) -> None:
        """Add boxes to tick, any number of them where it may be `several`."""
        shown = [
            discord.CheckboxGroupOption(
                label=cut(f"{each.emoji or ''} {each.label}".strip(), OPTION),
                value=each.value,
                description=each.description,
                default=each.default,
            )
            for each in islice(options, FORM_CHECKS)
        ]
        most = len(shown) if several else 1
        group = discord.ui.CheckboxGroup[Any](
            custom_id=field, options=shown, min_values=0, max_values=most, required=False
        )
        self.add_item(discord.ui.Label(text=cut(label, FORM_LABEL), component=group))


def select_option(
    value: str, label: str, *, description: str | None = None, default: bool = False, emoji: str | None = None
) -> discord.SelectOption:
    """Make an option of a select, as long as Discord takes it."""
    about = None if description is None else cut(description, OPTION)
    return discord.SelectOption(value=value, label=cut(label, OPTION), description=about, default=default, emoji=emoji)


def select_options(named: Iterable[tuple[str, str]], chosen: Collection[str] = ()) -> list[discord.SelectOption]:
    """Make options of values and their names, as many as Discord takes."""
    return [select_option(value, name, default=value in chosen) for value, name in islice(named, OPTIONS)]


def entered(interaction: discord.Interaction[Any]) -> dict[str, Any]:
    """Read what was entered in a form that came back, by field: a text, or the list of what was chosen."""
    data: dict[str, Any] = dict(interaction.data or {})
    return dict(_values(data.get("components", [])))


def _values(components: list[Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    for component in components:
        inner = [*component.get("components", []), *filter(None, [component.get("component")])]
        yield from _values(inner)
        if "custom_id" in component and ("value" in component or "values" in component):
            yield component["custom_id"], component.get("value", component.get("values"))
