"""The storyboard builder on one private message. What a press needs is in its `custom_id`, so it outlives restarts.

A `custom_id` says which storyboard the person saw, in which version, and which shot was the current one. A press on
what is no longer so changes nothing; the person is told and sees how it stands.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import discord

from bot.client import Shotcaller
from bot.domain import MAX_SHOTS, Board, Capability, Draft, Origin, Storyboard
from bot.domain.script import read_for
from bot.locale import Words, words
from bot.service.member.storyboards import OpenStoryboard
from bot.values import asdict, dataclass, replace
from cogs import ui
from cogs.request import storyboards_here, submit
from cogs.storyboard.forms import edit_form, script_form, settings_form, template_form
from cogs.storyboard.views import BUTTON, COLOURS, FORM, FORMS, SELECT, builder_embed, proposal_embed
from cogs.ui.replies import replace_message
from cogs.ui.text import adjusted_text

_GREY, _BLUE, _GREEN, _RED = (
    discord.ButtonStyle.secondary,
    discord.ButtonStyle.primary,
    discord.ButtonStyle.success,
    discord.ButtonStyle.danger,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class BuilderPosition:
    """A version of a storyboard and its current shot (from 0), as a builder's message shows them."""

    draft: str
    version: int
    shot: int


# What a button does to the storyboard, and which shot is then the current one.
OPERATIONS: Final[Mapping[str, tuple[Callable[[Storyboard, int, Capability], Storyboard], int]]] = {
    "add": (lambda story, at, model: story.add(at, model), 1),
    "copy": (lambda story, at, model: story.duplicate(at, model), 1),
    "up": (lambda story, at, _: story.move(at, by=-1), -1),
    "down": (lambda story, at, _: story.move(at, by=1), 1),
    "drop": (lambda story, at, _: story.remove(at), 0),
    "even": (lambda story, _, model: story.even_out(model), 0),
    "evenask": (lambda story, _, model: story.even_out(model), 0),
    "new": (lambda story, *_: story.empty(), 0),
}
# What else a button does, which is about more than the storyboard as it is.
_BOARD_OPERATIONS: Final[Mapping[str, Callable[[Board], Board]]] = {
    "undo": lambda board: board.undo(),
    "keep": lambda board: board.propose(None),
    "use": lambda board: board.changed_to(board.proposed or board.now),
}
_ROWS: Final = (  # as wide as a phone
    (("add", "➕"), ("edit", ""), ("copy", ""), ("drop", "🗑️")),  # noqa: RUF001 (a plus is what is meant)
    (("up", "⬆️"), ("down", "⬇️"), ("undo", "↩️")),
    (("even", "⚖️"), ("script", "📋"), ("settings", "⚙️")),
    (("ask", "🎬"), ("template", "💾"), ("new", "🆕")),
)
_STYLES: Final = {"edit": _BLUE, "drop": _RED, "ask": _GREEN, "evenask": _GREEN, "make": _GREEN, "use": _GREEN}


def setup(bot: Shotcaller) -> None:
    """Let the builder's buttons and its select do what they are for."""
    ui.on_press(bot, BUTTON, _press)
    ui.on_press(bot, SELECT, _select_shot, first=ui.acknowledge_in_place)


async def _press(
    bot: Shotcaller, interaction: discord.Interaction[Any], action: str, price: int | None, **place: Any
) -> None:
    """Change the storyboard, open a form, or make the video for the `price` in credits that the button says."""
    position = BuilderPosition(**place)
    if action in FORMS:
        await _open_form(bot, interaction, position, action)
    elif action == "make":
        await _make(bot, interaction, position, seen=price)
    else:
        await ui.acknowledge_in_place(interaction)
        await _change(bot, interaction, position, action)


async def _select_shot(bot: Shotcaller, interaction: discord.Interaction[Any], draft: str, **_: Any) -> None:
    """Show the builder with the chosen shot as the current one, which only its own message knows."""
    boards = await storyboards_here(bot, interaction)
    opened = await boards.read(draft, user_id=interaction.user.id)
    at = ui.parse_number(ui.chosen_value(interaction), most=MAX_SHOTS) or 0
    await show_builder(bot, interaction, opened, at=at)


async def show_draft(bot: Shotcaller, interaction: discord.Interaction[Any], draft: Draft, *, notice: str = "") -> None:
    """Put the builder of a draft in the private answer of an interaction that has been acknowledged."""
    boards = await storyboards_here(bot, interaction)
    await show_builder(bot, interaction, boards.open_draft(draft), notice=notice)


