"""The customer's speech collector: what it cuts, what it forgets, and whom it never hears."""

import numpy as np
import pytest

from audio.frame import FRAME, Channel, Frame
from models.tone.customer_speech import CustomerSpeech, CustomerSpeechSettings, NotTheCustomerError

SECOND = 50  # frames
TICK = 25


def frame(index: int, value: float = 0.1, channel: Channel = Channel.CUSTOMER) -> Frame:
    return Frame(channel, index * FRAME, np.full(FRAME, value, np.float32))


def speak(speech: CustomerSpeech, first: int, count: int, value: float = 0.1) -> int:
    """Feed `count` voiced frames from index `first`; the index after them."""
    for index in range(first, first + count):
        speech.feed(frame(index, value), speaking=True)
    return first + count


@pytest.mark.parametrize("channel", [Channel.AGENT, Channel.MIXED])
@pytest.mark.parametrize("speaking", [True, False])
def test_a_frame_of_any_other_channel_is_refused(channel: Channel, speaking: bool) -> None:
    speech = CustomerSpeech()
    with pytest.raises(NotTheCustomerError, match="customer channel only"):
        speech.feed(frame(0, channel=channel), speaking=speaking)
    assert speech.tick(TICK * FRAME) is None


def test_silence_gives_no_job() -> None:
    speech = CustomerSpeech()
    for index in range(TICK):
        speech.feed(frame(index), speaking=False)
    assert speech.tick(TICK * FRAME) is None


def test_a_job_holds_the_voiced_frames_alone_in_order() -> None:
    speech = CustomerSpeech()
    for index in range(TICK):
        speech.feed(frame(index, value=index / 100), speaking=index % 2 == 0)
    job = speech.tick(TICK * FRAME)
    assert job is not None
    assert job.at == TICK * FRAME
    np.testing.assert_allclose(job.samples[::FRAME], np.arange(0, TICK, 2, dtype=np.float32) / 100)


def test_a_job_holds_the_last_three_seconds_of_speech_at_most() -> None:
    speech = CustomerSpeech()
    after = speak(speech, 0, 2 * SECOND, value=0.1)
    after = speak(speech, after, 3 * SECOND, value=0.2)
    job = speech.tick(after * FRAME)
    assert job is not None
    assert len(job.samples) == 3 * SECOND * FRAME
    assert np.all(job.samples == np.float32(0.2))


def test_there_is_a_job_only_where_the_customer_has_spoken_since_the_last_tick() -> None:
    speech = CustomerSpeech()
    after = speak(speech, 0, SECOND)
    assert speech.tick(after * FRAME) is not None
    assert speech.tick((after + TICK) * FRAME) is None
    after = speak(speech, after + TICK, 1)
    job = speech.tick((after + TICK) * FRAME)
    assert job is not None
    assert len(job.samples) == (SECOND + 1) * FRAME


def test_speech_is_forgotten_after_ten_seconds_of_stream_time() -> None:
    speech = CustomerSpeech(CustomerSpeechSettings(memory_s=10.0))
    speak(speech, 0, SECOND, value=0.1)
    after = speak(speech, 11 * SECOND, TICK, value=0.2)
    job = speech.tick(after * FRAME)
    assert job is not None
    assert len(job.samples) == TICK * FRAME
    assert np.all(job.samples == np.float32(0.2))
