"""What the engine costs, measured."""
