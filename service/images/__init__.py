"""Uploaded image sets."""
