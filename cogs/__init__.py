"""Discord on one side, `bot.service` on the other: a package with a `setup` is an extension."""
