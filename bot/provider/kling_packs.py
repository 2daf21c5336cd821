"""Reads what a Kling account has bought in advance.

Source: the `kling_models` document, "Billing and account", `GET /account/costs`. The answer has an envelope inside its
envelope, is free, and up to twelve hours late.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import model_validator

from bot.domain.pack import Pack
from bot.provider import reading
from bot.provider.kling_answer import moment

PATH: Final = "/account/costs"
SPAN: Final = timedelta(days=400)  # packs that are longer ago are no more, whatever their length
_IN_USE: Final = "online"


class _Row(reading.AnswerModel):
    id: reading.Id = ""
    name: reading.Word = ""
    status: reading.Word = ""
    total: reading.Amount = None
    left: reading.Amount = None
    ends: Any = None

    @model_validator(mode="before")
    @classmethod
    def _named(cls, row: Any) -> Any:
        return {
            "id": row.get("resource_pack_id"),
            "name": row.get("resource_pack_name"),
            "status": row.get("status"),
            "total": row.get("total_quantity"),
            "left": row.get("remaining_quantity"),
            "ends": row.get("invalid_time"),
        }


class _Packs(reading.AnswerModel):
    rows: tuple[_Row, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _inside(cls, answer: Any) -> Any:
        data = reading.object_of(reading.object_of(answer).get("data"))
        return {"rows": reading.objects(data.get("resource_pack_subscribe_infos"))}


def question(now: datetime) -> str:
    """Write the path that asks for every pack there may be."""
    begin, end = (round(each.timestamp() * 1000) for each in (now - SPAN, now))
    return f"{PATH}?start_time={begin}&end_time={end}"


def packs_in(body: bytes) -> list[Pack]:
    """Read the packs that are in use; what is odd in one leaves it out.

    Raises:
        ValueError: it is no JSON.
    """
    rows = _Packs.model_validate_json(reading.strip_bom(body)).rows
    return [
        Pack(
            id=row.id, name=row.name or row.id, total=row.total, left=min(row.left, row.total), ends_at=moment(row.ends)
        )
        for row in rows
        if row.id and row.total and row.left is not None and row.status.lower() == _IN_USE
    ]
