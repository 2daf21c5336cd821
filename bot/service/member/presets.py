"""Keeps named settings with gaps in the prompt: saved, found, filled, shared with a guild."""

import json
import logging
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from secrets import token_hex
from typing import Final

from bot.domain import Capability, Member, Preset, ResultAction, Shot, Template, VideoRequest, capability
from bot.domain.template import escape
from bot.errors import (
    InvalidRequest,
    NotPermitted,
    PresetInvalid,
    PresetNameInvalid,
    PresetUnknown,
    ResultForgotten,
    StoreUnavailable,
)
from bot.service.jobs.access import Access
from bot.service.jobs.videos import Videos
from bot.store.jobs.queries import JobQueryStore
from bot.store.member.preferences import PreferenceStore, of_guild
from bot.store.member.presets import PresetStore

log = logging.getLogger(__name__)

KIND: Final = "video"
NAME_LIMIT: Final = 32  # characters
MAX_OWN: Final = 50
MAX_SHARED: Final = 100
MEMBERS_SHARE: Final = "presets_by_members"  # the guild's preference: whether authors may share without an admin
MANAGE: Final = "manage_guild"  # Discord's name of the permission

_BLANK: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # fillers and the like, which count as letters or signs
# Control characters, and what mentions, timestamps, custom emoji and code are made of.
_NOT_IN_NAMES: Final = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff@<>#`]")


class Presets:
    """Keeps, shares and finds presets. Every method may raise `StoreUnavailable`.

    `manages` says whether the person may change what belongs to the guild.
    """

    def __init__(
        self,
        *,
        store: PresetStore,
        lookup: JobQueryStore,
        preferences: PreferenceStore,
        videos: Videos,
        clock: Callable[[], datetime],
    ) -> None:
        self._store, self._access, self._preferences = store, Access(lookup), preferences
        self._videos, self._clock = videos, clock

    async def save(self, name: str, request: VideoRequest, *, user_id: int) -> tuple[Preset, bool]:
        """Keep a request, whose prompts are templates, as one's own preset; say also whether the name is new.

        Raises:
            PresetNameInvalid: it can't be called that.
            TooManyPresets: the person has `MAX_OWN` already.
            PresetInvalid: a prompt is no template.
            ImpossibleRequest: no model here can do the rest.
        """
        name = checked_name(name)
        try:
            gaps(request)
        except InvalidRequest as exc:
            raise PresetInvalid(exc.problems) from exc
        model = self._videos.capability(request.model)
        capability.check(request, model)
        body = {"request": request.model_dump(mode="json")}
        return await self._store.save(
            token_hex(8), user_id=user_id, kind=KIND, name=name, body=body, most=MAX_OWN, now=self._clock()
        )

    async def of_video(self, job_id: str, *, user_id: int) -> VideoRequest:
        """Make templates without gaps of the request of one of a person's videos.

        Raises:
            ResultForgotten: there is no such video, it is somebody else's, or its texts have been forgotten.
            ResultDeleted: a moderator has taken it away.
        """
        job = await self._access.video(
            job_id, Member(user_id=user_id), ResultAction.READ
        )  # in direct messages: their own
        if job.request.forgotten:
            raise ResultForgotten
        return _with_texts(job.request, escape)

    async def visible(self, *, user_id: int, guild_id: int | None) -> list[Preset]:
        """List everything that a person may use here: their own first, then what the guild shares, by name."""
        return await self._store.visible(user_id=user_id, guild_id=guild_id, kind=KIND)

    async def find(self, wanted: str, *, user_id: int, guild_id: int | None) -> Preset:
        """Find the preset of an id or a name; of two with that name one's own.

        Raises:
            PresetUnknown: the person may use none of that id or name here.
        """
        wanted = " ".join(wanted.split())
        found = await self._store.read(wanted)
        if found is not None and found.kind == KIND and found.visible_to(user_id, guild_id=guild_id):
            return found
        for preset in await self.visible(user_id=user_id, guild_id=guild_id):
            if preset.name.casefold() == wanted.casefold():
                return preset
        raise PresetUnknown(name=wanted)

    async def used(self, preset: Preset) -> None:
        """Count that a preset was used for a video. If that fails, nobody is told: the video is asked for already."""
        try:
            await self._store.used(preset.id)
        except StoreUnavailable as exc:
            log.info("a use was not counted", extra={"preset": preset.id, "detail": str(exc)})

    async def share(self, preset: Preset, *, user_id: int, guild_id: int, manages: bool) -> Preset:
        """Let everybody of a guild use one's preset.

        Raises:
            NotPermitted: that is for those who manage the guild, who have not left it to the members.
            PresetUnknown: it is somebody else's, or gone.
            PresetNameTaken: the guild has another one of that name.
            TooManyPresets: the guild has `MAX_SHARED` already.
        """
        if preset.user_id != user_id:
            raise PresetUnknown(name=preset.name)
        if not manages and not await self.members_share(guild_id):
            raise NotPermitted(needed=MANAGE)
        return _there(await self._store.share(preset, guild_id=guild_id, most=MAX_SHARED), preset)

    async def unshare(self, preset: Preset, *, user_id: int, guild_id: int | None, manages: bool) -> Preset:
        """Give a shared preset back to its author alone.

        Raises:
            NotPermitted: only its author and those who manage the guild may.
            PresetUnknown: it is gone.
            PresetNameTaken: the author has another one of that name.
        """
        _demand_mine(preset, user_id=user_id, guild_id=guild_id, manages=manages)
        return _there(await self._store.unshare(preset), preset)

    async def delete(self, preset: Preset, *, user_id: int, guild_id: int | None, manages: bool) -> None:
        """Forget a preset.

        Raises:
            NotPermitted: only its author and, where it is shared, those who manage the guild may.
        """
        _demand_mine(preset, user_id=user_id, guild_id=guild_id, manages=manages)
        await self._store.delete(preset.id)

    async def members_share(self, guild_id: int) -> bool:
        """Say whether authors may share without an admin in a guild."""
        return bool((await self._preferences.read([of_guild(guild_id)])).get(MEMBERS_SHARE))

    async def let_members_share(self, guild_id: int, *, allowed: bool, manages: bool) -> None:
        """Decide whether authors may share without an admin.

        Raises:
            NotPermitted: that is for those who manage the guild.
        """
        if not manages:
            raise NotPermitted(needed=MANAGE)
        await self._preferences.change(of_guild(guild_id), {MEMBERS_SHARE: allowed or None}, now=self._clock())

    def _models(self) -> list[Capability]:
        return list(self._videos.models.values())


