"""Keeps what servers decide: policies, the audit, review cases, reports, strikes."""
