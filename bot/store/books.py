"""Checks whether the books add up: every account is the sum of its lines in the ledger."""

from typing import Final

WRONG: Final = (
    "SELECT a.owner AS owner, a.period AS period FROM accounts AS a "
    "LEFT JOIN ledger AS l ON l.owner = a.owner AND l.period = a.period "
    "GROUP BY a.owner, a.period, a.held, a.settled "
    "HAVING a.held <> coalesce(sum(l.held), 0) OR a.settled <> coalesce(sum(l.settled), 0) ORDER BY a.owner, a.period"
)
"""The SQL of the accounts that are not."""

SINCE: Final = 3  # the migration since which lines have these columns
