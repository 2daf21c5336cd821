"""The ports of `bot.service`, in Discord: results, cards and cases are posted, found again, and taken away here."""
