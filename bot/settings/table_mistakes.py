"""What is wrong with the tables that the settings name, and with the models that are offered of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from bot.settings.models import VENDOR_ADDRESS, is_relay, models, unknown
from bot.settings.prices import missing, table
from bot.settings.tables import TableUnusable

_KEYS: Final = {"kirin": ("kirin_api_key",), "kling": ("kling_api_key", "kling_access_key")}


def table_mistakes(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with the tables that raw settings name, with the models they name, and which prices are missing."""
    name = "MODEL_TABLE"
    try:
        known = models(_path(data, "model_table"))
        named = [each.strip() for each in str(data.get("kling_models") or "").split(",") if each.strip()]
        strangers = list(unknown(named, known))
        yield from (("KLING_MODELS", f"expected {problem}") for problem in strangers)
        name, capabilities = "PRICE_TABLE", known.capabilities()
        prices = table(_path(data, "price_table"), capabilities)
        providers = [service for service, keys in _KEYS.items() if any(data.get(key) for key in keys)]
        relay = is_relay(str(data.get("kling_base_url") or VENDOR_ADDRESS))
        offered = [capabilities[each] for each in known.on_offer(providers=providers, named=named, relay=relay)]
        yield from (("PRICE_TABLE", f"expected {problem}") for problem in missing(prices, offered))
    except TableUnusable as exc:
        yield from ((name, f"expected {problem}") for problem in exc.problems)


def _path(data: dict[str, Any], name: str) -> Path | None:
    return Path(file) if (file := data.get(name)) else None
