"""A job's way from the request to the posted video: accepted, submitted, followed, delivered."""
