"""Answers `GET /account/costs` of the Kling API: the packs of units that the account has bought, and what is left.

Source: the `kling_models` document, "Billing and account". The live service tells it up to twelve hours late; here it
is told at once. What the span of the question means is not documented: here it is asked for and not looked at.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from aiohttp import web

from sandbox.providers.fields import InvalidField

ROUTE = "/kling/account/costs"
DAY = 24 * 60 * 60 * 1000  # milliseconds
TYPES = ("decreasing_total", "constant_period")
NUMBERS = ("total", "used", "days", "begins")


@dataclass(frozen=True, kw_only=True, slots=True)
class Pack:
    """One pack: its units, how many were used elsewhere, and for how many days it lasts from `begins` days on."""

    name: str = "Video units"
    id: str = "pack-1"
    type: str = TYPES[0]
    total: float = 10_000
    used: float = 0
    days: float = 90
    begins: float = 0


def read_packs(rows: Sequence[Any]) -> tuple[Pack, ...]:
    """Read packs as somebody orders them.

    Raises:
        ValueError: they are none.
    """
    packs = []
    for row in rows:
        known = isinstance(row, dict) and row.keys() <= set(Pack.__dataclass_fields__)
        numbers = known and all(isinstance(row.get(name, 0), int | float) for name in NUMBERS)
        if not numbers or row.get("type", TYPES[0]) not in TYPES:
            raise ValueError(f"a pack is an object of {', '.join(Pack.__dataclass_fields__)}")
        packs.append(Pack(**row))
    return tuple(packs)


def read_span(query: Mapping[str, str]) -> None:
    """Look whether both ends of a span are given.

    Raises:
        InvalidField: one is missing, or no time in milliseconds.
    """
    for name in ("start_time", "end_time"):
        if not query.get(name, "").isdecimal():
            raise InvalidField(name, "is required, a unix time in milliseconds")


def describe(packs: Sequence[Pack], spent: Decimal, *, opened_at: float, now: float) -> dict[str, Any]:
    """Write the packs with what is left; what was spent here is taken from the first. Times are unix seconds."""
    rows = []
    for pack in packs:
        begin = round(opened_at * 1000 + pack.begins * DAY)
        left = max(Decimal(0), Decimal(str(pack.total)) - Decimal(str(pack.used)) - spent)
        spent, end = Decimal(0), round(begin + pack.days * DAY)
        rows.append(
            {
                "resource_pack_name": pack.name,
                "resource_pack_id": pack.id,
                "resource_pack_type": pack.type,
                "total_quantity": pack.total,
                "remaining_quantity": float(left),
                "purchase_time": round(opened_at * 1000),
                "effective_time": begin,
                "invalid_time": end,
                "status": _status(left, begin, end, round(now * 1000)),
            }
        )
    return {"code": 0, "msg": "success", "resource_pack_subscribe_infos": rows}


def named(packs: Sequence[Pack], request: web.Request) -> Sequence[Pack]:
    """Leave only the pack that a question names, where it names one."""
    name = request.query.get("resource_pack_name")
    return packs if name is None else [pack for pack in packs if pack.name == name]


def _status(left: Decimal, begin: int, end: int, now: int) -> str:
    if now >= end:
        return "expired"
    if now < begin:
        return "toBeOnline"
    return "online" if left else "runOut"
