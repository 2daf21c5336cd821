"""Show a job as a card, as a result, at its end and as a row in a list."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import discord

from bot.domain import Capability, Failure, Job, JobStatus, Mode, Review, VideoRequest
from bot.domain.choices import nearest_possible
from bot.locale import Words
from bot.service.jobs.eta import JobView
from bot.service.ports import Card, Phase, phase_of
from bot.values import dataclass
from cogs.ui.custom_ids import JOB_ID, CustomId, Part, stateless
from cogs.ui.limits import ALT_TEXT
from cogs.ui.options import options_of
from cogs.ui.text import button_label, changes, cut, failure, result_link, safe, settings, since

RESULT: Final = CustomId(
    "result:{action}:{job_id}[:{more}]", action=Part("[a-z]+"), job_id=JOB_ID, more=Part("[0-9:]+")
)
GET: Final = CustomId("inbox:get:{job_id}", job_id=JOB_ID)
CANCEL: Final = CustomId("cancel:{job_id}", job_id=JOB_ID)
PROMPT_ON_CARD: Final = 300  # characters
PROMPT_IN_LIST: Final = 80
TASK_ID: Final = 80  # characters of a provider's task id
GIVEN_UP: Final = "model_discontinued"  # the code of a job whose model its service has given up
AI_LABEL: Final = 80  # characters of the operator's own words

_ABOUT: Final = "\N{INFORMATION SOURCE}\N{VARIATION SELECTOR-16}"
_PHASE_STYLES: Final = {
    Phase.REVIEW: ("✋", discord.Colour.gold()),
    Phase.WAITING: ("⏳", discord.Colour.light_grey()),
    Phase.STARTING: ("📨", discord.Colour.blurple()),
    Phase.RUNNING: ("🎬", discord.Colour.blurple()),
    Phase.DELIVERING: ("📦", discord.Colour.blurple()),
    Phase.DONE: ("✅", discord.Colour.green()),
    Phase.FAILED: ("❌", discord.Colour.red()),
    Phase.CANCELLED: ("↩️", discord.Colour.light_grey()),
    Phase.UNKNOWN: ("❓", discord.Colour.orange()),
    Phase.KEPT: ("📥", discord.Colour.orange()),
}


def card_embed(card: Card, say: Words) -> discord.Embed:
    """Build the card of a job."""
    emoji, colour = _PHASE_STYLES[card.phase]
    prompt = say("card.hidden") if hidden(card.job) else f"> {safe(card.job.request.text(), PROMPT_ON_CARD)}"
    whose = "" if card.job.destination.guild_id is None or card.job.destination.private else f"<@{card.job.user_id}> · "
    status = f"{whose}{_status_line(card, say)}"
    lines = [say("card.removed")] if card.job.removed_at is not None else [prompt, status]
    title = f"{emoji} {say(f'card.{card.phase}')}"
    embed = discord.Embed(title=title, description="\n".join(lines), colour=colour, url=card_address(card.job))
    embed.set_footer(text=settings(card.job.request, say))
    return embed


def card_address(job: Job) -> str:
    """The address behind a card's title: its channel, or its video; by the end of it the card is found again."""
    place = job.destination
    where = result_link(job) or f"https://discord.com/channels/{place.guild_id or '@me'}/{place.channel_id}"
    return f"{where}#{job.id}"


def cancel_button(job: Job, say: Words) -> discord.ui.View | None:
    """[Cancel], for as long as no service has been asked for the video; what it does is in `cogs.video.jobs`."""
    if not job.cancellable:
        return None
    return stateless(discord.ui.Button(emoji="✖️", label=say("cancel.button"), custom_id=CANCEL(job_id=job.id)))


def get_button(job: Job, say: Words) -> discord.ui.View:
    """[Get it] for a video that is kept for its person; what it does is in `cogs.results.inbox`."""
    style = discord.ButtonStyle.primary
    return stateless(
        discord.ui.Button(emoji="📥", label=say("inbox.get.this"), custom_id=GET(job_id=job.id), style=style)
    )


