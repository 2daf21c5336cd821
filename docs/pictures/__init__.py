"""The pictures of the README, drawn from what the real bot says."""
