"""Show the studio's panel: the request so far, and controls for all that can still be chosen."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import discord

from bot.domain import Capability, Strength, VideoRequest
from bot.domain.choices import offered
from bot.locale import Words
from bot.service.jobs.types import Estimate
from bot.values import dataclass
from cogs import ui
from cogs.storyboard.views import cost_line
from cogs.ui import options_of, safe, settings
from cogs.ui.limits import BUTTON, OPTIONS
from cogs.ui.model_texts import model_options
from cogs.ui.options import OPTIONS as REQUEST_OPTIONS
from cogs.ui.text import option_list, strength_text

_OPTIONS: Final = ("model", "mode", "aspect", "duration", "camera", "strength", "sound", "watermark", "private")
PROMPT_BUTTON: Final = ui.CustomId("studio:{draft_id}:prompt", draft_id=ui.DRAFT_ID)
GENERATE: Final = ui.CustomId("studio:{draft_id}:generate[:{price}]", draft_id=ui.DRAFT_ID, price=ui.digits(9))
RESET: Final = ui.CustomId("studio:{draft_id}:reset", draft_id=ui.DRAFT_ID)
CHOOSE: Final = ui.CustomId(
    "studio:{draft_id}:{option}[={value}]",
    draft_id=ui.DRAFT_ID,
    option=ui.one_of(*_OPTIONS),
    value=ui.Part(r"[\w:.-]{1,40}"),
)
NOTHING: Final = "-"  # the prompt that stands for none yet, and the choice of no camera move
PROMPT: Final = 600  # characters of the prompt shown

_OFF, _ON = discord.ButtonStyle.secondary, discord.ButtonStyle.primary


@dataclass(frozen=True, kw_only=True, slots=True)
class StudioPanel:
    """The state that a panel shows.

    `adjusted` are the options that the last choice changed besides itself, `kept` what comes back from last time, in
    words. `private` is None in direct messages, where all is.
    """

    draft_id: str
    request: VideoRequest
    private: bool | None
    adjusted: Sequence[str]
    kept: Sequence[str]
    models: Sequence[Capability]
    estimate: Estimate
    say: Words

    @property
    def ready(self) -> bool:
        """Whether there is a prompt."""
        return self.request.prompt != NOTHING

    @property
    def model(self) -> Capability | None:
        """The chosen model, as far as it may be used."""
        return next((each for each in self.models if each.model == self.request.model), None)


def panel_view(panel: StudioPanel) -> discord.ui.LayoutView:
    """Build the panel: at most 40 components, the most used on top."""
    rows = [
        discord.ui.TextDisplay[Any](_text(panel)),
        *([] if panel.ready else [_row(_prompt_button(panel))]),
        *_selects(panel, ("model",)),
        _row(*_choices(panel, "mode"), *_switches(panel)),
        _row(*_choices(panel, "aspect")),
        *_selects(panel, ("duration", "camera")),
        *_strengths(panel),
        discord.ui.TextDisplay[Any]("\n".join([*_notes(panel), _summary(panel), cost_line(panel.estimate, panel.say)])),
        _row(*_final_buttons(panel)),
    ]
    return ui.stateless_layout(discord.ui.Container[Any](*rows, accent_colour=discord.Colour.blurple()))


def _text(panel: StudioPanel) -> str:
    say, request = panel.say, panel.request
    lines = [f"### 🎬 {say('studio.title')}"]
    if panel.kept:
        lines.append(f"-# {say('studio.kept', what=say('comma').join(panel.kept))}")
    lines.append(f"> {safe(request.prompt, PROMPT)}" if panel.ready else f"*{say('studio.no_prompt')}*")
    if request.negative_prompt:
        lines.append(f"-# {say('studio.negative', text=safe(request.negative_prompt, PROMPT // 3))}")
    return "\n".join(lines)


def kept_texts(request: VideoRequest, fresh: VideoRequest, say: Words) -> list[str]:
    """List in words what a request has that a fresh one would not have, its prompts by their names alone."""
    now, then = options_of(request), options_of(fresh)
    differing = [option for option in REQUEST_OPTIONS if now.get(option) != then.get(option)]
    texts = [option for option in differing if option in {"prompt", "negative"} and option in now]
    others = [option for option in differing if option not in texts]
    return [*(say(f"studio.kept.{each}") for each in texts), *([option_list(others, now, say)] if others else [])]


def _summary(panel: StudioPanel) -> str:
    """Say what the panel is set to: what will be made, and who will see it."""
    say, model = panel.say, panel.model
    parts = [settings(panel.request, say)]
    if model is not None and model.sounds(panel.request.mode) and not panel.request.sound:
        parts.append(say("studio.no.sound"))
    if panel.private is not None:
        parts.append(say("studio.to_you" if panel.private else "studio.to_channel"))
    return say("studio.set", what=" · ".join(parts))


def _notes(panel: StudioPanel) -> Iterator[str]:
    """Say why there is less to choose from than elsewhere, and what the last choice changed."""
    say, options = panel.say, options_of(panel.request)
    rule = panel.model and panel.model.camera
    if panel.request.camera is not None and rule is not None:
        modes = say("comma").join(say(f"mode.{mode}") for mode in rule.modes)
        seconds = say("comma").join(say("seconds.short", n=each) for each in rule.durations)
        needed = say("studio.camera_needs", model=say.model(panel.request.model), modes=modes, seconds=seconds)
        yield f"-# {needed}"
    if panel.adjusted:
        yield f"-# {say('studio.bent', what=option_list(panel.adjusted, options, say))}"


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
        label = panel.say(f"studio.aspect.{value}" if option == "aspect" else f"choice.{option}.{value}")
        yield _choice(panel, option, value, label, on=value == current)


def _switches(panel: StudioPanel) -> Iterator[discord.ui.Button[Any]]:
    """Sound and watermark, where the model has them; a watermark that the server puts on every video can't be left."""
    fixed = {"watermark"} if any(each.marked for each in panel.models) else set[str]()
    for option, on in (("sound", panel.request.sound), ("watermark", panel.request.watermark)):
        if True in _offered(panel, option):
            state = "always" if option in fixed else "on" if on else "off"
            label = panel.say(f"studio.{option}.{state}")
            yield _choice(panel, option, not on, label, on=on, disabled=option in fixed)