def card_buttons(card: Card, say: Words, *, models: Mapping[str, Capability]) -> discord.ui.View | None:
    """The buttons of a card: what can be done about its job just now."""
    if card.phase is Phase.FAILED:
        return None if hidden(card.job) else failure_buttons(card.job, say, models=models)
    return get_button(card.job, say) if card.phase is Phase.KEPT else cancel_button(card.job, say)


def hidden(job: Job) -> bool:
    """Whether a job's prompt is hidden because no moderator has let it pass."""
    return job.review in {Review.REQUEST, Review.HELD}


def _status_line(card: Card, say: Words) -> str:
    """The line of a card that changes: the job's phase and how long it takes."""
    job = card.job
    match card.phase:
        case Phase.REVIEW | Phase.WAITING:
            return _queue_line(card, say)
        case Phase.RUNNING if card.expected_at is not None and job.submitted_at is not None:
            return _running_line(card, say, started=job.submitted_at, expected=card.expected_at)
        case Phase.DONE if (url := result_link(job)) is not None:
            return say("card.link", link=url)
        case Phase.FAILED:
            return say("card.denied") if job.failure == Failure.DENIED else failure(job, say)
        case Phase.CANCELLED | Phase.UNKNOWN | Phase.KEPT:
            return say(f"card.{card.phase}.text")
        case _:
            return say("card.since", since=since(job.created_at))


def _queue_line(card: Card, say: Words) -> str:
    """The place in line of a job that waits for a moderator or for its turn, and when its video is expected."""
    if card.phase is Phase.REVIEW:
        what = "request" if card.job.status is JobStatus.PENDING else "result"
        return say(f"card.review.{what}", since=since(card.job.created_at))
    values = {"position": card.position, "since": since(card.job.created_at)}
    if card.paused:
        return say("card.line.paused", **values)
    if card.expected_at is None:
        return say("card.position", **values)
    return say("card.line", expected=since(card.expected_at), **values)


def _running_line(card: Card, say: Words, *, started: datetime, expected: datetime) -> str:
    """Say when a video being made is usually ready, or that it should have been."""
    if card.overdue or card.late_at is None:
        return say("card.overdue", since=since(started))
    late = discord.utils.format_dt(card.late_at, "t")
    return say("card.expected", since=since(started), expected=since(expected), late=late)


def result_text(job: Job, say: Words, *, label: str = "") -> str:
    """The text over a posted video; `label` says that AI made it, where the operator has words of their own."""
    made = settings(job.request, say)
    took = say.span((job.finished_at or job.created_at) - job.created_at)
    line = say(
        "result.settings",
        label=safe(label, AI_LABEL) or say("result.ai"),
        settings=made,
        time=took,
        price=say("credits", n=job.credits),
    )
    return f"> {safe(job.request.text(), PROMPT_ON_CARD)}\n-# {line}"


def result_buttons(
    job: Job,
    say: Words,
    *,
    models: Mapping[str, Capability],
    stars: int = 0,
    direct: bool = False,
    ephemeral: bool = False,
    to_non_author: bool = False,
) -> discord.ui.View:
    """The buttons of a result: four, of which the last opens the rest. `direct`: it is in somebody's direct messages.

    They fit one row of a phone: words without signs, and the star, whose name is its sign's, without a word.

    `to_non_author`: that is not its author, who can only report and delete it there (see `bot.domain.access`).

    `models` are those on offer.
    """
    if to_non_author:
        return stateless(*(_button(job, action, emoji, say) for action, emoji in (("report", "🚩"), ("delete", "🗑️"))))
    if shareable(job) and (direct or ephemeral):
        third = _button(job, "share", None, say)
    else:
        third = _button(job, "star", "⭐", say, label=star_label(stars))
    again = _button(job, "again", None, say, cost=_cost(job.request, models))
    return stateless(again, _button(job, "edit", None, say), third, _button(job, "more", None, say))


