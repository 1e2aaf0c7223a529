"""Rules for the way back: relevance, multipliers, patterns, on the canonical graph, one node at a time."""
