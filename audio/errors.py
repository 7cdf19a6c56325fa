"""The one exception family that reaches people. Its text is a single clear sentence: what was expected, what came."""

from audio.text import printable


class CalmlineError(Exception):
    """Something that a user can act on. Rooms subclass it; only the command line and the server catch it."""

    def __str__(self) -> str:
        """One line that can be printed and sent, whatever the file names in it are made of."""
        return printable(super().__str__())
