"""Lets the people in the sandbox do what their Discord client lets them do."""
