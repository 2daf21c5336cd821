"""The models of the shipped table with the shipped prices: all of them, and the two that most tests offer."""

from dataclasses import replace
from typing import Final

from bot.settings.models import models
from bot.settings.prices import table

_KNOWN: Final = models(None).capabilities()
SHIPPED: Final = {
    name: replace(each, tariff=table(None, _KNOWN).tariff(provider=each.provider, model=name))
    for name, each in _KNOWN.items()
}
KIRIN_V3, KLING_V1 = SHIPPED["kirin_v3_t2v"], SHIPPED["kling-v1"]
CAPABILITIES: Final = {each.model: each for each in (KIRIN_V3, KLING_V1)}
