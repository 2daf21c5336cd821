"""A provider and a Discord on loopback, honest to the documents, so that the whole bot runs with no account.

Nothing here imports the rest of Shotcaller: it is a second, independent reading of the documents.
"""
