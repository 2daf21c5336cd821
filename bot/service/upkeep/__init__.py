"""Does what is due from time to time: forgetting, deleting, guilds that were left."""
