"""Remembers which models their service has given up, and tells which have made videos."""

from datetime import UTC, datetime

from bot.domain import millis
from bot.store.database import Store, Transaction, transaction


class ModelStore(Store):
    """The models of one database."""

    @transaction
    async def give_up(self, tx: Transaction, model: str, *, until: datetime) -> None:
        """Note that a model's service has given it up, to be believed until then."""
        await tx.execute(
            "INSERT INTO given_up_models (model, until_at) VALUES ($1, $2) "
            "ON CONFLICT (model) DO UPDATE SET until_at = $2",
            model,
            millis(until),
        )

    @transaction
    async def given_up(self, tx: Transaction, *, now: datetime) -> dict[str, datetime]:
        """List the models that their service has given up, and until when that is believed."""
        rows = await tx.all("SELECT model, until_at FROM given_up_models WHERE until_at > $1", millis(now))
        return {row["model"]: _moment(row["until_at"]) for row in rows}

    @transaction
    async def last_videos(self, tx: Transaction) -> dict[str, datetime]:
        """Tell when each model has last made a video."""
        rows = await tx.all(
            "SELECT eta_key, MAX(finished_at) AS last FROM jobs WHERE status = 'succeeded' GROUP BY eta_key"
        )
        found: dict[str, datetime] = {}
        for row in rows:
            model, last = row["eta_key"].partition("/")[0], _moment(row["last"])
            found[model] = max(last, found.get(model, last))
        return found


def _moment(stamp: int) -> datetime:
    return datetime.fromtimestamp(stamp / 1000, UTC)
