"""Describes what a model can do; finds what clashes with that, and the nearest request that can be done.

Which models there are, and what each can do, is data: `bot/settings/models.toml`.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, Final

from bot.domain.price import Price, Tariff
from bot.domain.request import PROMPT_LIMIT, AspectRatio, Mode, VideoRequest
from bot.errors import ImpossibleRequest, InvalidRequest, Problem
from bot.values import dataclass, field

_SPAN: Final = 3  # whole numbers in a row are worth shortening


@dataclass(frozen=True, kw_only=True, slots=True)
class CameraRule:
    """The only modes and durations (seconds) in which a model takes camera moves."""

    modes: tuple[Mode, ...]
    durations: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Capability:
    """What one model of one provider can do, and what that costs.

    Durations are in seconds, the prompt limit in characters. `name` is what people read. In the `silent` modes
    a model makes no sound, though it can. Where it is `marked`, every video has the watermark, asked for or not.
    """

    model: str
    provider: str
    name: str = ""
    durations: tuple[int, ...]
    modes: tuple[Mode, ...] = tuple(Mode)
    aspect_ratios: tuple[AspectRatio, ...] = tuple(AspectRatio)
    prompt_limit: int = PROMPT_LIMIT
    sound: bool = False
    silent: tuple[Mode, ...] = ()
    watermark: bool = False
    marked: bool = False
    max_shots: int = 0
    cfg_scale: bool = False
    camera: CameraRule | None = None
    tariff: Tariff = field(default_factory=Tariff)

    def price(self, request: VideoRequest) -> Price:
        """Compute what a request of this model costs.

        Raises:
            LookupError: it has no price for such a video; what a bot offers has one from the start.
        """
        return self.tariff.price(request)

    def least_a_second(self) -> Fraction | None:
        """Find from how many credits on a second is made; None where nothing has a price."""
        rates = [rate for rate in self.tariff.rates if (rate.mode, rate.sound) in self.kinds()]
        return min((rate.credits / (rate.seconds or 1) for rate in rates), default=None)

    def sounds(self, mode: Mode) -> bool:
        """Say whether the model makes sound in a mode."""
        return self.sound and mode not in self.silent

    def nearest_length(self, seconds: int) -> int:
        """Find the length that this model makes and that is nearest to so many seconds."""
        return min(self.durations, key=lambda each: abs(each - seconds))

    def kinds(self) -> list[tuple[Mode, bool]]:
        """List every mode, each without sound, and with sound where there is any."""
        return [(mode, sound) for mode in self.modes for sound in (False, True) if not sound or self.sounds(mode)]

    def clashes(self, request: VideoRequest) -> tuple[Problem, ...]:
        """Find everything that a request asks for and this model does not do."""
        return tuple(self._clashes(request))

    def _clashes(self, request: VideoRequest) -> Iterator[Problem]:
        lists = (
            ("mode", request.mode, self.modes),
            ("aspect", request.aspect_ratio, self.aspect_ratios),
            ("duration", request.duration, self.durations),
        )
        for option, wanted, offered in lists:
            if wanted not in offered:
                values = {"wanted": wanted, "offered": _in_words(offered), "model": self.model}
                yield Problem(code=f"{option}_not_offered", field=option, values=values)
        if len(request.prompt) > self.prompt_limit:
            values = {"length": len(request.prompt), "limit": self.prompt_limit, "model": self.model}
            yield Problem(code="prompt_too_long", field="prompt", values=values)
        switches = (
            ("sound", request.sound, self.sound),
            ("watermark", request.watermark, self.watermark),
            ("cfg", request.cfg_scale is not None, self.cfg_scale),
            ("shots", len(request.shots) > self.max_shots, False),
            ("camera", request.camera is not None, self.camera is not None),
        )
        for option, wanted, possible in switches:
            if wanted and not possible:
                yield Problem(code=f"{option}_not_offered", field=option, values={"model": self.model})
        if request.sound and self.sound and request.mode in self.silent:
            values = {"model": self.model, "modes": _in_words([mode for mode in self.modes if self.sounds(mode)])}
            yield Problem(code="sound_needs", field="sound", values=values)
        if request.camera and self.camera and not self._can_move_camera(request):
            values = {
                "model": self.model,
                "modes": _in_words(self.camera.modes),
                "durations": _in_words(self.camera.durations),
            }
            yield Problem(code="camera_needs", field="camera", values=values)

    def _can_move_camera(self, request: VideoRequest) -> bool:
        rule = self.camera
        return rule is not None and request.mode in rule.modes and request.duration in rule.durations

    def nearest(self, request: VideoRequest) -> VideoRequest | None:
        """Change a request as little as makes this model able to do it; None when only its author can cut it.

        A camera move that the model has is kept, and mode and duration bend to it, and so is sound, where the mode
        bends to it; a storyboard that does not fit is not cut to pieces.
        """
        move = request.camera if self.camera else None
        modes = self.camera.modes if self.camera and move else self.modes
        sounding = tuple(mode for mode in modes if self.sounds(mode))
        modes = sounding if request.sound and sounding else modes
        durations = self.camera.durations if self.camera and move else self.durations
        changes: dict[str, Any] = {
            "model": self.model,
            "mode": request.mode if request.mode in modes else modes[0],
            "duration": min(durations, key=lambda seconds: (abs(seconds - request.duration), seconds)),
            "sound": request.sound and bool(sounding),
            "watermark": (request.watermark or self.marked) and self.watermark,
            "cfg_scale": request.cfg_scale if self.cfg_scale else None,
            "camera": move,
        }
        if request.aspect_ratio not in self.aspect_ratios:
            changes["aspect_ratio"] = self.aspect_ratios[0]
        try:
            nearest = VideoRequest(**{**dict(request), **changes})
        except InvalidRequest:
            return None
        return None if self.clashes(nearest) else nearest


def check(request: VideoRequest, capability: Capability) -> None:
    """Accept a request that `capability`, its model's, can do.

    Raises:
        ImpossibleRequest: it can't; with every clash.
    """
    problems = capability.clashes(request)
    if problems:
        raise ImpossibleRequest(problems)


def _in_words(values: Sequence[object]) -> str:
    """List values for people: a run of three or more whole numbers becomes a span ("3-15")."""
    first = values[0]
    if isinstance(first, int) and len(values) >= _SPAN and list(values) == list(range(first, first + len(values))):
        return f"{first}-{values[-1]}"
    return ", ".join(str(value) for value in values)
