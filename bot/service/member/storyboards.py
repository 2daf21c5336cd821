"""Keeps storyboards in the making: one a person, through restarts, the same on every device; and their templates."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from secrets import token_hex
from typing import Final

from bot.domain import Board, Capability, Draft, Preset, Storyboard, VideoRequest
from bot.errors import DraftGone, PresetUnknown, StoreError, StoreUnavailable, StoryboardsNotOffered
from bot.service.member.presets import checked_name
from bot.store.member.drafts import DraftStore
from bot.store.member.presets import PresetStore
from bot.values import dataclass, replace

KIND: Final = "storyboard"  # of drafts and of presets
TEMPLATES: Final = 50  # that one person may keep
_TRIES: Final = 5  # to be faster than one's own other devices

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenStoryboard:
    """A storyboard as it stands, as near as it can be made by its `model`, to what was `wanted`.

    `behind` says that a change was not made: another device had been faster.
    """

    draft: Draft
    board: Board
    model: Capability
    wanted: Storyboard
    behind: bool = False


class Storyboards:
    """Keeps the storyboards of the members. Every method may raise `StoreUnavailable`; then nothing has happened.

    `models` are those on offer. What of a storyboard none of them makes gives way wherever it is looked at; it is kept
    as it was until it is changed.
    """

    def __init__(
        self,
        *,
        drafts: DraftStore,
        presets: PresetStore,
        models: Mapping[str, Capability],
        clock: Callable[[], datetime],
    ) -> None:
        self._drafts, self._presets, self._clock = drafts, presets, clock
        self._models = models

    def narrowed_to(self, models: Iterable[Capability]) -> "Storyboards":
        """Narrow the models on offer to these, as far as they may be used there."""
        narrowed = {each.model: each for each in models}
        return Storyboards(drafts=self._drafts, presets=self._presets, models=narrowed, clock=self._clock)

    @property
    def models(self) -> dict[str, Capability]:
        """List the models on offer that make storyboards."""
        return {name: each for name, each in self._models.items() if each.max_shots}

    def fresh(self) -> Storyboard:
        """Make an empty storyboard.

        Raises:
            StoryboardsNotOffered: no model makes them.
        """
        return Storyboard(model=self._makers()[0].model)

    def _makers(self) -> list[Capability]:
        if not self.models:
            raise StoryboardsNotOffered
        return list(self.models.values())

    async def open(self, *, user_id: int, guild_id: int | None, fresh: Storyboard | None = None) -> OpenStoryboard:
        """Open a person's latest storyboard, however long ago, or `fresh`, an empty one unless given.

        Raises:
            StoryboardsNotOffered: no model makes them.
        """
        fresh = fresh or self.fresh()
        self._makers()
        draft = await self._drafts.latest(user_id=user_id, kind=KIND)
        if draft is None:
            body = Board(now=fresh).body()
            draft = await self._drafts.begin(
                token_hex(8), user_id=user_id, guild_id=guild_id, kind=KIND, body=body, now=self._clock()
            )
        return self.open_draft(draft)

    async def begin_from(
        self, request: VideoRequest, *, user_id: int, guild_id: int | None, parent_id: str | None = None
    ) -> Draft:
        """Put a request on a person's storyboard: its shots, or one shot of its whole length. It can be undone.

        `parent_id` is the job that it comes from.

        Raises:
            StoryboardsNotOffered: no model makes them.
        """
        wanted = Storyboard.of(request, parent_id=parent_id)
        opened = await self.open(user_id=user_id, guild_id=guild_id, fresh=wanted)
        return (await self.change_anyway(opened, lambda board: board.changed_to(wanted))).draft

    async def read(self, draft_id: str, *, user_id: int) -> OpenStoryboard:
        """Read that person's storyboard.

        Raises:
            DraftGone: it is gone, or somebody else's.
            StoryboardsNotOffered: no model makes them.
        """
        draft = await self._drafts.read(draft_id, user_id=user_id)
        if draft is None or draft.kind != KIND:
            raise DraftGone
        return self.open_draft(draft)

    async def change(
        self, draft_id: str, *, user_id: int, version: int, operation: Callable[[Board], Board]
    ) -> OpenStoryboard:
        """Change a storyboard that is still as the person saw it; else give what it has become meanwhile.

        Raises:
            DraftGone: it is gone, or somebody else's.
            StoryboardsNotOffered: no model makes them.
        """
        opened = await self.read(draft_id, user_id=user_id)
        if opened.draft.version != version:
            return replace(opened, behind=True)
        changed = operation(opened.board)
        if changed == opened.board:
            return opened
        return await self._save(opened, changed)

    async def finish(self, opened: OpenStoryboard) -> None:
        """Clear a storyboard that has become a job, unless it has changed since; undoing brings it back.

        The job is accepted, so nobody is told when this fails.
        """
        try:
            await self._save(opened, opened.board.changed_to(opened.board.now.empty()))
        except (DraftGone, StoreError) as exc:
            log.warning("a storyboard stays after its video", extra={"draft": opened.draft.id, "reason": repr(exc)})

    async def change_anyway(self, opened: OpenStoryboard, operation: Callable[[Board], Board]) -> OpenStoryboard:
        """Change a storyboard whatever other devices do to it meanwhile.

        Raises:
            DraftGone: it is gone.
            StoreUnavailable: also where the others are faster each time.
        """
        for _ in range(_TRIES):
            saved = await self._save(opened, operation(opened.board))
            if not saved.behind:
                return saved
            opened = saved
        raise StoreUnavailable("too many changes at once")

    def open_draft(self, draft: Draft) -> OpenStoryboard:
        """Read the storyboard of a draft, as it can be made; an unreadable one is empty.

        Raises:
            StoryboardsNotOffered: no model makes them.
        """
        makers = self._makers()
        board = Board.stored(draft.body) or Board(now=self.fresh())
        now = board.now.adapted_to(makers)
        model = next(each for each in makers if each.model == now.model)
        return OpenStoryboard(draft=draft, board=board.model_copy(update={"now": now}), model=model, wanted=board.now)

    async def save_template(self, storyboard: Storyboard, *, user_id: int, name: str) -> bool:
        """Keep a storyboard under a name, in place of what had it; say whether the name is new.

        Raises:
            PresetNameInvalid: it can't be called that.
            TooManyPresets: the person has `TEMPLATES` already.
        """
        name = checked_name(name)
        body = storyboard.changed(parent_id=None, script="").model_dump(mode="json")
        _, new = await self._presets.save(
            token_hex(8), user_id=user_id, kind=KIND, name=name, body=body, most=TEMPLATES, now=self._clock()
        )
        return new

    async def templates(self, *, user_id: int, guild_id: int | None) -> Sequence[Preset]:
        """List the templates that a person may use: their own first, then what the guild shares."""
        return await self._presets.visible(user_id=user_id, guild_id=guild_id, kind=KIND)

    async def own_templates(self, *, user_id: int) -> Sequence[Preset]:
        """List the templates that are a person's own."""
        return await self._presets.visible(user_id=user_id, guild_id=None, kind=KIND)

    async def template(self, named: str, *, user_id: int, guild_id: int | None) -> Storyboard:
        """Find the template of an id or a name.

        Raises:
            PresetUnknown: the person may use none that is called so.
        """
        wanted = " ".join(named.split()).casefold()
        for preset in await self.templates(user_id=user_id, guild_id=guild_id):
            board = Board.stored({"now": preset.body})
            if wanted in {preset.id, preset.name.casefold()} and board is not None:
                await self._presets.used(preset.id)
                return board.now
        raise PresetUnknown(name=named)

    async def delete_template(self, preset_id: str, *, user_id: int) -> bool:
        """Forget a person's own template, and say whether there was one."""
        preset = await self._presets.read(preset_id)
        if preset is None or preset.user_id != user_id or preset.kind != KIND:
            return False
        return await self._presets.delete(preset_id)

    async def _save(self, opened: OpenStoryboard, board: Board) -> OpenStoryboard:
        draft = await self._drafts.save(opened.draft, board.body(), now=self._clock())
        if draft is not None:
            return self.open_draft(draft)
        return replace(await self.read(opened.draft.id, user_id=opened.draft.user_id), behind=True)
