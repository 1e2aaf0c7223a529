"""The page for people who read the API in a browser."""
