"""What was said and how it sounded: streaming words, the tone model, text cues, weights. Imports `audio`."""
