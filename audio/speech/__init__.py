"""One channel as frames: levels, voice activity, turns, and overlaps with the other."""
