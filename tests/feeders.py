"""What feeds a call in tests that need no transport."""


class Nobody:
    """A feed with nobody at its other end."""

    async def alive(self) -> bool:
        return False

    async def give_up(self) -> None:
        return
