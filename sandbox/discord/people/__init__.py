"""The people in the sandbox: who they are, and what their Discord client lets them do."""
