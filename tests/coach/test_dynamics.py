"""Conversation dynamics from turns with known times."""

from audio.frame import Channel, to_samples
from audio.speech.turns import Overlap, Turn, TurnEnded, TurnStarted
from coach.dynamics import DynamicsTracker

HANGOVER_S = 0.6


class Conversation:
    """Feeds turns in the order in which they become known. Times are seconds."""

    def __init__(self) -> None:
        self.tracker = DynamicsTracker()
        self._started = dict.fromkeys(Channel, 0.0)

    def starts(self, channel: Channel, start: float) -> "Conversation":
        self._started[channel] = start
        self.tracker.feed(TurnStarted(to_samples(start + 0.1), channel, 0, to_samples(start)))
        return self

    def ends(self, channel: Channel, end: float) -> "Conversation":
        turn = Turn(channel, 0, to_samples(self._started[channel]), to_samples(end))
        self.tracker.feed(TurnEnded(to_samples(end + HANGOVER_S), turn, cut=False))
        return self

    def speaks(self, channel: Channel, start: float, end: float) -> "Conversation":
        return self.starts(channel, start).ends(channel, end)

    def overlaps(self, starter: Channel, start: float, end: float) -> "Conversation":
        self.tracker.feed(Overlap(to_samples(end + 0.2), to_samples(start), to_samples(end), starter))
        return self

    def at(self, now: float):
        return self.tracker.at(to_samples(now))


AGENT, CUSTOMER = Channel.AGENT, Channel.CUSTOMER


def test_before_anybody_spoke_all_is_zero_and_the_share_is_even():
    dynamics = Conversation().at(20)
    assert (dynamics.silence, dynamics.monologue, dynamics.agent_talk, dynamics.reply_delay) == (0, 0, 0, None)
    assert dynamics.agent_share == 0.5


def test_talk_share_counts_speech_not_the_hangover():
    dynamics = Conversation().speaks(AGENT, 1, 4).speaks(CUSTOMER, 5, 6).at(10)
    assert dynamics.agent_talk == to_samples(3)
    assert dynamics.customer_talk == to_samples(1)
    assert dynamics.agent_share == 0.75


def test_a_running_turn_counts_up_to_now():
    dynamics = Conversation().starts(AGENT, 2).at(5)
    assert dynamics.agent_talk == to_samples(3)
    assert dynamics.agent_speaking
    assert not dynamics.customer_speaking


def test_silence_counts_from_the_last_speech_of_either():
    call = Conversation().speaks(AGENT, 0, 3).speaks(CUSTOMER, 1, 2)
    assert call.at(8).silence == to_samples(5)
    assert call.starts(CUSTOMER, 8).at(9).silence == 0


def test_monologue_sums_the_agents_turns_since_the_customer_spoke():
    call = Conversation().speaks(CUSTOMER, 0, 2).speaks(AGENT, 3, 23).speaks(AGENT, 24, 44).starts(AGENT, 45)
    assert call.at(50).monologue == to_samples(20 + 20 + 5)
    assert call.starts(CUSTOMER, 50).at(51).monologue == 0


def test_monologue_goes_on_from_the_end_of_a_customer_who_was_talked_over():
    call = Conversation().starts(AGENT, 0).speaks(CUSTOMER, 2, 3)
    assert call.at(10).monologue == to_samples(7)
    assert call.ends(AGENT, 10).at(11).monologue == to_samples(7)


def test_listening_sounds_and_the_customers_interruptions_are_no_talk_overs():
    call = Conversation().overlaps(AGENT, 5, 5.6).overlaps(CUSTOMER, 10, 12)
    assert call.at(13).talk_overs == ()


def test_talk_overs_are_those_of_the_last_minute():
    call = Conversation().overlaps(AGENT, 5, 6).overlaps(AGENT, 30, 31)
    assert call.at(40).talk_overs == ((to_samples(5), to_samples(6)), (to_samples(30), to_samples(31)))
    assert call.at(70).talk_overs == ((to_samples(30), to_samples(31)),)


def test_an_interruption_with_a_breath_in_it_is_one():
    call = Conversation().overlaps(AGENT, 5, 6).overlaps(AGENT, 6.3, 7.3)
    assert call.at(10).talk_overs == ((to_samples(5), to_samples(7.3)),)


def test_reply_delay_is_the_mean_over_the_agents_replies():
    call = Conversation().speaks(CUSTOMER, 0, 2).speaks(AGENT, 3, 4).speaks(CUSTOMER, 5, 6).speaks(AGENT, 9, 10)
    assert call.at(12).reply_delay == to_samples(2)


def test_a_reply_within_the_hangover_counts_although_the_end_is_known_later():
    call = Conversation().starts(CUSTOMER, 0).starts(AGENT, 2.3).ends(CUSTOMER, 2)
    assert call.at(3).reply_delay == to_samples(2.3) - to_samples(2)


def test_going_on_after_a_pause_is_no_reply():
    call = Conversation().speaks(CUSTOMER, 0, 2).speaks(AGENT, 3, 5).speaks(AGENT, 9, 10)
    assert call.at(12).reply_delay == to_samples(1)


def test_coming_in_before_the_customer_has_finished_is_no_reply():
    call = Conversation().starts(CUSTOMER, 0).starts(AGENT, 1.5).ends(CUSTOMER, 2)
    assert call.at(3).reply_delay is None
