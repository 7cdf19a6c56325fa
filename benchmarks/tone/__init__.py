"""Accuracy of tone, and what becomes of it over whole calls."""
