"""Applies numbered migrations: each once, in a transaction of its own, and recorded in the database."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from bot.domain import millis
from bot.errors import StoreError
from bot.store.database import SchemaDatabase, Transaction
from bot.store.locks import SCHEMA
from bot.values import dataclass

_RECORD = (
    "CREATE TABLE IF NOT EXISTS schema_migrations "
    "(version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Migration:
    """A numbered step of the schema."""

    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """Compute what tells whether an applied migration's text was changed afterwards."""
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def statements(self) -> tuple[str, ...]:
        """Split the text into statements, which end at a `;` at the end of a line."""
        return tuple(each.strip() for each in f"{self.sql}\n".split(";\n") if each.strip())


def shipped() -> list[Migration]:
    """List the migrations that come with the program, in order."""
    folder = Path(__file__).with_name("migrations")
    found = [each for each in folder.iterdir() if each.name.endswith(".sql")]
    return [
        Migration(version=int(file.name[:4]), name=file.name[5:-4], sql=file.read_text(encoding="utf-8"))
        for file in sorted(found, key=lambda each: each.name)
    ]


async def pending(database: SchemaDatabase, *, migrations: Sequence[Migration] | None = None) -> list[Migration]:
    """List the migrations that the database lacks, in order.

    Raises:
        StoreError: the database is newer than the program, or an applied migration's text has changed since.
        StoreUnavailable: the database cannot be written.
    """
    migrations = shipped() if migrations is None else migrations

    done = await _recorded(database)
    ours = {each.version: each for each in migrations}
    if unknown := sorted(set(done) - set(ours)):
        raise StoreError(f"the database has migrations {unknown} that this version does not know: update the program")
    for version, checksum in done.items():
        if ours[version].checksum != checksum:
            raise StoreError(f"migration {version:04} was changed after it had been applied")
    return [each for each in migrations if each.version not in done]


async def migrate(
    database: SchemaDatabase, *, now: datetime, migrations: Sequence[Migration] | None = None
) -> list[str]:
    """Apply what is missing; give back the names of what was applied.

    Raises:
        StoreError: as `pending`.
        StoreUnavailable: the database cannot be written.
    """
    return [
        f"{each.version:04}_{each.name}"
        for each in await pending(database, migrations=migrations)
        if await _apply(database, each, now)
    ]


class _Known(Exception):
    """What is recorded, thrown so that a look leaves no table behind."""

    def __init__(self, checksums: Mapping[int, str]) -> None:
        self.checksums = checksums
        super().__init__()


async def _recorded(database: SchemaDatabase) -> Mapping[int, str]:
    """Find the checksums of the migrations that were applied."""

    async def look(tx: Transaction) -> Mapping[int, str]:
        await _make_record(database, tx)
        rows = await tx.all("SELECT version, checksum FROM schema_migrations")
        raise _Known({row["version"]: row["checksum"] for row in rows})

    try:
        return await database.transact(look)
    except _Known as known:
        return known.checksums


async def _make_record(database: SchemaDatabase, tx: Transaction) -> None:
    await tx.alone(SCHEMA)  # two programs that start at the same time apply nothing twice
    for statement in database.schema([_RECORD]):
        await tx.execute(statement)


async def _apply(database: SchemaDatabase, migration: Migration, now: datetime) -> bool:
    """Apply a migration, unless another program that starts at the same time has done so."""

    async def apply(tx: Transaction) -> bool:
        await _make_record(database, tx)
        recorded = await tx.execute(
            "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (version) DO NOTHING",
            migration.version,
            migration.name,
            migration.checksum,
            millis(now),
        )
        if not recorded:
            await _demand_same(tx, migration)
            return False
        for statement in database.schema(migration.statements):
            await tx.execute(statement)
        return True

    return await database.transact(apply)


async def _demand_same(tx: Transaction, migration: Migration) -> None:
    query = "SELECT version FROM schema_migrations WHERE version = $1 AND checksum = $2"
    if await tx.one(query, migration.version, migration.checksum) is None:
        raise StoreError(f"migration {migration.version:04} was changed after it had been applied")
