"""The invented call that the page is measured with is what the benchmark says it is."""

from benchmarks.pages.page_feed import MESSAGES, PAST_S, TURN_S, second
from server.protocol.events.words import WordsMessage
from server.protocol.messages import read_from_server, write


def test_every_second_has_its_messages_in_the_order_of_time() -> None:
    for number in range(3 * TURN_S):
        messages = [*second(number)]
        times = [message.at for message in messages]
        assert len(messages) == MESSAGES
        assert times == sorted(times)
        assert number <= times[0] <= times[-1] == number + 1


def test_they_are_messages_of_the_protocol() -> None:
    for number in range(TURN_S):
        assert all(type(read_from_server(write(message))) is type(message) for message in second(number))


def test_each_turn_of_each_voice_gets_its_words_once() -> None:
    told = [message for number in range(PAST_S) for message in second(number) if isinstance(message, WordsMessage)]
    assert len({(words.channel, words.turn) for words in told}) == len(told) == PAST_S // TURN_S
