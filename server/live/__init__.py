"""Calls while they run: session, scheduler, journal, registry, capacity, metrics."""
