"""The one exception family that reaches people. Its text is a single clear sentence: what was expected, what came."""


class CalmlineError(Exception):
    """Something that a user can act on. Rooms subclass it; only the command line and the server catch it."""
