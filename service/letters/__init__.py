"""Work that failed for good, and having it done again."""