def _strengths(panel: StudioPanel) -> Iterator[discord.ui.ActionRow[Any]]:
    """A button for each strength of the camera move, where it has any; a number that is no word has one of its own."""
    strength, say = options_of(panel.request).get("strength"), panel.say
    if strength is None:
        return
    values = list(dict.fromkeys([*map(str, Strength), strength]))
    yield _row(
        *(
            _choice(panel, "strength", value, _capital(strength_text(value, say)), on=value == strength)
            for value in values
        )
    )


def _selects(panel: StudioPanel, options: Iterable[str]) -> Iterator[discord.ui.ActionRow[Any]]:
    """A select for each option that has something to choose."""
    for option in options:
        if rows := _select_options(panel, option):
            select = discord.ui.Select[Any](
                custom_id=CHOOSE(draft_id=panel.draft_id, option=option),
                placeholder=panel.say(f"studio.{option}"),
                options=rows[:OPTIONS],
            )
            yield _row(select)


def _select_options(panel: StudioPanel, option: str) -> list[discord.SelectOption]:
    say, request, values = panel.say, panel.request, _offered(panel, option)
    match option:
        case "model":
            return model_options([each for each in panel.models if each.model in values], request.model, say)
        case "duration":
            return [
                ui.select_option(
                    str(each), say("seconds", n=each), description=_price(panel, each), default=each == request.duration
                )
                for each in values
            ]
        case _:
            move = NOTHING if request.camera is None else request.camera.name()
            named = [(each, say(f"camera.{each}")) for each in values]
            none = [(NOTHING, _capital(say("studio.no.camera")))] if named else []
            return [ui.select_option(value, name, default=value == move) for value, name in [*none, *named]]


def _price(panel: StudioPanel, seconds: int) -> str | None:
    """Say what the same video of so many seconds costs."""
    if panel.model is None:
        return None
    price = panel.model.price(panel.request.model_copy(update={"duration": seconds}))
    return panel.say("credits", n=price.credits)


def _capital(text: str) -> str:
    """Begin a text with a capital, where its letters have any."""
    return text[:1].upper() + text[1:]


def _prompt_button(panel: StudioPanel) -> discord.ui.Button[Any]:
    """The button that opens the form: the first thing to press, or one of the last once there is a prompt."""
    label = panel.say("studio.prompt.change" if panel.ready else "studio.prompt")
    return _button(PROMPT_BUTTON(draft_id=panel.draft_id), label, on=not panel.ready)


def _final_buttons(panel: StudioPanel) -> Iterator[discord.ui.Button[Any]]:
    say, price = panel.say, panel.estimate.price.credits
    yield discord.ui.Button(
        custom_id=GENERATE(draft_id=panel.draft_id, price=price),
        label=ui.cut(f"🎬 {say('studio.generate', price=say('credits', n=price))}", BUTTON),
        style=discord.ButtonStyle.success,
        disabled=not panel.ready,
    )
    if panel.ready:
        yield _prompt_button(panel)
    if panel.private is not None:
        label = say("studio.private.on" if panel.private else "studio.private.off")
        yield _choice(panel, "private", not panel.private, label, on=panel.private)
    yield _button(RESET(draft_id=panel.draft_id), say("studio.reset"))