async def show_builder(
    bot: Shotcaller,
    interaction: discord.Interaction[Any],
    opened: OpenStoryboard,
    *,
    at: int = 0,
    notice: str = "",
    confirming: bool = False,
) -> None:
    """Put the builder in the private answer, with a notice over it; `confirming` asks whether to spend the credits."""
    story, say = opened.board.now, words(str(interaction.locale))
    at, model = story.nearest_shot(at), opened.model
    estimate = await bot.services.videos.estimate(story.draft_request(), ui.member_of(interaction))
    notice = "\n".join(filter(None, (*_notices(opened, say), notice)))
    problems = story.problems(model)
    confirming = confirming and not opened.behind and not problems
    position = BuilderPosition(draft=opened.draft.id, version=opened.draft.version, shot=at)
    if opened.board.proposed is not None:
        proposed = opened.board.proposed
        embed = proposal_embed(proposed, model=model, instead_of=story, say=say)
        await ui.answer(interaction, notice or None, embed=embed, view=_proposal(position, say))
        return
    await ui.answer(
        interaction,
        notice or None,
        embed=builder_embed(story, at=at, model=model, estimate=estimate, say=say, confirming=confirming),
        view=_confirmation(position, say, price=estimate.price.credits)
        if confirming
        else builder_view(opened.board, position, say, model=model),
    )


def _notices(opened: OpenStoryboard, say: Words) -> Iterator[str]:
    """Notices of what the person did not ask for: a change that was not made, settings that were adjusted."""
    if opened.behind:
        yield say("storyboard.behind")
    wanted, made = (ui.options_of(each.draft_request()) for each in (opened.wanted, opened.board.now))
    if what := adjusted_text(wanted, made, say):
        yield f"↪️ {say('storyboard.bent', what=what)}"


def builder_view(board: Board, position: BuilderPosition, say: Words, *, model: Capability) -> discord.ui.View:
    """The select of shots and the buttons of the builder; those that could do nothing are disabled."""
    story, last = board.now, len(board.now.shots) - 1
    options = [
        ui.select_option(
            str(number),
            f"{number + 1} · {say('storyboard.seconds', n=shot.seconds)}",
            description=shot.prompt or say("storyboard.empty"),
            emoji=COLOURS[number],
            default=number == position.shot,
        )
        for number, shot in enumerate(story.shots)
    ]
    select = discord.ui.Select[Any](
        custom_id=SELECT(**asdict(position)), options=options, placeholder=say("storyboard.pick"), row=0
    )
    idle = {
        "add": story.full(model),
        "copy": story.full(model),
        "up": position.shot == 0,
        "down": position.shot == last,
        "drop": last == 0 and story.blank,
        "undo": not board.past,
        "even": story == story.even_out(model),
        "ask": bool(story.problems(model)),
        "template": story.blank,
        "new": story == story.empty(),
    }
    instead = {"ask": ("evenask", "⚖️")} if _only_seconds(story, model) else {}
    buttons = [
        _button(
            position,
            action,
            f"{emoji} {say(f'storyboard.button.{action}')}".strip(),
            disabled=idle.get(action, False),
            row=row,
        )
        for row, actions in enumerate(_ROWS, start=1)
        for action, emoji in (instead.get(each[0], each) for each in actions)
    ]
    return ui.stateless(select, *buttons)


def _only_seconds(story: Storyboard, model: Capability) -> bool:
    """Whether nothing but its shots' seconds keeps a storyboard from being made."""
    return bool(story.problems(model)) and not story.even_out(model).problems(model)


def _button(
    position: BuilderPosition, action: str, label: str, *, price: int | None = None, **more: Any
) -> discord.ui.Button[Any]:
    custom_id, style = BUTTON(action=action, price=price, **asdict(position)), _STYLES.get(action, _GREY)
    return discord.ui.Button(custom_id=custom_id, style=style, label=label, **more)


def _confirmation(position: BuilderPosition, say: Words, *, price: int) -> discord.ui.View:
    make = say("storyboard.button.make", price=say("credits", n=price))
    return ui.stateless(
        _button(position, "make", f"✅ {make}", price=price),
        _button(position, "show", f"◀️ {say('storyboard.button.show')}"),
    )


def _proposal(position: BuilderPosition, say: Words) -> discord.ui.View:
    """The buttons under what was read from a script: take it, change the text, keep what there is."""
    buttons = (("use", "✅"), ("script", "✏️"), ("keep", "↩️"))
    labels = {"script": "storyboard.proposal.script"}
    return ui.stateless(
        *(
            _button(position, each, f"{emoji} {say(labels.get(each, f'storyboard.button.{each}'))}", row=row)
            for row, (each, emoji) in enumerate(buttons)
        )
    )


