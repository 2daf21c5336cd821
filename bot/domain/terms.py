"""Says what somebody may have here and now, and finds the requests nearest to a refused one that they may have."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from bot.domain.capability import CameraRule, Capability
from bot.domain.choices import fits
from bot.domain.member import Member
from bot.domain.policy import GuildLimits
from bot.domain.policy_check import better_mode_refusal
from bot.domain.quota import UNLIMITED
from bot.domain.request import Mode, VideoRequest
from bot.values import dataclass, replace

# What a suggestion may change besides the model, in the order in which it is put back where that can be.
_CHANGEABLE: Final = ("camera", "mode", "duration", "sound", "watermark", "cfg_scale", "aspect_ratio")


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """The models as far as somebody may use them, and what they may spend: credits, and millionths of a USD."""

    models: tuple[Capability, ...]
    credits: int = UNLIMITED
    usd_micros: int = UNLIMITED

    def model(self, name: str) -> Capability | None:
        """Find what somebody may have of a model; None where they may not use it."""
        return next((each for each in self.models if each.model == name), None)

    def accepts(self, request: VideoRequest) -> bool:
        """Say whether somebody may have a request."""
        model = self.model(request.model)
        return model is not None and not model.clashes(request) and self.affords(request, model)

    def affords(self, request: VideoRequest, model: Capability) -> bool:
        """Say whether a request, which the model can do, costs no more than there is."""
        price = model.price(request)
        return price.credits <= self.credits and price.usd_micros <= self.usd_micros


def allowed_models(models: Sequence[Capability], member: Member, limits: GuildLimits) -> tuple[Capability, ...]:
    """Narrow the models to what a guild lets a member use; those of which nothing is left are left out."""
    return tuple(filter(None, (_allowed(each, member, limits) for each in models)))


def _allowed(model: Capability, member: Member, limits: GuildLimits) -> Capability | None:
    if limits.models and model.model not in limits.models:
        return None
    no_pro = better_mode_refusal(member, limits) is not None
    modes = tuple(mode for mode in model.modes if mode is Mode.STD or not no_pro)
    durations = tuple(each for each in model.durations if limits.longest is None or each <= limits.longest)
    if not modes or not durations:
        return None
    camera = model.camera and CameraRule(
        modes=tuple(mode for mode in model.camera.modes if mode in modes),
        durations=tuple(each for each in model.camera.durations if each in durations),
    )
    if camera and not (camera.modes and camera.durations):
        camera = None
    sound = model.sound and limits.sound
    return replace(model, modes=modes, durations=durations, sound=sound, camera=camera, marked=limits.watermark)


def model_for(options: Mapping[str, Any], models: Sequence[Capability]) -> Capability:
    """Choose a model for options that name none: the first that can do them all, else one that has the camera move.

    Where several have the move, the cheapest: who asks for one has not asked for a model.
    """
    open_ = {name: value for name, value in options.items() if name != "model"}
    if not fits(models[0], open_):
        possible = [each for each in models if fits(each, open_)]
        movers = [each for each in models if options.get("camera") is not None and each.camera is not None]
        for found in (possible, movers):
            if found:
                return min(found, key=_cheapest)
    return models[0]


def _cheapest(model: Capability) -> int:
    """Price the least that a model makes; the first of several as cheap counts."""
    modes, seconds = (model.camera.modes, model.camera.durations) if model.camera else (model.modes, model.durations)
    least = VideoRequest(model=model.model, prompt="-", mode=modes[0], duration=min(seconds))
    return model.price(least).credits


def alternatives(request: VideoRequest, terms: Terms) -> list[VideoRequest]:
    """Find what somebody may have instead of a request, the nearest first; the request itself where they may.

    Each differs only where it must: put any one of its changes back, and it could not be had. A camera move that
    somebody asked for is given up last, and a storyboard is not cut.
    """
    if terms.accepts(request):
        return [request]
    found: dict[VideoRequest, None] = {}
    for candidate in _candidates(request, terms):
        if not terms.accepts(candidate):
            continue
        nearest = _drop_needless_changes(candidate, request, terms)
        needed = nearest.model == request.model or not terms.accepts(
            nearest.model_copy(update={"model": request.model})
        )
        if needed and not (found and nearest.model != request.model and nearest.camera != request.camera):
            found[nearest] = None  # or the model of the request will do
    return sorted(found, key=lambda each: _distance(each, request))


def _candidates(request: VideoRequest, terms: Terms) -> Iterator[VideoRequest]:
    """Try the model of the request first, with the camera move first."""
    for model in sorted(terms.models, key=lambda each: each.model != request.model):
        quiet = request.model_copy(update={"sound": request.sound and request.mode not in model.silent})
        for start in dict.fromkeys((request, quiet, request.model_copy(update={"camera": None}))):
            nearest = model.nearest(start)
            if nearest is None:
                continue
            if terms.affords(nearest, model):
                yield nearest
            else:
                yield from _cheaper(nearest, model, terms)


def _cheaper(variant: VideoRequest, model: Capability, terms: Terms) -> Iterator[VideoRequest]:
    """Find one as long, without sound or in the standard mode, and the longest of the variant as it is."""
    for candidates in (_simpler(variant), _shorter(variant, model)):
        found = next((each for each in candidates if terms.accepts(each)), None)
        if found is not None:
            yield found


def _simpler(variant: VideoRequest) -> Iterator[VideoRequest]:
    less: list[dict[str, Any]] = [{"mode": Mode.PRO}] if variant.mode is Mode.FOUR_K else []
    for changes in ({"sound": False}, *less, {"mode": Mode.STD}, {"sound": False, "mode": Mode.STD}):
        if any(getattr(variant, field) != value for field, value in changes.items()):
            yield variant.model_copy(update=changes)


def _shorter(variant: VideoRequest, model: Capability) -> Iterator[VideoRequest]:
    lengths = (
        [] if variant.shots else sorted((each for each in model.durations if each < variant.duration), reverse=True)
    )
    for plain in (variant, variant.model_copy(update={"sound": False, "mode": Mode.STD})):
        yield from (plain.model_copy(update={"duration": seconds}) for seconds in lengths)


def _drop_needless_changes(candidate: VideoRequest, request: VideoRequest, terms: Terms) -> VideoRequest:
    """Undo the changes of a candidate that are not needed."""
    for field in _CHANGEABLE:
        if getattr(candidate, field) != getattr(request, field):
            before = candidate.model_copy(update={field: getattr(request, field)})
            if terms.accepts(before):
                return _drop_needless_changes(before, request, terms)
    return candidate


def _distance(variant: VideoRequest, request: VideoRequest) -> int:
    changed = [field for field in ("model", *_CHANGEABLE) if getattr(variant, field) != getattr(request, field)]
    return len(changed) + ("camera" in changed)
