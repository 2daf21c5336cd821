"""Discord on one side, `bot.service` on the other: a plain module is an extension, an _underscore helps them."""
