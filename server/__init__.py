"""Calls as they run: pipeline, wire protocol, HTTP and websockets, store, command line."""
