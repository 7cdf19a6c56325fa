from hypothesis import given
from hypothesis import strategies as st
from sounds import voices

from audio.frame import Channel, to_samples
from audio.speech.turns import Turn, TurnEnded, TurnEvent, TurnSettings, TurnStarted, TurnTracker
from audio.speech.vad import WINDOW

AGENT = Channel.AGENT
SHORT = TurnSettings(hangover_s=0.128, longest_s=0.64, cut_within_s=0.32)  # 4, 20 and 10 windows


def track(pattern: str, settings: TurnSettings = SHORT) -> list[TurnEvent]:
    tracker = TurnTracker(AGENT, settings)
    events = [event for voice in voices(pattern) for event in tracker.feed(voice)]
    return [*events, *tracker.flush(len(pattern) * WINDOW)]


def turns(pattern: str) -> list[str]:
    """Each turn's stretch of the pattern."""
    ended = [event.turn for event in track(pattern) if isinstance(event, TurnEnded)]
    return [pattern[turn.start // WINDOW : turn.end // WINDOW] for turn in ended]


def test_a_turn_starts_once_it_is_sure_and_ends_after_the_hangover() -> None:
    assert track("..#####.....") == [
        TurnStarted(at=5 * WINDOW, channel=AGENT, index=0, start=2 * WINDOW),
        TurnEnded(at=11 * WINDOW, turn=Turn(AGENT, 0, 2 * WINDOW, 7 * WINDOW), cut=False),
    ]


def test_a_click_is_no_turn() -> None:
    assert track("..##....#...##..") == []


def test_a_short_pause_does_not_end_a_turn() -> None:
    assert turns(".####...####.......") == ["####...####"]


def test_a_long_pause_does() -> None:
    assert turns(".####....####.......") == ["####", "####"]


def test_doubt_carries_speech_on_but_does_not_begin_it() -> None:
    assert turns("--###------....--....") == ["###------"]


def test_nobody_is_speaking_in_the_pauses_of_a_turn() -> None:
    tracker, speaking = TurnTracker(AGENT, SHORT), ""
    for voice in voices("####..###....."):
        tracker.feed(voice)
        speaking += "#" if tracker.speaking else "."
    assert speaking == "..##..###....."


def test_a_long_turn_is_cut_where_it_was_least_like_speech() -> None:
    pattern = "#" * 14 + "-" + "#" * 12
    first, second = (event for event in track(pattern) if isinstance(event, TurnEnded))
    assert (first.cut, second.cut) == (True, False)
    assert first.at == 20 * WINDOW
    assert first.turn.end == second.turn.start == 14 * WINDOW + WINDOW // 2
    assert second.turn.end == len(pattern) * WINDOW


def test_the_end_of_the_call_ends_the_turn_with_its_last_speech() -> None:
    assert turns("..#####..") == ["#####"]
    assert track("..##") == []


@given(st.text("##-.", max_size=120))
def test_turns_are_in_order_complete_and_not_too_long(pattern: str) -> None:
    events = track(pattern)
    started = [event for event in events if isinstance(event, TurnStarted)]
    ended = [event for event in events if isinstance(event, TurnEnded)]
    assert [event.index for event in started] == [event.turn.index for event in ended] == list(range(len(ended)))
    assert [event.start for event in started] == [event.turn.start for event in ended]
    edges = [edge for event in ended for edge in (event.turn.start, event.turn.end)]
    assert edges == sorted(edges)
    assert all(0 < event.turn.duration < to_samples(SHORT.longest_s + SHORT.hangover_s) for event in ended)
    assert [event.at for event in events] == sorted(event.at for event in events)
