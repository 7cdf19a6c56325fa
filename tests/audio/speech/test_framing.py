import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from audio.frame import FRAME, Channel
from audio.speech.framing import Framer

AUDIO = np.random.default_rng(1).standard_normal(5 * FRAME + 7).astype(np.float32)


def test_a_frame_comes_once_it_is_complete() -> None:
    framer = Framer(Channel.AGENT)
    assert framer.feed(AUDIO[: FRAME - 1]) == []
    frames = framer.feed(AUDIO[FRAME - 1 : 2 * FRAME + 3])
    assert [(frame.channel, frame.start) for frame in frames] == [(Channel.AGENT, 0), (Channel.AGENT, FRAME)]
    assert framer.end == 2 * FRAME + 3


@given(st.lists(st.integers(0, 900)))
def test_any_cut_gives_the_same_frames(cuts: list[int]) -> None:
    framer, taken, frames = Framer(Channel.CUSTOMER), 0, []
    for count in cuts:
        frames += framer.feed(AUDIO[taken : taken + count])
        taken += count
    frames += framer.feed(AUDIO[taken:]) + framer.fill(6 * FRAME)
    np.testing.assert_array_equal(np.concatenate([frame.samples for frame in frames]), np.pad(AUDIO, (0, FRAME - 7)))
    assert [frame.start for frame in frames] == [k * FRAME for k in range(6)]


def test_a_channel_that_is_shorter_is_filled_with_silence() -> None:
    framer = Framer(Channel.CUSTOMER)
    framer.feed(np.ones(FRAME + 1, np.float32))
    rest, silence = framer.fill(3 * FRAME)
    assert (rest.samples.sum(), silence.samples.any()) == (1, False)


def test_nothing_in_nothing_out() -> None:
    assert Framer(Channel.MIXED).fill(0) == []
