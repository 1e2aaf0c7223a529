"""The words that every part of Junco shares. Standard library and pydantic only."""
