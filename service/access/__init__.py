"""Who may do what: keys, tenants, limits, the log."""
