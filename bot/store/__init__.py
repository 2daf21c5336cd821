"""Holds the database. SQL lives here and nowhere else, in one text for every database."""
