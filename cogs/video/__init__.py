"""Asking for a video: the command, the studio, the message menu, and the jobs under way."""