async def _change(
    bot: Shotcaller, interaction: discord.Interaction[Any], position: BuilderPosition, action: str
) -> None:
    at = position.shot
    if action in OPERATIONS:
        operation, step = OPERATIONS[action]
        opened = await change(
            bot, interaction, position, lambda board, model: board.changed_to(operation(board.now, at, model))
        )
        at = 0 if action == "new" else max(0, at + step)
    else:
        of_board = _BOARD_OPERATIONS.get(action)
        opened = await change(bot, interaction, position, lambda board, _: of_board(board) if of_board else board)
    at = position.shot if opened.behind else at
    await show_builder(bot, interaction, opened, at=at, confirming=action in {"ask", "evenask"})
    if action == "use" and not opened.behind:
        await send_left_out(interaction, opened)


async def send_left_out(interaction: discord.Interaction[Any], opened: OpenStoryboard) -> None:
    """Send back as a file a script of which not everything has become a shot: nobody should have to type it twice."""
    story = opened.board.now
    if read_for(story.script, opened.model, total=story.total).left_out:
        await send_back(interaction, story.script)


async def send_back(interaction: discord.Interaction[Any], text: str) -> None:
    """Send back as a file what was typed and found no place."""
    say = words(str(interaction.locale))
    await ui.follow_up(interaction, say("typed.attached"), files=[ui.file_of(text, "what-you-typed.txt")])


async def change(
    bot: Shotcaller,
    interaction: discord.Interaction[Any],
    position: BuilderPosition,
    operation: Callable[[Board, Capability], Board],
) -> OpenStoryboard:
    """Change the storyboard in the version that the person sees; one that has changed since stays as it is.

    The operation gets it with its model.
    """
    boards = await storyboards_here(bot, interaction)
    return await boards.change(
        position.draft,
        user_id=interaction.user.id,
        version=position.version,
        operation=lambda board: operation(board, boards.models[board.now.model]),
    )


async def _open_form(
    bot: Shotcaller, interaction: discord.Interaction[Any], position: BuilderPosition, which: str
) -> None:
    """Open a form, or show the builder where there is none to open."""
    say = words(str(interaction.locale))
    async with ui.in_time(interaction):
        boards = await storyboards_here(bot, interaction)
        opened = await boards.read(position.draft, user_id=interaction.user.id)
        own = await boards.own_templates(user_id=interaction.user.id) if which == "template" else []
    behind, form = opened.draft.version != position.version, None
    if not behind:
        story, custom_id = opened.board.now, FORM(which=which, **asdict(position))
        match which:
            case "edit":
                form = edit_form(custom_id, story, at=position.shot, say=say)
            case "script":
                form = script_form(custom_id, opened.board.proposed or story, opened.model, say)
            case "settings":
                form = settings_form(custom_id, story, boards.models, say)
            case _:
                form = template_form(custom_id, own, say)
    if form is not None:
        await ui.open_form(interaction, form)
        return
    await ui.acknowledge_in_place(interaction)
    notice = "" if behind else say("storyboard.script.too_long")
    await show_builder(bot, interaction, replace(opened, behind=behind), at=position.shot, notice=notice)


async def _make(
    bot: Shotcaller, interaction: discord.Interaction[Any], position: BuilderPosition, *, seen: int | None
) -> None:
    """Submit the storyboard's request, or ask anew where it costs something else by now than was `seen`.

    Its key is the version seen, so pressing twice, anywhere, makes one video.
    """
    say = words(str(interaction.locale))
    await replace_message(interaction, say("storyboard.sending"))
    boards = await storyboards_here(bot, interaction)
    opened = await boards.read(position.draft, user_id=interaction.user.id)
    if opened.draft.version != position.version:
        await show_builder(bot, interaction, replace(opened, behind=True), at=position.shot)
        return
    story = opened.board.now
    if seen not in {None, bot.services.videos.price(story.draft_request()).credits}:
        await show_builder(bot, interaction, opened, at=position.shot, confirming=True)
        return
    try:
        await submit(
            bot,
            interaction,
            story.request(),
            private=story.private,
            parent_id=story.parent_id,
            origin=Origin.STORYBOARD if story.parent_id else Origin.CREATE,
            key=f"story:{position.draft}:{position.version}",
        )
    except Exception as exc:  # noqa: BLE001 (whatever it is, it is explained, and the storyboard is there again)
        await bot.explain(interaction, exc)
        await show_builder(bot, interaction, opened, at=position.shot)
        return
    await boards.finish(opened)
