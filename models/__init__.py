"""What was said and how it sounded: streaming words, the tone model, text cues, weights. Imports `audio`."""

import audio.quiet  # noqa: F401 - before any library that would call home
