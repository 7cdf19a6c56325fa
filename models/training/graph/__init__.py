"""The tone model as an ONNX graph, built by hand."""
