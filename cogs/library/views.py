"""Show a library: pages of one's videos, and the controls to turn, filter, search and open them.

What a page shows is in the `custom_id` of every item on it; only the searched text is kept, in a draft.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final

import discord

from bot.domain import Job
from bot.locale import Words
from bot.service.member.library import LibraryPage
from bot.values import asdict, dataclass, replace
from cogs import ui
from cogs.ui import CONTENT, result_link, safe, settings, since
from cogs.ui.limits import OPTIONS

SEARCH: Final = 100  # characters of a searched text
PROMPT: Final = 100  # characters of a prompt in the list
_STATE: Final = {
    "page": ui.digits(5),
    "stars": ui.FLAG,
    "draft_id": ui.Part("(?:[0-9a-f]{16})?"),
    "model": ui.Part(r"[\w.-]{0,48}"),
}
OPEN: Final = ui.CustomId("library:open")
SEND: Final = ui.CustomId("library:send:{job_id}", job_id=ui.JOB_ID)
PAGE: Final = ui.CustomId(
    "library:{action}:{page}:{stars}:{draft_id}:{model}",
    action=ui.one_of("back", "next", "stars", "search", "clear", "model"),
    **_STATE,
)
_ALL: Final = "*"  # every model


@dataclass(frozen=True, kw_only=True, slots=True)
class PageState:
    """The page, filters and search of a library's message, as in its `custom_id`s; a draft has the searched text."""

    page: int = 0
    stars: bool = False
    draft_id: str = ""
    model: str = ""


def page_text(page: LibraryPage, page_state: PageState, text: str, say: Words) -> str:
    """List the videos of a page, a few lines each."""
    chosen = [
        *([f"⭐ {say('library.favourites')}"] if page_state.stars else []),
        *([safe(say.model(page_state.model), 48)] if page_state.model else []),
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
    """The controls of a page."""
    page_state = replace(page_state, page=page.number)
    items = [
        *([_video_select(page.jobs, say)] if page.jobs else []),
        *([_model_select(models, page_state, say)] if len(models) > 1 else []),
    ]
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
    return ui.stateless(*items, *buttons)


def _video_select(jobs: Sequence[Job], say: Words) -> discord.ui.Select[Any]:
    options = [
        ui.select_option(
            job.id, f"{number}. {' '.join(job.request.text().split())}", description=settings(job.request, say)
        )
        for number, job in enumerate(jobs, start=1)
    ]
    return discord.ui.Select(custom_id=OPEN(), placeholder=say("library.open"), options=options, row=0)


def _model_select(models: Sequence[str], page_state: PageState, say: Words) -> discord.ui.Select[Any]:
    named = [(_ALL, say("library.models")), *((each, say.model(each)) for each in models[: OPTIONS - 1])]
    options = ui.select_options(named, chosen={page_state.model or _ALL})
    return discord.ui.Select(custom_id=_page_id("model", replace(page_state, page=0)), options=options, row=1)


def _page_id(action: str, page_state: PageState) -> str:
    """Name a page; the action makes the ids of a message different where its pages are not."""
    return PAGE(action=action, **asdict(page_state))


def _button(
    action: str,
    page_state: PageState,
    emoji: str,
    label: str,
    *,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
    disabled: bool = False,
) -> discord.ui.Button[Any]:
    custom_id = _page_id(action, page_state)
    return discord.ui.Button(emoji=emoji, label=label, custom_id=custom_id, style=style, disabled=disabled, row=2)


def chosen_model(value: str, models: Collection[str]) -> str:
    """The model that was chosen; empty for all models, and for a name that is none."""
    return value if value in models else ""
