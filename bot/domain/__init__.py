"""What the words of this project mean. Pure: no I/O, only the standard library and pydantic."""
