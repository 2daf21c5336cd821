"""Checks by hand what a bot sends, where Discord's OpenAPI document does not state the rule."""
