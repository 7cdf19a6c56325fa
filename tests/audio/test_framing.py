import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from audio.frame import FRAME, MONO, STEREO, Channel
from audio.framing import Framing

AUDIO = {c: np.random.default_rng(k).standard_normal(5 * FRAME + 7).astype(np.float32) for k, c in enumerate(STEREO)}


def test_a_row_waits_for_both_channels() -> None:
    framing = Framing(STEREO)
    assert framing.feed(Channel.AGENT, AUDIO[Channel.AGENT][: 3 * FRAME]) == []
    rows = framing.feed(Channel.CUSTOMER, AUDIO[Channel.CUSTOMER][: 2 * FRAME])
    assert [[(f.channel, f.start) for f in row] for row in rows] == [
        [(Channel.AGENT, 0), (Channel.CUSTOMER, 0)],
        [(Channel.AGENT, FRAME), (Channel.CUSTOMER, FRAME)],
    ]


@given(st.lists(st.tuples(st.sampled_from(STEREO), st.integers(0, 900))))
def test_any_cut_gives_the_same_frames(cuts: list[tuple[Channel, int]]) -> None:
    framing, taken, rows = Framing(STEREO), dict.fromkeys(STEREO, 0), []
    for channel, count in cuts:
        rows += framing.feed(channel, AUDIO[channel][taken[channel] : taken[channel] + count])
        taken[channel] += count
    for channel in STEREO:
        rows += framing.feed(channel, AUDIO[channel][taken[channel] :])
    rows += framing.flush()
    for k, channel in enumerate(STEREO):
        heard = np.concatenate([row[k].samples for row in rows])
        np.testing.assert_array_equal(heard, np.pad(AUDIO[channel], (0, FRAME - 7)))


def test_flush_fills_the_shorter_channel_with_silence() -> None:
    framing = Framing(STEREO)
    framing.feed(Channel.CUSTOMER, np.ones(FRAME + 1, np.float32))
    (first, second) = framing.flush()
    assert not first[0].samples.any()
    assert first[1].samples.all()
    assert second[1].samples.sum() == 1


def test_nothing_in_nothing_out() -> None:
    assert Framing(MONO).flush() == []