def star_label(stars: int) -> str:
    """What stands beside the star of a result: how many people keep it; nothing for nobody."""
    return str(stars) if stars else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class MenuReader:
    """Whoever opens a result's menu: what they may do, and which message it belongs to.

    `direct` is whether that is in their direct messages, `hidden` whether they alone see it.
    """

    author: bool
    moderates: bool
    direct: bool
    hidden: bool
    message_id: int


def result_menu(job: Job, say: Words, reader: MenuReader, *, models: Mapping[str, Capability]) -> discord.ui.View:
    """The rest of a result's buttons, as far as they are for its reader."""
    pro = job.request.model_copy(update={"mode": Mode.PRO})
    shapes = models[job.request.model].aspect_ratios if job.request.model in models else (None, None)
    makes = not job.request.forgotten
    deletes = (reader.author or reader.moderates or reader.direct) and not reader.hidden
    private = shareable(job) and (reader.direct or reader.hidden)
    rows: tuple[list[tuple[str, str, dict[str, Any]]], ...] = (
        [
            *([("pro", "✨", {"cost": _cost(pro, models)})] if makes and _can_be_pro(job.request, models) else []),
            *([("shape", "📐", {})] if makes and len(shapes) > 1 else []),
            *([("board", "🎞️", {})] if makes else []),
            *([("star", "⭐", {"more": 1})] if private else []),
        ],
        [
            *([] if reader.direct else [("dm", "📩", {})]),
            ("info", _ABOUT, {}),
            *([("whole", "📜", {})] if len(" ".join(job.request.text().split())) > PROMPT_ON_CARD else []),
        ],
        [("delete", "🗑️", {"more": reader.message_id})] if deletes else [],
    )
    buttons = [
        _button(job, action, emoji, say, row=row, **more)
        for row, buttons in enumerate(rows)
        for action, emoji, more in buttons
    ]
    return stateless(*buttons, *([] if reader.author else [report_button(job.id, reader, say)]))


def report_button(job_id: str, reader: MenuReader, say: Words) -> discord.ui.Button[Any]:
    """[Report] for the message that a menu belongs to."""
    return _button_of(job_id, "report", "🚩", say, more=reader.message_id, row=2)


def shareable(job: Job) -> bool:
    """Whether a result was asked for privately in a channel, where its author may show it."""
    return job.destination.private and job.destination.guild_id is not None


def _cost(request: VideoRequest, models: Mapping[str, Capability]) -> int | None:
    """The price of a request in credits; None where its model is not on offer."""
    return models[request.model].price(request).credits if request.model in models else None


def _button(job: Job, action: str, emoji: str | None, say: Words, **more: Any) -> discord.ui.Button[Any]:
    return _button_of(job.id, action, emoji, say, **more)


def _button_of(
    job_id: str,
    action: str,
    emoji: str | None,
    say: Words,
    *,
    label: str | None = None,
    cost: int | None = None,
    more: int | None = None,
    row: int | None = None,
) -> discord.ui.Button[Any]:
    """A button of a result. What makes a video at one tap says its `cost`, and its id has it, for who presses later."""
    label = say(f"result.button.{action}") if label is None else label
    if cost is not None:
        label, more = f"{label} · {cost}", cost
    custom_id = RESULT(action=action, job_id=job_id, more=more)
    return discord.ui.Button(emoji=emoji, label=label or None, custom_id=custom_id, row=row)


def failure_buttons(job: Job, say: Words, *, models: Mapping[str, Capability]) -> discord.ui.View:
    """The buttons of a failed job: those of a result that still make sense.

    `models` are those on offer: where the job's own is no more, another one takes the place of the same again.
    """
    buttons = [_button(job, "edit", "✏️", say, label=say("fix.edit"))]
    if (other := nearest_by_other_model(job, models)) is not None:
        what = changes(options_of(job.request), other, job.request.model, say)
        cost = models[other.model].price(other).credits
        label = button_label(what, say, cost=cost)
        buttons.insert(0, _button(job, "instead", "🎞️", say, label=label, more=cost))
    elif job.retry_may_help:
        buttons.append(_button(job, "again", "🔁", say, label=say("fix.again"), cost=_cost(job.request, models)))
    return stateless(*buttons)


