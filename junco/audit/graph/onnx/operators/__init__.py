"""ONNX operators in torch's words, one small function each."""
