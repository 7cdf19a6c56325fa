"""Streaming words: decode requests, Whisper, its weights and its process."""
