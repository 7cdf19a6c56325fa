import io

import numpy as np

from audio.sources.alignment import Captured
from audio.sources.capture import QUEUE, Recorder, read, write

BLOCK = Captured(12.5, 44_100, np.array([-32768, 0, 32767], np.int16), lost=7, flagged=2)


def test_a_block_passes_through_the_pipe_unchanged() -> None:
    pipe = io.BytesIO()
    write(pipe, BLOCK)
    write(pipe, BLOCK)
    pipe.seek(0)
    for _ in range(2):
        block = read(pipe)
        assert block is not None
        assert (block.at, block.rate, block.lost, block.flagged) == (12.5, 44_100, 7, 2)
        np.testing.assert_array_equal(block.pcm, BLOCK.pcm)
    assert read(pipe) is None


def test_a_pipe_that_ends_inside_a_block_has_ended() -> None:
    pipe = io.BytesIO()
    write(pipe, BLOCK)
    for length in range(len(pipe.getvalue())):
        assert read(io.BytesIO(pipe.getvalue()[:length])) is None


def test_two_channels_are_mixed_down_to_one() -> None:
    recorder = Recorder(rate=48_000, channels=2)
    recorder.callback(np.array([[100, 300], [-32768, -32768]], np.int16).tobytes(), 2, None, None)
    block = recorder.block()
    assert block is not None
    assert (block.rate, block.pcm.tolist()) == (48_000, [200, -32768])


def test_what_finds_no_room_is_counted_with_the_next_block_that_does() -> None:
    recorder = Recorder(rate=8_000, channels=1)
    silence = np.zeros(160, np.int16).tobytes()
    for _ in range(QUEUE + 3):
        recorder.callback(silence, 160, None, "input overflow")
    blocks = [recorder.block() for _ in range(QUEUE)]
    recorder.callback(silence, 160, None, "")
    blocks.append(recorder.block())
    lost = [block.lost for block in blocks if block is not None]
    flagged = [block.flagged for block in blocks if block is not None]
    assert (lost[:-1], lost[-1]) == ([0] * QUEUE, 3 * 160)
    assert sum(flagged) == QUEUE + 3
