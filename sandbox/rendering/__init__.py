"""The film studio of the sandbox: renders the real MP4s that its providers hand out."""
