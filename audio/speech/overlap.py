"""Overlaps: where both channels spoke at once, and who came in.

In: `Voice` probabilities of both channels, window by window. Out: an `Overlap` once it is over, also while the turns of
both run on. A turn forgives pauses of half a second and more, too coarse for this; so overlaps are taken between
stretches of speech with no pause of 200 ms in them, the usual inter-pausal unit (Heldner and Edlund, "Pauses, gaps and
overlaps in conversations", Journal of Phonetics 38, 2010). State: the open stretch of each channel. Pure.
"""

from dataclasses import replace

from audio.frame import STEREO, Channel
from audio.speech.turns import Overlap, TurnEnded, TurnSettings, TurnStarted, TurnTracker, Voice

PAUSE_S = 0.2  # seconds of silence between two stretches
NEVER_S = 86_400.0  # stretches are not cut for length


class OverlapTracker:
    """`feed` the windows of both channels, in stream order on each and in step with one another."""

    def __init__(self, settings: TurnSettings | None = None) -> None:
        stretches = replace(settings or TurnSettings(), hangover_s=PAUSE_S, longest_s=NEVER_S)
        self._trackers = {channel: TurnTracker(channel, stretches) for channel in STEREO}
        self._starts: dict[Channel, int] = {}  # of the open stretches

    def feed(self, channel: Channel, voice: Voice) -> list[Overlap]:
        overlaps = []
        for event in self._trackers[channel].feed(voice):
            if isinstance(event, TurnStarted):
                self._starts[channel] = event.start
            else:
                overlaps += self._end(event)
        return overlaps

    def flush(self, at: int) -> list[Overlap]:
        """The call is over at `at`, and every stretch with it: the one that fell silent first ends first."""
        events = [event for tracker in self._trackers.values() for event in tracker.flush(at)]
        ended = sorted((event for event in events if isinstance(event, TurnEnded)), key=lambda event: event.turn.end)
        return [overlap for event in ended for overlap in self._end(event)]

    def _end(self, event: TurnEnded) -> list[Overlap]:
        """The stretch that has ended against the other channel's, if that one is open and began before its end.

        Of two stretches, the one that ends first is told first, so each pair is met once.
        """
        ended = event.turn
        del self._starts[ended.channel]
        return [
            Overlap(event.at, max(start, ended.start), ended.end, _later((ended.start, ended.channel), (start, other)))
            for other, start in self._starts.items()
            if start < ended.end
        ]


def _later(one: tuple[int, Channel], other: tuple[int, Channel]) -> Channel:
    """Who came in second. Two who start at once are not held against the agent: it was the customer."""
    return max(one, other)[1] if one[0] != other[0] else Channel.CUSTOMER
