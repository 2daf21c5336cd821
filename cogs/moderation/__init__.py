"""The buttons and forms of review cases."""
