"""What the call means and what to say to the agent. Imports `audio` and the dataclasses of `models`."""

import audio.quiet  # noqa: F401 - before any library that would call home
