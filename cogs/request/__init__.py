"""From what was typed to a submitted request: filled in, checked, and sent on its way."""
