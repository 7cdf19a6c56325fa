"""How the pages keep up, in a real browser."""
