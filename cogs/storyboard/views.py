"""Show the storyboard builder: the timeline, the shots, and what the video would cost."""

from typing import Final

import discord

from bot.domain import MAX_SHOTS, Capability, Storyboard
from bot.domain.script import read_for
from bot.errors import Problem
from bot.locale import Words
from bot.service.jobs.types import Estimate
from cogs import ui
from cogs.ui import cut, safe, settings
from cogs.ui.limits import EMBED_TEXT
from cogs.ui.text import wait

_PLACE: Final = {"draft": ui.DRAFT_ID, "version": ui.digits(9), "shot": ui.digits(1)}
FORMS: Final = ("edit", "script", "settings", "template")
BUTTON: Final = ui.CustomId(
    "story-{action}:{draft}:{version}:{shot}[:{price}]", action=ui.Part("[a-z]{2,8}"), price=ui.digits(9), **_PLACE
)
SELECT: Final = ui.CustomId("story:{draft}:{version}:{shot}", **_PLACE)
FORM: Final = ui.CustomId("storyboard:{which}:{draft}:{version}:{shot}", which=ui.one_of(*FORMS), **_PLACE)
COLOURS: Final = "🟥🟧🟨🟩🟦🟪"  # one a shot
PROMPT: Final = 110  # characters of a shot's prompt
READ: Final = 250  # characters of one that was read from a script
BESIDE: Final = 300  # characters of what is in a script and in no shot
_NOTHING_YET: Final = "⬜"


def builder_embed(
    story: Storyboard, *, at: int, model: Capability, estimate: Estimate, say: Words, confirming: bool = False
) -> discord.Embed:
    """Show the storyboard, with shot `at` pointed out; `confirming` shows what is about to be spent."""
    lines = [
        bar(story),
        _seconds(story, say),
        "",
        *(shot_line(story, number, say, current=number == at) for number in range(len(story.shots))),
        "",
        f"⚙️ {_settings(story, say)}",
        cost_line(estimate, say),
    ]
    colour = discord.Colour.blurple()
    if problems := story.problems(model):
        lines += ["", say("storyboard.not_yet"), *(f"- {_problem(each, story, say)}" for each in problems)]
        colour = discord.Colour.orange()
    if confirming:
        left = say("credits", n=max(0, estimate.balances.balance - estimate.price.credits))
        lines += ["", say("storyboard.sure", price=say("credits", n=estimate.price.credits), left=left)]
        colour = discord.Colour.green()
    return discord.Embed(title=f"🎞️ {say('storyboard.title')}", description="\n".join(lines), colour=colour)


def _problem(problem: Problem, story: Storyboard, say: Words) -> str:
    """Say what is missing, and which button helps."""
    if problem.code != "shots_do_not_add_up":
        return say(f"problem.{problem.code}", **problem.values)
    return say("storyboard.too_short", n=story.left) if story.left > 0 else say("storyboard.too_long", n=-story.left)


def proposal_embed(story: Storyboard, *, model: Capability, instead_of: Storyboard, say: Words) -> discord.Embed:
    """Show what was read from a script, before it takes the place of another storyboard."""
    problems = [f"- {_problem(each, story, say)}" for each in story.problems(model)]
    lines = [
        bar(story),
        _seconds(story, say),
        "",
        *(shot_line(story, number, say, most=READ) for number in range(len(story.shots))),
        "",
        *script_notes(story, model, say),
        *problems,
        say("storyboard.proposal.instead", n=len(instead_of.shots)),
    ]
    title = f"📋 {say('storyboard.proposal', n=len(story.shots))}"
    colour = discord.Colour.orange() if problems else discord.Colour.blurple()
    return discord.Embed(title=title, description=cut("\n".join(lines), EMBED_TEXT), colour=colour)


def script_notes(story: Storyboard, model: Capability, say: Words) -> list[str]:
    """Say what of a storyboard's script did not become a shot, or not as it was written."""
    script, notes = read_for(story.script, model, total=story.total), []
    if script.asked is not None:
        notes.append(f"⚖️ {say('storyboard.script.fitted', n=script.asked, total=script.total)}")
    if script.left_out:
        most = len(script.shots)
        notes.append(f"⚠️ {say('storyboard.script.left_out', n=len(script.left_out), most=most)}")
    if script.beside:
        notes.append(f"-# {say('storyboard.script.beside', text=safe(' / '.join(script.beside), BESIDE))}")
    return notes


def bar(story: Storyboard) -> str:
    """Draw a square for each second in the colour of its shot, white where there is none yet."""
    return "".join(_NOTHING_YET if shot is None else COLOURS[shot] for shot in story.timeline())


def shot_line(story: Storyboard, number: int, say: Words, *, current: bool = False, most: int = PROMPT) -> str:
    """Show one shot on one line, with so many characters of its prompt."""
    shot = story.shots[number]
    text = safe(shot.prompt, most) or f"*{say('storyboard.empty')}*"
    pointer = "👉 " if current else ""
    return f"{pointer}{COLOURS[number]} **{number + 1}** · {say('storyboard.seconds', n=shot.seconds)} · {text}"


def cost_line(estimate: Estimate, say: Words) -> str:
    """Say the price, what is left, and how long a video usually takes."""
    price, left = (say("credits", n=each) for each in (estimate.price.credits, estimate.balances.balance))
    line = f"💳 {say('storyboard.price', price=price, left=left)} · ⏱️ {wait(estimate.expected, say)}"
    if estimate.price.credits > estimate.balances.balance:
        line += f"\n⚠️ {say('storyboard.too_dear')}"
    return line


def _seconds(story: Storyboard, say: Words) -> str:
    """Say how many of the video's seconds the shots take."""
    if story.left > 0:
        rest = say("storyboard.left", n=story.left)
    elif story.left < 0:
        rest = f"⚠️ {say('storyboard.over', n=-story.left)}"
    else:
        rest = f"✅ {say('storyboard.adds_up')}"
    return f"**{say('storyboard.taken', taken=story.seconds, n=story.total)}** · {rest}"


def _settings(story: Storyboard, say: Words) -> str:
    line = f"{settings(story.draft_request(), say)} · {say('storyboard.shots', n=len(story.shots), most=MAX_SHOTS)}"
    return f"{line} · {say('storyboard.private')}" if story.private else line
