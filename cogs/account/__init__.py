"""A person and their data: what is set for them, what is kept of them, and what the bot is."""
