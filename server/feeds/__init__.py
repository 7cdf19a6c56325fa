"""Ways in for live audio, one file each."""