def nearest_by_other_model(job: Job, models: Mapping[str, Capability]) -> VideoRequest | None:
    """The nearest request of another model, where the provider has discontinued the job's own."""
    if job.failure_code != GIVEN_UP:
        return None
    others = [each for each in models.values() if each.model != job.request.model]
    nearest = nearest_possible(job.request, others)
    return nearest if nearest.model in models and nearest.model != job.request.model else None


def _can_be_pro(request: VideoRequest, models: Mapping[str, Capability]) -> bool:
    """Whether a request that is not in pro (or in what is better) yet can be made in pro."""
    capability = models.get(request.model)
    if request.mode is not Mode.STD or capability is None:
        return False
    return not capability.clashes(request.model_copy(update={"mode": Mode.PRO}))


def alt_text(job: Job, say: Words, *, label: str = "") -> str:
    """Describe a video for those who do not see it."""
    shots = len(job.request.shots)
    key = "result.alt.shots" if shots else "result.alt"
    text = say(key, label=label or say("result.ai"), prompt=job.request.text(), count=shots)
    return cut(text, ALT_TEXT)


def _queue_position(view: JobView, say: Words) -> str:
    if view.expected_at is None:
        return say("jobs.waiting", position=view.position)
    return say("jobs.waiting.expected", position=view.position, expected=since(view.expected_at))


def state_sign(job: Job) -> str:
    """The emoji of a job's state."""
    return "🗑️" if job.removed_at is not None else _PHASE_STYLES[phase_of(job)][0]


def state_text(view: JobView, say: Words) -> str:
    """Say a job's state in a few words."""
    state = state_name(view.job, say)
    return state if view.position is None else f"{state}, {_queue_position(view, say)}"


def state_name(job: Job, say: Words) -> str:
    """Name a job's state, with its emoji and without any time, which Discord draws in messages alone."""
    return say("jobs.removed") if job.removed_at is not None else f"{state_sign(job)} {say(f'card.{phase_of(job)}')}"


def job_line(view: JobView, say: Words) -> str:
    """One job in a list of many."""
    job, phase = view.job, phase_of(view.job)
    line = say(
        "jobs.line",
        state=state_text(view, say),
        since=since(job.created_at),
        settings=settings(job.request, say),
        price=say("credits", n=job.taken_credits),
        prompt=safe(job.request.text(), PROMPT_IN_LIST),
    )
    return f"{line}\n{failure(job, say)}" if phase is Phase.FAILED else line


def private_ending(card: Card, say: Words) -> str:
    """Say how a job ended and why, for its requester alone."""
    if card.phase is Phase.FAILED:
        reason = failure(card.job, say)
    elif card.phase is Phase.KEPT and card.job.destination.private:
        reason = say("inbox.kept")
    else:
        reason = say(f"card.{card.phase}.text")
    return f"**{say(f'card.{card.phase}')}**\n{reason}"


def public_ending(card: Card, say: Words) -> str:
    """Call a requester to the card below, which says how their job has ended."""
    job = card.job
    ending = "denied" if job.failure == Failure.DENIED else "given_up" if job.given_up else card.phase
    return say(f"ending.{ending}", mention=f"<@{job.user_id}>")


def ending_buttons(card: Card, say: Words, *, models: Mapping[str, Capability]) -> discord.ui.View | None:
    """The buttons of a card that calls its requester; what is not for everybody to read is behind [Why?]."""
    if card.job.failure == Failure.DENIED or (card.phase is Phase.FAILED and hidden(card.job)):
        return stateless(_button(card.job, "why", "❔", say, label=say("ending.why")))
    return card_buttons(card, say, models=models)
