"""File bytes to one canonical, differentiable graph of nn modules, with its report."""

from junco.audit.graph.activations import Ceiling
from junco.audit.graph.load import load
from junco.audit.graph.parity import parity, random_probes
from junco.audit.graph.precision import double
from junco.audit.graph.steps import coverage

__all__ = ["Ceiling", "coverage", "double", "load", "parity", "random_probes"]
