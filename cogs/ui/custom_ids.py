"""Buttons, selects and forms that work after any restart: all that one of them needs is in its `custom_id`.

That is untrusted: whoever uses one may have sent anything. What fits no `CustomId` of ours is refused in words.
"""

import contextlib
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

import discord

from bot.client import Shotcaller
from bot.values import dataclass
from cogs.ui.replies import acknowledge, in_time

Step = Callable[[discord.Interaction[Any]], Awaitable[None]]
Handler = Callable[..., Awaitable[None]]  # gets the bot, the interaction, and what the `custom_id` says, by name

MOST: Final = 2**63 - 1  # what Discord gives out, and a database keeps

_SYNTAX: Final = re.compile(r"(\{\w+\}|\[|\])")
_GAP: Final = re.compile(r"\{(\w+)\}")
_OPTIONAL: Final = re.compile(r"\[(.*?)\]")


def parse_number(text: str, *, most: int = MOST) -> int | None:
    """Parse a whole number from 0 to `most` in plain digits; None where a text is none."""
    plain = text.isascii() and text.isdecimal() and len(text) <= len(str(MOST))
    return number if plain and (number := int(text)) <= most else None


def parse_id(text: str) -> int:
    """Parse an id of Discord's; 0, which nothing has, where a text is none."""
    return parse_number(text) or 0


class Part(NamedTuple):
    """The texts that may stand in a gap of a `custom_id`, and how their value is read."""

    pattern: str
    read: Callable[[str], Any] = str


JOB_ID: Final = Part("[0-9A-Za-z-]{1,40}")
DRAFT_ID: Final = Part("[0-9a-f]{16}")  # the id of a draft, or of a preset
FLAG: Final = Part("[01]", "1".__eq__)
SNOWFLAKE: Final = Part("[0-9]{1,20}", parse_id)


def digits(most: int) -> Part:
    """A number of so many digits at the most."""
    return Part(f"[0-9]{{1,{most}}}", int)


def one_of(*texts: str) -> Part:
    """One of these texts."""
    return Part("|".join(map(re.escape, texts)))


class CustomId:
    """The `custom_id` of a button, select or form: written and read by one template.

    The template has its gaps in braces, each with its `Part`; what stands in square brackets may be left out.
    """

    def __init__(self, template: str, **parts: Part) -> None:
        self.template, self.parts = template, parts
        self.pattern = re.compile("".join(map(self._pattern_of, _SYNTAX.split(template))))

    def _pattern_of(self, piece: str) -> str:
        if gap := _GAP.fullmatch(piece):
            return f"(?P<{gap[1]}>{self.parts[gap[1]].pattern})"
        return {"[": "(?:", "]": ")?"}.get(piece, re.escape(piece))

    def __call__(self, **values: object) -> str:
        """Write a `custom_id`; a section in brackets is left out where a value of it is missing."""
        said = {
            name: int(each) if isinstance(each, bool) else each for name, each in values.items() if each is not None
        }
        template = _OPTIONAL.sub(lambda part: part[1] if said.keys() >= {*_GAP.findall(part[1])} else "", self.template)
        return template.format_map(said)

    def read(self, match: re.Match[str]) -> dict[str, Any]:
        """Read the values of a `custom_id` that the pattern has matched; None for what was left out."""
        found = match.groupdict().items()
        return {name: None if text is None else self.parts[name].read(text) for name, text in found}


@dataclass(frozen=True, kw_only=True, slots=True)
class Listener:
    """Does what a button, select or form is for: the first answer, the question whether this person may, the rest.

    A handler without a `first` answer gives it itself, `in_time`.
    """

    bot: Shotcaller
    custom_id: CustomId
    handler: Handler
    first: Step | None
    access: Step | None

    async def __call__(self, interaction: discord.Interaction[Any], match: re.Match[str]) -> None:
        """Handle a use; an error is explained like a command's."""
        if self.first is not None:
            await self.first(interaction)
        if self.access is not None:
            async with contextlib.nullcontext() if self.first else in_time(interaction):
                await self.access(interaction)
        await self.handler(self.bot, interaction, **self.custom_id.read(match))


def on_press(
    bot: Shotcaller, custom_id: CustomId, handler: Handler, *, first: Step | None = None, access: Step | None = None
) -> None:
    """Let a handler do what a button or select is for, pressed or `chosen` from."""
    bot.presses[custom_id.pattern] = Listener(bot=bot, custom_id=custom_id, handler=handler, first=first, access=access)


def on_form(
    bot: Shotcaller, custom_id: CustomId, handler: Handler, *, first: Step = acknowledge, access: Step | None = None
) -> None:
    """Let a handler do what a form is for that comes back, with what was `entered` in it."""
    bot.forms[custom_id.pattern] = Listener(bot=bot, custom_id=custom_id, handler=handler, first=first, access=access)


def chosen_values(interaction: discord.Interaction[Any]) -> list[str]:
    """Read what was chosen in a select; anything may stand there."""
    data: dict[str, Any] = dict(interaction.data or {})
    return [str(each) for each in data.get("values", ())]


def chosen_value(interaction: discord.Interaction[Any]) -> str:
    """Read the one value that was chosen in a select; empty for none."""
    return next(iter(chosen_values(interaction)), "")


def stateless(*items: discord.ui.Item[Any]) -> discord.ui.View:
    """Put items below a message. discord.py need not remember them: they are found by their `custom_id`s."""
    view = discord.ui.View(timeout=None)
    for item in items:
        view.add_item(item)
    view.stop()
    return view


def stateless_layout(*items: discord.ui.Item[Any]) -> discord.ui.LayoutView:
    """Make a whole message of items that discord.py need not remember."""
    view = discord.ui.LayoutView(timeout=None)
    for item in items:
        view.add_item(item)
    view.stop()
    return view
