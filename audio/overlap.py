"""Overlaps: where both channels spoke at once, and who came in.

In: `Voice` probabilities of both channels, window by window. Out: an `Overlap` once it is over, also while the turns of
both run on. A turn forgives pauses of half a second and more, too coarse for this; so overlaps are taken between
stretches of speech with no pause of 200 ms in them, the usual inter-pausal unit (Heldner and Edlund, "Pauses, gaps and
overlaps in conversations", Journal of Phonetics 38, 2010). State: the open stretch of each channel. Pure.
"""

from dataclasses import replace

from audio.frame import STEREO, Channel
from audio.turns import Overlap, Turn, TurnEvent, TurnSettings, TurnStarted, TurnTracker, Voice

PAUSE_S = 0.2  # seconds of silence between two stretches
NEVER_S = 86_400.0  # stretches are not cut for length


class OverlapTracker:
    """`feed` the windows of both channels, in stream order on each and in step with one another."""

    def __init__(self, settings: TurnSettings | None = None) -> None:
        stretches = replace(settings or TurnSettings(), hangover_s=PAUSE_S, longest_s=NEVER_S)
        self._trackers = {channel: TurnTracker(channel, stretches) for channel in STEREO}
        self._starts: dict[Channel, int] = {}  # of the open stretches

    def feed(self, channel: Channel, voice: Voice) -> list[Overlap]:
        return self._take(self._trackers[channel].feed(voice))

    def flush(self, at: int) -> list[Overlap]:
        return [overlap for tracker in self._trackers.values() for overlap in self._take(tracker.flush(at))]

    def _take(self, events: list[TurnEvent]) -> list[Overlap]:
        overlaps = []
        for event in events:
            if isinstance(event, TurnStarted):
                self._starts[event.channel] = event.start
            else:
                del self._starts[event.turn.channel]
                overlaps += self._with_other(event.at, event.turn)
        return overlaps

    def _with_other(self, at: int, ended: Turn) -> list[Overlap]:
        """The stretch that has ended against the other channel's, if that one is open and began before its end.

        Of two stretches, the one that ends first is reported first, so each pair is met once.
        """
        return [
            Overlap(at, max(start, ended.start), ended.end, other if start > ended.start else ended.channel)
            for other, start in self._starts.items()
            if start < ended.end
        ]
