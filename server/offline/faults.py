"""Whatever ends the work on one file, as one sentence about that file.

In: an exception. Out: text for people. What was foreseen says it itself; anything else is a bug or a machine at its
end, and goes to the log with its traceback.
"""

import logging
from pathlib import Path

from audio.errors import CalmlineError
from audio.text import printable

logger = logging.getLogger(__name__)


def in_a_sentence(path: Path, error: Exception) -> str:
    """What is wrong with the file, or with us."""
    if isinstance(error, CalmlineError):
        return str(error)
    name = printable(str(path))
    logger.error("%s could not be heard", name, exc_info=error)
    return f"{name} could not be heard for a fault in Calmline ({type(error).__name__}); the log says where."
