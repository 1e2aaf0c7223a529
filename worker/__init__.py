"""The work process: claims pieces of work, and has each one done by a restricted child that alone loads models."""
