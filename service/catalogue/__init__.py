"""What a plan may name."""
