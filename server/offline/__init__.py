"""Recordings analysed as fast as the machine goes."""
