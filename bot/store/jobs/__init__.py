"""Jobs in the database: accepted, claimed, moved on, ended, posted, taken away."""
