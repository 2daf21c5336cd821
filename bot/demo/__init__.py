"""The shows that `make demo` plays: the real bot in a sandbox, and somebody who types."""
