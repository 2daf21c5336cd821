"""The models as a bot with the shipped prices offers them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from bot.domain import capability
from bot.prices import table

CAPABILITIES: Final = {
    name: replace(each, tariff=table(None).tariff(provider=each.provider, model=name))
    for name, each in capability.CAPABILITIES.items()
}
KIRIN_V3, KLING_V1 = CAPABILITIES["kirin_v3_t2v"], CAPABILITIES["kling-v1"]