def request_of(preset: Preset) -> VideoRequest:
    """Read the request of a preset: its prompts are templates."""
    return VideoRequest.stored(json.dumps(preset.body["request"]))


def gaps(request: VideoRequest) -> tuple[str, ...]:
    """List the gaps of all prompts in their order, each once.

    Raises:
        InvalidRequest: a prompt is no template.
    """
    return _whole(request).names()


def fill_gaps(request: VideoRequest, values: Mapping[str, str]) -> VideoRequest:
    """Build the request that a preset asks for with these values in its gaps.

    Raises:
        InvalidRequest: a gap has no value, or what comes of it is no request.
    """
    _whole(request).fill(values)  # names everything that is missing at once
    return _with_texts(request, lambda text: Template.parse(text).fill(values))


def _whole(request: VideoRequest) -> Template:
    texts = [shot.prompt for shot in request.shots] or [request.prompt]
    return Template(tuple(piece for text in texts for piece in Template.parse(text).pieces))


def _with_texts(request: VideoRequest, change: Callable[[str], str]) -> VideoRequest:
    """Change the prompts of a request, validated like any other."""
    values = {name: getattr(request, name) for name in VideoRequest.model_fields}
    if request.shots:
        values["shots"] = tuple(Shot(prompt=change(shot.prompt), seconds=shot.seconds) for shot in request.shots)
    else:
        values["prompt"] = change(request.prompt)
    return VideoRequest(**values)


def checked_name(name: str) -> str:
    """Check a name for what people keep, and put it on one line.

    Raises:
        PresetNameInvalid: nothing of it is to be seen, it is too long, or could be taken for a mention or the like.
    """
    plain = " ".join(name.split())
    if len(plain) > NAME_LIMIT or _NOT_IN_NAMES.search(plain) or not any(map(_to_be_seen, plain)):
        raise PresetNameInvalid(name=plain[:100], limit=NAME_LIMIT)
    return plain


def _to_be_seen(character: str) -> bool:
    """Say whether a character is drawn by itself: no space, control or mark, none of the letters that are blank."""
    return unicodedata.category(character)[0] not in "ZCM" and character not in _BLANK


def _there(found: Preset | None, preset: Preset) -> Preset:
    if found is None:
        raise PresetUnknown(name=preset.name)
    return found


def _demand_mine(preset: Preset, *, user_id: int, guild_id: int | None, manages: bool) -> None:
    if preset.user_id != user_id and not (manages and preset.shared and preset.guild_id == guild_id):
        raise NotPermitted(needed=MANAGE)
