"""What is done from time to time: forgetting, deleting, guilds that were left."""
