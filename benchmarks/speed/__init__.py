"""How fast one call is: core, stages, latency, analysis."""
