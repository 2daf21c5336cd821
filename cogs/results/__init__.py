"""The buttons under a finished video, and the inbox of those that could not be posted."""
