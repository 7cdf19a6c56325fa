"""Sound in: sources, framing, voice activity, prosody and turns. Imports numpy and itself only."""
