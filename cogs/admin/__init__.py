"""The `/admin` commands: what those who run a server decide, and see."""
