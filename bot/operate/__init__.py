"""What operators do with a bot's records: back them up, restore them, see what an upgrade would do to them."""
