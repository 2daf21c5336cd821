"""Buttons of cases, pressed with what nobody was shown."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.domain import Case, CaseKind
from bot.domain.quota import MAX_REQUESTED_CREDITS
from bot.errors import CaseUnknown
from tests.cogs.controls import Nothing, controls, press, use


class Cases:
    """One case, whatever is asked for."""

    def __init__(self, kind: CaseKind) -> None:
        self.kind = kind

    async def read(self, case_id: str, *, guild_id: int, channel_id: int) -> Case:
        now = datetime(2026, 3, 5, tzinfo=UTC)
        return Case(
            id=case_id, kind=self.kind, guild_id=guild_id, channel_id=channel_id, user_id=3, body={}, created_at=now
        )


@pytest.mark.parametrize(
    ("kind", "amount"), [(CaseKind.MORE, 0), (CaseKind.MORE, MAX_REQUESTED_CREDITS + 1), (CaseKind.REPORT, 5)]
)
async def test_nobody_gives_an_amount_that_no_button_can_have(kind: CaseKind, amount: int) -> None:
    services: Any = SimpleNamespace(cases=Cases(kind), credits=Nothing())
    admin = press(f"give:{amount}:more-1", permissions=discord.Permissions(manage_guild=True))
    with pytest.raises(CaseUnknown):
        await use(await controls(services), admin)
