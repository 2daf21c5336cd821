"""What servers keep: policies, the audit log, review cases, reports, strikes."""
