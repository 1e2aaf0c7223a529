"""The HTTP process."""

from importlib.metadata import version

VERSION = version("junco")
