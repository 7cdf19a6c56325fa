"""The customer's latest speech, cut from the customer channel every half second: the only door to the tone model.

In: 20 ms frames with whether the customer was speaking in them. Out: a `ToneJob` at a tick, the last 3 s of speech
with the silence cut out. State: at most 3 s of frames. Pure; runs on whatever thread feeds it. A frame of any other
channel is refused, so an agent's voice cannot reach the tone model whatever the settings say: inferring employees'
emotions at work is prohibited in the EU (AI Act, Article 5(1)(f)).
"""

from collections import deque
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from msgspec import Meta

from audio.errors import CalmlineError
from audio.frame import FRAME, Channel, Frame, to_samples
from audio.ranges import Span
from models.tone.types import ToneJob


class NotTheCustomerError(CalmlineError):
    """Somebody else's audio was offered to the tone model."""

    def __init__(self, channel: Channel) -> None:
        super().__init__(
            f"Tone is read from the customer channel only, never from an employee's voice; "
            f"a frame of the {channel.value} channel came."
        )
        self.channel = channel


@dataclass(frozen=True, slots=True)
class CustomerSpeechSettings:
    window_s: Annotated[float, Meta(ge=0.1, le=30)] = 3.0  # seconds of speech in a job at most
    memory_s: Span = 10.0  # seconds of stream time after which speech is forgotten


class CustomerSpeech:
    """Collects the customer's speech and cuts jobs for the tone model out of it."""

    def __init__(self, settings: CustomerSpeechSettings | None = None) -> None:
        settings = settings or CustomerSpeechSettings()
        self._memory = to_samples(settings.memory_s)
        self._frames: deque[Frame] = deque(maxlen=to_samples(settings.window_s) // FRAME)
        self._fresh = False  # whether the customer has spoken since the last tick

    def feed(self, frame: Frame, speaking: bool) -> None:
        """Take one frame of the customer channel, in stream order.

        Raises
        ------
        NotTheCustomerError
            If the frame belongs to any other channel.
        """
        if frame.channel is not Channel.CUSTOMER:
            raise NotTheCustomerError(frame.channel)
        if speaking:
            self._frames.append(frame)
            self._fresh = True

    def tick(self, at: int) -> ToneJob | None:
        """The job of this point of the 0.5 s grid (stream time), or None if the customer was silent since the last.

        Whether the speech is long enough for a reading is for the model to say.
        """
        if not self._fresh:
            return None
        self._fresh = False
        recent = [frame.samples for frame in self._frames if frame.start >= at - self._memory]
        return ToneJob(at=at, samples=np.concatenate(recent)) if recent else None
