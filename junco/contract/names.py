"""Names that people gave to files: shown, never used as paths."""


def display_name(name: str | None, fallback: str) -> str:
    """A name fit to show: no control characters, at most 255 characters."""
    shown = "".join(c for c in name or "" if c.isprintable()).strip()
    return shown[:255] or fallback
