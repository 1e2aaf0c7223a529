"""Models of which no differentiable graph can be had: run by their own executor, weights in sight."""

from junco.audit.graph.blackbox.holder import Holder
from junco.audit.graph.blackbox.make import black_box
from junco.audit.graph.blackbox.parts import Part, Role

__all__ = ["Holder", "Part", "Role", "black_box"]
