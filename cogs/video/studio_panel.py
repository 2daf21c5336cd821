"""Show the studio's panel: the request so far, and controls for all that can still be chosen."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import discord

from bot.domain import Capability, VideoRequest
from bot.domain.choices import offered
from bot.domain.request import AXIS_LIMIT
from bot.locale import Words
from bot.service.jobs.types import Estimate
from bot.values import dataclass
from cogs import ui
from cogs.storyboard.views import cost_line
from cogs.ui import options_of, safe
from cogs.ui.limits import BUTTON, OPTIONS
from cogs.ui.model_texts import model_options
from cogs.ui.text import option_list

_OPTIONS: Final = ("model", "mode", "aspect", "duration", "camera", "strength", "sound", "watermark", "private")
PROMPT_BUTTON: Final = ui.CustomId("studio:{draft_id}:prompt", draft_id=ui.DRAFT_ID)
GENERATE: Final = ui.CustomId("studio:{draft_id}:generate", draft_id=ui.DRAFT_ID)
RESET: Final = ui.CustomId("studio:{draft_id}:reset", draft_id=ui.DRAFT_ID)
CHOOSE: Final = ui.CustomId(
    "studio:{draft_id}:{option}[={value}]",
    draft_id=ui.DRAFT_ID,
    option=ui.one_of(*_OPTIONS),
    value=ui.Part(r"[\w:.-]{1,40}"),
)
NOTHING: Final = "-"  # the prompt that stands for none yet, and the choice of no camera move
STRENGTHS: Final = (-10.0, -5.0, -2.0, 2.0, 5.0, 10.0)
PROMPT: Final = 600  # characters of the prompt shown

_OFF, _ON = discord.ButtonStyle.secondary, discord.ButtonStyle.primary


@dataclass(frozen=True, kw_only=True, slots=True)
class StudioPanel:
    """The state that a panel shows; `adjusted` are the options that the last choice changed besides itself."""

    draft_id: str
    request: VideoRequest
    private: bool
    adjusted: Sequence[str]
    models: Sequence[Capability]
    estimate: Estimate
    say: Words

    @property
    def ready(self) -> bool:
        """Whether there is a prompt."""
        return self.request.prompt != NOTHING


def panel_view(panel: StudioPanel) -> discord.ui.LayoutView:
    """Build the panel: at most 40 components, the most used on top."""
    say = panel.say
    rows = [
        discord.ui.TextDisplay[Any](_text(panel)),
        _row(_button(PROMPT_BUTTON(draft_id=panel.draft_id), f"✍️ {say('studio.prompt')}", on=not panel.ready)),
        discord.ui.Separator[Any](),
        *_selects(panel, ("model",)),
        _row(*_choices(panel, "mode"), *_switches(panel)),
        _row(*_choices(panel, "aspect")),
        *_selects(panel, ("duration", "camera", "strength")),
        discord.ui.TextDisplay[Any]("\n".join([*_notes(panel), cost_line(panel.estimate, say)])),
        _row(*_final_buttons(panel)),
    ]
    return ui.stateless_layout(discord.ui.Container[Any](*rows, accent_colour=discord.Colour.blurple()))


def _text(panel: StudioPanel) -> str:
    say, request = panel.say, panel.request
    prompt = f"> {safe(request.prompt, PROMPT)}" if panel.ready else f"*{say('studio.no_prompt')}*"
    lines = [f"### 🎬 {say('studio.title')}", prompt]
    if request.negative_prompt:
        lines.append(f"-# {say('studio.negative', text=safe(request.negative_prompt, PROMPT // 3))}")
    return "\n".join(lines)


def _notes(panel: StudioPanel) -> Iterator[str]:
    """Say why there is less to choose from than elsewhere, and what the last choice changed."""
    say, options = panel.say, options_of(panel.request)
    rule = next((each.camera for each in panel.models if each.model == panel.request.model), None)
    if panel.request.camera is not None and rule is not None:
        modes = say("comma").join(say(f"mode.{mode}") for mode in rule.modes)
        seconds = say("comma").join(say("seconds.short", n=each) for each in rule.durations)
        yield f"📷 {say('studio.camera_needs', model=say.model(panel.request.model), modes=modes, seconds=seconds)}"
    if panel.adjusted:
        yield f"↪️ {say('studio.bent', what=option_list(panel.adjusted, options, say))}"


def _row(*items: discord.ui.Item[Any]) -> discord.ui.ActionRow[Any]:
    return discord.ui.ActionRow(*items)


def _button(custom_id: str, label: str, *, on: bool = False, **more: Any) -> discord.ui.Button[Any]:
    return discord.ui.Button(custom_id=custom_id, label=ui.cut(label, BUTTON), style=_ON if on else _OFF, **more)


def _choice(panel: StudioPanel, option: str, value: object, label: str, **more: Any) -> discord.ui.Button[Any]:
    return _button(CHOOSE(draft_id=panel.draft_id, option=option, value=value), label, **more)


def _offered(panel: StudioPanel, option: str) -> list[Any]:
    """The values of an option that go with the camera move and, but for the model itself, with the model."""
    request = panel.request
    held: dict[str, Any] = {} if option == "camera" else {"camera": request.camera, "model": request.model}
    return offered(option, held, panel.models)


def _choices(panel: StudioPanel, option: str) -> Iterator[discord.ui.Button[Any]]:
    """A button for each value that fits, the chosen one in colour."""
    current = options_of(panel.request)[option]
    for value in _offered(panel, option):
        label = panel.say(f"choice.{option}.{value}")
        yield _choice(panel, option, value, label, on=value == current)


def _switches(panel: StudioPanel) -> Iterator[discord.ui.Button[Any]]:
    """Sound and watermark, where the model has them; a watermark that the server puts on every video can't be left."""
    fixed = {"watermark"} if any(each.marked for each in panel.models) else set[str]()
    for option, emoji, on in (("sound", "🔊", panel.request.sound), ("watermark", "💧", panel.request.watermark)):
        if True in _offered(panel, option):
            state = "always" if option in fixed else "on" if on else "off"
            label = f"{emoji} {panel.say(f'studio.{option}.{state}')}"
            yield _choice(panel, option, not on, label, on=on, disabled=option in fixed)


