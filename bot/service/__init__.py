"""The use cases: no discord, no httpx, no SQL."""
