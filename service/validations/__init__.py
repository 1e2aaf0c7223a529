"""Validations: jobs, their events, their results."""
