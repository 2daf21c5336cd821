"""Discord's rules for what a bot sends, by hand: those that its OpenAPI document does not state."""
