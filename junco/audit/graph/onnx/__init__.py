"""ONNX files: our own importer, held against onnxruntime."""

from junco.audit.graph.onnx.read import read

__all__ = ["read"]
