"""What is offered while somebody types, and that a slow database only leaves it out."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot.client import Shotcaller
from bot.domain import Preset
from bot.errors import StoreUnavailable
from cogs.ui import CHOICES
from cogs.ui.completions import completion, containing, my_videos, presets

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)


def interaction() -> Any:
    return SimpleNamespace(user=SimpleNamespace(id=1), guild_id=7, locale="en-US", extras={})


def preset(number: int, *, name: str = "", uses: int = 0, shared: bool = False) -> Preset:
    return Preset(
        id=f"{number:016x}",
        kind="video",
        user_id=number % 2,
        guild_id=7 if shared else 0,
        shared=shared,
        name=name or f"p{number}",
        body={},
        uses=uses,
        updated_at=datetime(2026, 3, 5, tzinfo=UTC),
    )


@dataclass
class FakePresets:
    """The services that are asked; `trouble` instead of an answer."""

    found: list[Preset] = field(default_factory=list)
    trouble: Exception | None = None
    slow: bool = False

    async def visible(self, *, user_id: int, guild_id: int | None) -> list[Preset]:
        assert (user_id, guild_id) == (1, 7)
        return self.found

    async def recent(self, user_id: int, *, text: str, most: int) -> list[Any]:
        assert (user_id, most) == (1, CHOICES)
        if self.slow:
            await asyncio.Event().wait()
        if self.trouble is not None:
            raise self.trouble
        request = SimpleNamespace(text=lambda: f"  {text}\n" + "long " * 40)
        return [SimpleNamespace(id="a", request=request, created_at=NOW - timedelta(minutes=2))]

    def bot(self) -> Shotcaller:
        return cast(
            "Shotcaller", SimpleNamespace(services=SimpleNamespace(presets=self, library=self, now=lambda: NOW))
        )


async def test_presets_are_offered_by_their_use_and_shared_ones_are_marked() -> None:
    fake_presets = FakePresets(
        [preset(1, name="Fox"), preset(2, name="FOX 2", uses=3, shared=True), preset(3, name="bear")]
    )
    offered = await completion(presets(fake_presets.bot()))(interaction(), " fox ")
    assert [(each.name, each.value) for each in offered] == [("🌐 FOX 2", f"{2:016x}"), ("Fox", f"{1:016x}")]
    mine = completion(presets(fake_presets.bot(), lambda each, user_id: each.user_id == user_id))
    assert [each.name for each in await mine(interaction(), "")] == ["Fox", "bear"]


async def test_no_more_is_offered_than_discord_takes() -> None:
    fake_presets = FakePresets([preset(number) for number in range(60)])
    assert len(await completion(presets(fake_presets.bot()))(interaction(), "")) == CHOICES
    (video,) = await completion(my_videos(fake_presets.bot()))(interaction(), "a fox")
    assert video.name.startswith("“a fox long")
    assert video.name.endswith("…”, 2 minutes ago")
    assert len(video.name) <= 100


@pytest.mark.parametrize("fake_presets", [FakePresets(trouble=StoreUnavailable("locked")), FakePresets(slow=True)])
async def test_a_database_in_trouble_offers_nothing(fake_presets: FakePresets) -> None:
    assert await completion(my_videos(fake_presets.bot()))(interaction(), "") == []


async def test_a_choice_is_named_and_cut_for_discord() -> None:
    async def offers(_: Any, typed: str) -> list[tuple[str, str]]:
        return [(" \n", "the id"), *containing(typed, ["Fox", "x" * 150])]

    nameless, fox, long = await completion(offers)(interaction(), " X")
    assert (nameless.name, nameless.value) == ("the id", "the id")
    assert (fox.name, fox.value) == ("Fox", "Fox")
    assert (long.name, long.value) == ("x" * 99 + "…", "x" * 100)
