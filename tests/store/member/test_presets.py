from itertools import count
from typing import Any

import pytest

from bot.domain import Preset
from bot.errors import PresetNameTaken, TooManyPresets
from bot.store.member.presets import PresetStore
from tests.store.conftest import Store

_numbers = count(1)


async def saved(store: Store, name: str, *, user_id: int = 1, most: int = 9, kind: str = "video") -> Preset:
    body: dict[str, Any] = {"prompt": "雪 {x}"}
    preset, _ = await PresetStore(store.database).save(
        f"{next(_numbers):016x}", user_id=user_id, kind=kind, name=name, body=body, most=most, now=store.now
    )
    return preset


async def names(store: Store, *, user_id: int = 1, guild_id: int | None = 7) -> list[str]:
    found = await PresetStore(store.database).visible(user_id=user_id, guild_id=guild_id, kind="video")
    return [preset.name for preset in found]


async def test_a_preset_is_read_as_it_was_saved_and_changed_under_its_name(store: Store) -> None:
    presets, first = PresetStore(store.database), await saved(store, "fox")
    assert await presets.read(first.id) == first
    assert (first.body, first.updated_at, first.shared, first.uses) == ({"prompt": "雪 {x}"}, store.now, False, 0)
    changed, new = await presets.save(
        "f" * 16, user_id=1, kind="video", name="fox", body={}, most=1, now=store.later(1)
    )
    assert (changed.id, changed.body, new) == (first.id, {}, False)
    await presets.used(first.id)
    again = await presets.read(first.id)
    assert again is not None
    assert again.uses == 1


async def test_a_person_has_only_so_many_of_a_kind(store: Store) -> None:
    await saved(store, "one", most=1)
    await saved(store, "one", most=1, kind="storyboard")
    await saved(store, "one", most=1, user_id=2)
    with pytest.raises(TooManyPresets) as refused:
        await saved(store, "two", most=1)
    assert refused.value.limit == 1


async def test_what_is_shared_is_seen_in_its_guild_and_by_its_author_as_the_guilds(store: Store) -> None:
    presets, fox = PresetStore(store.database), await saved(store, "fox")
    await saved(store, "bear")
    shared = await presets.share(fox, guild_id=7, most=9)
    assert shared is not None
    assert (shared.shared, shared.guild_id) == (True, 7)
    assert await names(store) == ["bear", "fox"]
    assert await names(store, user_id=2) == ["fox"]
    assert await names(store, user_id=2, guild_id=8) == await names(store, user_id=2, guild_id=None) == []
    assert [shared.visible_to(2, guild_id=place) for place in (7, 8, None)] == [True, False, False]
    assert shared.visible_to(1, guild_id=None)
    assert await presets.unshare(shared) == fox
    assert await names(store, user_id=2) == []


async def test_a_name_is_one_preset_of_a_guild_and_one_of_a_person(store: Store) -> None:
    presets, fox, twin = PresetStore(store.database), await saved(store, "fox"), await saved(store, "fox", user_id=2)
    shared = await presets.share(fox, guild_id=7, most=9)
    assert shared is not None
    assert await presets.share(shared, guild_id=7, most=9) == shared
    with pytest.raises(PresetNameTaken):
        await presets.share(twin, guild_id=7, most=9)
    await saved(store, "fox")
    with pytest.raises(PresetNameTaken):
        await presets.unshare(shared)
    with pytest.raises(TooManyPresets):
        await presets.share(await saved(store, "bear"), guild_id=7, most=1)


async def test_what_is_deleted_is_gone_for_whoever_still_knows_it(store: Store) -> None:
    presets, fox = PresetStore(store.database), await saved(store, "fox")
    assert [await presets.delete(fox.id) for _ in range(2)] == [True, False]
    assert await presets.read(fox.id) is None
    assert await presets.share(fox, guild_id=7, most=9) is None
    assert await presets.unshare(fox) is None
