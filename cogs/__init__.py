"""Discord on one side, `bot.service` on the other: a module with a `setup` adds to the bot what it has."""
