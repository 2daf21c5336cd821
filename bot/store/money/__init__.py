"""Keeps money in the database: accounts and their ledger, grants, budgets, and whether it all adds up."""
