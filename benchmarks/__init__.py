"""Speed, capacity and accuracy, measured on the live pipeline with only the source swapped."""

import audio.quiet  # noqa: F401 - before any library that would call home
