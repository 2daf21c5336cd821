"""The videos somebody has made, and the gallery of a server."""
