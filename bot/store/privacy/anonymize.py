"""Takes names off what has to stay: accounts and their ledger keep every amount, and nobody's id."""

import json
from collections.abc import Sequence
from secrets import token_hex
from typing import Final

from bot.domain import Account, Fund, Row, Unit
from bot.store.database import Transaction
from bot.store.money import ledger
from bot.store.privacy.export import mentions, without

# Lines that a person has caused in others' accounts, with the words that they gave them.
UNNAMED: Final = "UPDATE ledger SET actor_id = NULL, note = '' WHERE actor_id = $1"


async def lock_accounts(tx: Transaction, rows: Sequence[Row]) -> Sequence[Account]:
    """Lock accounts of database rows, in the order in which all are locked, and read them as they are now."""
    funds = [Fund(owner=row["owner"], period=row["period"], unit=Unit(row["unit"])) for row in rows]
    return list((await ledger.lock(tx, funds)).values())


async def anonymize_account(tx: Transaction, owner: str, period: str) -> None:
    """Give an account and its lines to nobody in the same guild. What it still holds ends there as it would have.

    No job that is paid from it may end meanwhile: it would look for the account under its old name.
    """
    nobody = f"gone:{token_hex(8)}@{owner.partition('@')[2]}"
    await tx.execute("UPDATE accounts SET owner = $3 WHERE owner = $1 AND period = $2", owner, period, nobody)
    await tx.execute(
        "UPDATE ledger SET owner = $3, id = replace(id, $1, $3), note = '' WHERE owner = $1 AND period = $2",
        owner,
        period,
        nobody,
    )


async def anonymize_lines(tx: Transaction, user_id: int) -> None:
    """Take a person out of the lines of others' accounts: whom they granted, and to whom they gave."""
    await tx.execute(UNNAMED, user_id)
    for row in await tx.all("SELECT id, note FROM ledger WHERE note LIKE $1", f"%{user_id}%"):
        if mentions(row["note"], user_id):
            await tx.execute("UPDATE ledger SET note = '' WHERE id = $1", row["id"])


async def anonymize_mentions(tx: Transaction, user_id: int) -> None:
    """Take a person out of what cases and the audit say: what they decided, or were part of."""
    await tx.execute("UPDATE cases SET decided_by = NULL WHERE decided_by = $1", user_id)
    await _clear_texts(tx, "cases", "body", user_id)
    await tx.execute("UPDATE audit SET actor_id = 0 WHERE actor_id = $1", user_id)
    await _clear_texts(tx, "audit", "detail", user_id)


async def _clear_texts(tx: Transaction, table: str, column: str, user_id: int) -> None:
    """Take a person out of the JSON texts of a table."""
    rows = await tx.all(
        f"UPDATE {table} SET {column} = {column} WHERE {column} LIKE $1 RETURNING id, {column} AS text",  # noqa: S608 (constants)
        f"%{user_id}%",
    )
    for row in rows:
        if mentions(row["text"], user_id):
            text = json.dumps(without(json.loads(row["text"]), user_id), ensure_ascii=False, sort_keys=True)
            await tx.execute(f"UPDATE {table} SET {column} = $2 WHERE id = $1", row["id"], text)  # noqa: S608 (constants)
