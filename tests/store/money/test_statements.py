"""The question in `docs/money.md` that checks the books of a database by hand."""

from pathlib import Path

from tests.store.conftest import Store

PAGE = Path(__file__).parents[3] / "docs" / "money.md"


async def test_it_finds_what_is_wrong_and_nothing_else(store: Store) -> None:
    question = PAGE.read_text(encoding="utf-8").partition("```sql\n")[2].partition(";\n```")[0]
    await store.delivered()
    await store.accept()
    assert await store.rows(question) == []
    await store.database.transact(lambda tx: tx.execute("UPDATE accounts SET held = held + 1 WHERE unit = 'credits'"))
    (wrong,) = await store.rows(question)
    assert (wrong["held"], wrong["lines_held"]) == (6, 5)
