"""How a voice moves: pitch, loudness, tilt, harmonicity, syllables."""
