"""Serves a Discord and two video APIs on loopback, honest to their documents, so that any bot runs with no account.

Nothing here imports the bot: the sandbox is a second, independent reading of the documents.
"""
