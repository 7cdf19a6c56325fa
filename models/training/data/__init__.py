"""What the tone model learns from: corpora, windows, and the lines and rooms they are heard through."""
