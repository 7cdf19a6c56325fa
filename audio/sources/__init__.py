"""Where sound comes from: recordings, and a headset's devices."""
