"""Says how much the settings let people spend, to whoever pays the bill."""

from decimal import Decimal

from bot.domain.price import most_usd
from bot.settings import Settings
from bot.wiring.providers import configured, models_of


def most_usd_a_day(settings: Settings) -> tuple[Decimal | None, Decimal | None]:
    """Find the most that a person may cause a day in a server, and in direct messages; None for any cost."""
    rates = [rate for model in models_of(settings, configured(settings)) for rate in model.tariff.rates]
    return most_usd(settings.daily_credits, rates), most_usd(settings.direct_credits, rates)


def spending_text(settings: Settings) -> str:
    """Say in a sentence the most that a person may cause a day, and all of them a month, in USD."""
    server, direct = most_usd_a_day(settings)
    budget = settings.monthly_budget_usd
    together = "without a limit" if budget is None else f"at most {_usd(budget)} a month"
    return (
        f"a person may cause {_most(server)} a day in each server that decides nothing else, "
        f"and {_most(direct)} in direct messages; all people together {together}"
    )


def _most(usd: Decimal | None) -> str:
    return "any cost" if usd is None else f"at most {_usd(usd)}"


def _usd(amount: Decimal) -> str:
    return f"{amount:.2f} USD"
