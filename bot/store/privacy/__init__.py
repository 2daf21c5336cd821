"""What is exported, forgotten and overwritten, and when."""