def _selects(panel: StudioPanel, options: Iterable[str]) -> Iterator[discord.ui.ActionRow[Any]]:
    """A select for each option that has something to choose."""
    for option in options:
        if option == "model":
            fitting = set(_offered(panel, option))
            models = [each for each in panel.models if each.model in fitting]
            rows = model_options(models, panel.request.model, panel.say)
        else:
            rows = list(_select_options(panel, option))
        if rows:
            select = discord.ui.Select[Any](
                custom_id=CHOOSE(draft_id=panel.draft_id, option=option),
                placeholder=panel.say(f"studio.{option}"),
                options=rows[:OPTIONS],
            )
            yield _row(select)


def _select_options(panel: StudioPanel, option: str) -> Iterator[discord.SelectOption]:
    say, request = panel.say, panel.request
    current = options_of(request).get(option)
    match option:
        case "duration":
            named = [(f"⏱️ {say('seconds', n=value)}", value) for value in _offered(panel, option)]
        case "camera":
            moves = _offered(panel, option)
            named = [(f"📷 {say(f'camera.{value}')}", value) for value in moves]
            named = [(f"📷 {say('studio.no.camera')}", NOTHING), *named] if moves else []
            current = current or NOTHING
        case _:
            values = sorted({*STRENGTHS, current}) if current is not None else ()
            named = [(f"↔️ {_strength(value, say)}", f"{value:g}") for value in values]
            current = None if current is None else f"{current:g}"
    for name, value in named:
        yield ui.select_option(str(value), name, default=value == current)


def _strength(value: float, say: Words) -> str:
    """Say a strength in words, with its number."""
    size = "gentle" if abs(value) < AXIS_LIMIT / 3 else "strong" if abs(value) > AXIS_LIMIT * 0.7 else "medium"
    return say(f"studio.strength.{size}.{'back' if value < 0 else 'on'}", value=say.number(value))


def _final_buttons(panel: StudioPanel) -> Iterator[discord.ui.Button[Any]]:
    say = panel.say
    price = say("credits", n=panel.estimate.price.credits)
    label = f"🎬 {say('studio.generate', price=price)}"
    yield discord.ui.Button(
        custom_id=GENERATE(draft_id=panel.draft_id),
        label=ui.cut(label, BUTTON),
        style=discord.ButtonStyle.success,
        disabled=not panel.ready,
    )
    where = "private" if panel.private else "public"
    yield _choice(panel, "private", not panel.private, f"📩 {say(f'studio.{where}')}", on=panel.private)
    yield _button(RESET(draft_id=panel.draft_id), f"↺ {say('studio.reset')}")
