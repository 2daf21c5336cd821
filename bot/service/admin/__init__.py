"""Does what the admins of a server ask for: policies, credits, budgets, usage, other people's jobs."""
