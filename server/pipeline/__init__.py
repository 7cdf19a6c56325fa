"""The pure core of a call: channel analyzers, core, reorder buffer, and the drivers for tests and analysis."""
