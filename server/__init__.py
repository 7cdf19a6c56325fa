"""Calls as they run: pipeline, wire protocol, HTTP and websockets, store, command line."""

import audio.quiet  # noqa: F401 - before any library that would call home
