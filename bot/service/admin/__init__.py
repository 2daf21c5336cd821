"""What the admins of a server have: policies, credits, budgets, usage, other people's jobs."""
