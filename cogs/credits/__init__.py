"""Credits: `/quota`, asking for more, and giving some away."""
