"""What a library shows: pages of one's videos, and the controls to turn, filter, search and open them.

What a page shows is in the `custom_id` of every item on it; only the searched text is kept, in a draft.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import discord

from bot.domain import Job
from bot.locale import Words
from bot.service.member.library import LibraryPage
from cogs.ui import cut, result_link, safe, settings, since
from cogs.ui.limits import CONTENT, OPTION, OPTIONS

SEARCH: Final = 100  # characters of a searched text
PROMPT: Final = 100  # characters of a prompt in the list

STATE: Final = r"(?P<page>[0-9]{1,5}):(?P<stars>[01]):(?P<draft>[0-9a-f]{16})?:(?P<model>[\w.-]{0,48})"
_ALL: Final = "*"  # every model


@dataclass(frozen=True, kw_only=True, slots=True)
class PageState:
    """The page, filters and search of a library's message, as in its `custom_id`s; a draft has the searched text."""

    page: int = 0
    stars: bool = False
    draft_id: str = ""
    model: str = ""

    @classmethod
    def of(cls, match: re.Match[str]) -> Self:
        """Read the page state from a matched `custom_id`."""
        return cls(
            page=int(match["page"]),
            stars=match["stars"] == "1",
            draft_id=match["draft"] or "",
            model=match["model"],
        )

    def __str__(self) -> str:
        return f"{self.page}:{int(self.stars)}:{self.draft_id}:{self.model}"


def page_text(page: LibraryPage, page_state: PageState, text: str, say: Words) -> str:
    """List the videos of a page, a few lines each."""
    chosen = [
        *([f"⭐ {say('library.favourites')}"] if page_state.stars else []),
        *([safe(page_state.model, 48)] if page_state.model else []),
        *([say("library.text", text=safe(text, SEARCH))] if text else []),
    ]
    title = say("library.title", page=page.number + 1)
    lines = [f"### {title}", *([f"-# {' · '.join(chosen)}"] if chosen else [])]
    if not page.jobs:
        lines.append(say("library.nothing" if chosen else "library.empty"))
    for number, job in enumerate(page.jobs, start=1):
        entry = _entry(number, job, say, starred=job.id in page.starred)
        if sum(map(len, lines)) + len(lines) + len(entry) > CONTENT:
            break
        lines.append(entry)
    return "\n".join(lines)


def _entry(number: int, job: Job, say: Words, *, starred: bool) -> str:
    star = " ⭐" if starred else ""
    facts = [settings(job.request, say), since(job.created_at), say("credits", n=job.credits)]
    if job.removed_at is not None:
        facts.append(say("jobs.removed"))
    elif (url := result_link(job)) is not None:
        facts.append(say("library.link", url=url))
    return f"**{number}.**{star} {safe(job.request.text(), PROMPT)}\n-# {' · '.join(facts)}"


def page_view(
    page: LibraryPage, page_state: PageState, models: Sequence[str], say: Words, *, searched: bool
) -> discord.ui.View:
    """The controls of a page. The view listens to nothing: its items are found by their `custom_id`s."""
    view = discord.ui.View(timeout=None)
    page_state = replace(page_state, page=page.number)
    if page.jobs:
        view.add_item(_video_select(page.jobs, say))
    if len(models) > 1:
        view.add_item(_model_select(models, page_state, say))
    back = replace(page_state, page=max(0, page.number - 1))
    onward = replace(page_state, page=page.number + 1)
    stars = replace(page_state, page=0, stars=not page_state.stars)
    style = discord.ButtonStyle.primary if page_state.stars else discord.ButtonStyle.secondary
    buttons = [
        _button("back", back, "◀️", say("library.back"), disabled=page.number == 0),
        _button("next", onward, "▶️", say("library.next"), disabled=not page.more),
        _button("stars", stars, "⭐", say("library.favourites"), style=style),
        _button("search", page_state, "🔎", say("library.search")),
    ]
    if searched:
        buttons.append(_button("clear", replace(page_state, page=0, draft_id=""), "✖️", say("library.clear")))
    for button in buttons:
        view.add_item(button)
    view.stop()
    return view


def _video_select(jobs: Sequence[Job], say: Words) -> discord.ui.Select[Any]:
    options = [
        discord.SelectOption(
            label=cut(f"{number}. {' '.join(job.request.text().split())}", OPTION),
            description=cut(settings(job.request, say), OPTION),
            value=job.id,
        )
        for number, job in enumerate(jobs, start=1)
    ]
    return discord.ui.Select(custom_id="library:open", placeholder=say("library.open"), options=options, row=0)


def _model_select(models: Sequence[str], page_state: PageState, say: Words) -> discord.ui.Select[Any]:
    every = discord.SelectOption(label=say("library.models"), value=_ALL, default=not page_state.model)
    options = [
        every,
        *(
            discord.SelectOption(label=each, value=each, default=each == page_state.model)
            for each in models[: OPTIONS - 1]
        ),
    ]
    return discord.ui.Select(custom_id=f"library:model:{replace(page_state, page=0)}", options=options, row=1)


def _button(
    action: str,
    page_state: PageState,
    emoji: str,
    label: str,
    *,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
    disabled: bool = False,
) -> discord.ui.Button[Any]:
    # `action` makes the ids of a page different where its states are not.
    custom_id = f"library:{action}:{page_state}"
    return discord.ui.Button(emoji=emoji, label=label, custom_id=custom_id, style=style, disabled=disabled, row=2)


def chosen_model(values: Sequence[str], models: Sequence[str]) -> str:
    """The model that was chosen; empty for all models, and for a name that is none."""
    value = values[0] if values else _ALL
    return value if value in models else ""
