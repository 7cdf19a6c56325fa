import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from audio.frame import SAMPLE_RATE
from audio.speech.history import History

LONGEST = 100  # samples
STREAM = np.arange(1, 1001, dtype=np.float32)


@given(st.lists(st.integers(0, 250), max_size=12), st.integers(-20, 900), st.integers(0, LONGEST))
def test_a_cut_is_what_was_said_then(cuts: list[int], start: int, length: int) -> None:
    history, heard = History(LONGEST / SAMPLE_RATE), np.zeros(0, np.float32)
    for part in np.split(STREAM, np.minimum(np.cumsum(cuts), len(STREAM)))[: len(cuts)]:
        history.append(part)
        heard = np.concatenate((heard, part))
    assert history.end == len(heard)
    start = max(start, len(heard) - LONGEST)  # older is allowed to be forgotten
    wanted = [heard[t] if 0 <= t < len(heard) else 0 for t in range(start, start + length)]
    np.testing.assert_array_equal(history.cut(start, start + length), wanted)


def test_what_is_forgotten_is_silence_in_its_place() -> None:
    history = History(LONGEST / SAMPLE_RATE)
    history.append(STREAM)
    np.testing.assert_array_equal(history.cut(0, 1000), np.where(STREAM > 900, STREAM, 0))


def test_a_cut_is_a_copy() -> None:
    history = History(LONGEST / SAMPLE_RATE)
    history.append(STREAM[:50])
    history.cut(0, 50)[:] = 0
    np.testing.assert_array_equal(history.cut(0, 50), STREAM[:50])
