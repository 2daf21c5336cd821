"""Keeps named settings: a person's own, or shared with a guild. What they hold is JSON of the kind's own shape."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from bot.domain import Preset, Row, millis
from bot.errors import PresetNameTaken, TooManyPresets
from bot.store.database import Store, Transaction, transaction
from bot.store.locks import presets_of, shared_presets_of

_EVERYWHERE: Final = 0  # the guild of what is not shared
_IN_ORDER: Final = "ORDER BY name"  # the order of both indexes


class PresetStore(Store):
    """Keeps the presets of one database. Every method is one transaction and may raise `StoreUnavailable`."""

    @transaction
    async def save(
        self,
        tx: Transaction,
        preset_id: str,
        *,
        user_id: int,
        kind: str,
        name: str,
        body: Mapping[str, Any],
        most: int,
        now: datetime,
    ) -> tuple[Preset, bool]:
        """Keep settings under a name of a person's own, in place of what had it; say also whether they are new.

        Raises:
            TooManyPresets: the person has `most` already.
        """
        await tx.alone(presets_of(user_id))
        text = json.dumps(body, ensure_ascii=False)
        row = await tx.one(
            "UPDATE presets SET body = $4, updated_at = $5 "
            "WHERE user_id = $1 AND kind = $2 AND name = $3 AND shared = 0 RETURNING *",
            *(user_id, kind, name, text, millis(now)),
        )
        if row is not None:
            return Preset.from_row(row), False
        await _refuse_more(tx, "user_id = $1 AND shared = 0", user_id, kind, most=most)
        row = await tx.one(
            "INSERT INTO presets (id, kind, user_id, name, body, updated_at) VALUES ($1, $2, $3, $4, $5, $6) "
            "RETURNING *",
            *(preset_id, kind, user_id, name, text, millis(now)),
        )
        return _preset(row), True

    @transaction
    async def read(self, tx: Transaction, preset_id: str) -> Preset | None:
        """Read the preset of that id, whoever's it is."""
        row = await tx.one("SELECT * FROM presets WHERE id = $1", preset_id)
        return Preset.from_row(row) if row else None

    @transaction(snapshot=True)
    async def visible(self, tx: Transaction, *, user_id: int, guild_id: int | None, kind: str) -> list[Preset]:
        """List what a person may use there of a kind: their own first, then what the guild shares, by name."""
        own = await tx.all(
            f"SELECT * FROM presets WHERE user_id = $1 AND kind = $2 AND shared = 0 {_IN_ORDER}",  # noqa: S608 (a constant)
            *(user_id, kind),
        )
        shared = await tx.all(
            f"SELECT * FROM presets WHERE guild_id = $1 AND kind = $2 AND shared = 1 {_IN_ORDER}",  # noqa: S608 (a constant)
            *(guild_id or -1, kind),
        )
        return [Preset.from_row(row) for row in (*own, *shared)]

    @transaction
    async def share(self, tx: Transaction, preset: Preset, *, guild_id: int, most: int) -> Preset | None:
        """Give a preset to its author's guild; None where it is gone.

        Raises:
            PresetNameTaken: the guild has another one of that name.
            TooManyPresets: the guild has `most` already.
        """
        await tx.alone(shared_presets_of(guild_id))
        await _refuse_taken(tx, "guild_id = $1 AND kind = $2 AND name = $3 AND shared = 1", guild_id, preset)
        await _refuse_more(tx, "guild_id = $1 AND shared = 1", guild_id, preset.kind, most=most)
        return await _place(tx, preset, guild_id=guild_id, shared=1)

    @transaction
    async def unshare(self, tx: Transaction, preset: Preset) -> Preset | None:
        """Give a preset back to its author alone; None where it is gone.

        Raises:
            PresetNameTaken: the author has another one of that name.
        """
        await tx.alone(presets_of(preset.user_id))
        await _refuse_taken(tx, "user_id = $1 AND kind = $2 AND name = $3 AND shared = 0", preset.user_id, preset)
        return await _place(tx, preset, guild_id=_EVERYWHERE, shared=0)

    @transaction
    async def used(self, tx: Transaction, preset_id: str) -> None:
        """Count one more use."""
        await tx.execute("UPDATE presets SET uses = uses + 1 WHERE id = $1", preset_id)

    @transaction
    async def delete(self, tx: Transaction, preset_id: str) -> bool:
        """Forget a preset, and say whether there was one."""
        return await tx.execute("DELETE FROM presets WHERE id = $1", preset_id) == 1


async def _refuse_more(tx: Transaction, where: str, owner: int, kind: str, *, most: int) -> None:
    row = await tx.one(f"SELECT count(*) AS n FROM presets WHERE {where} AND kind = $2", owner, kind)  # noqa: S608 (constants)
    if row is not None and row["n"] >= most:
        raise TooManyPresets(limit=most)


async def _refuse_taken(tx: Transaction, where: str, owner: int, preset: Preset) -> None:
    row = await tx.one(f"SELECT id FROM presets WHERE {where}", owner, preset.kind, preset.name)  # noqa: S608 (constants)
    if row is not None and row["id"] != preset.id:
        raise PresetNameTaken(name=preset.name)


async def _place(tx: Transaction, preset: Preset, *, guild_id: int, shared: int) -> Preset | None:
    row = await tx.one(
        "UPDATE presets SET guild_id = $2, shared = $3 WHERE id = $1 RETURNING *", preset.id, guild_id, shared
    )
    return Preset.from_row(row) if row else None


def _preset(row: Row | None) -> Preset:
    if row is None:
        raise RuntimeError("an INSERT … RETURNING gave no row")
    return Preset.from_row(row)
