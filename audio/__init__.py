"""Sound in: sources, framing, voice activity, prosody and turns. Imports numpy and itself only."""

import audio.quiet  # noqa: F401 - before any library that would call home
