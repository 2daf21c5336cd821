"""What people decide: review cases and reports."""
