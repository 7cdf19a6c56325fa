"""What is kept: calls, events, recordings, waveforms, reports."""
