"""The signals that rules can look at, and the reasons each of them can give. Pure data.

Every signal is a number that is worse (for a credit: better) the higher it is. Those in `SOUND` are known as soon as
the sound is; the rest waits for words.
"""

TREND_REASONS = ("tone", "arousal", "valence", "effort", "loudness", "pitch", "pace", "words")

SIGNALS: dict[str, tuple[str, ...]] = {
    "escalation": TREND_REASONS,  # the customer's trend, 0..1
    "calming": ("acknowledgement", *TREND_REASONS),  # 1 while the customer calms after the agent acknowledged
    "talk_over": ("talk_over",),  # talk-overs by the agent in the last 60 s
    "monologue": ("monologue",),  # seconds of the agent's speech since the customer last spoke
    "agent_pace": ("agent_pace",),  # words/min, or what they would be if the agent's own usual were 152
    "dead_air": ("silence",),  # seconds with neither speaking, 0 on hold
    "hold": ("hold",),  # seconds since the agent asked the customer to wait, 0 once the agent is back
    "unacknowledged": ("feeling", "answer"),  # 1 as the agent answers a voiced feeling without acknowledging it
    "negative_wording": ("wording",),  # 1 as the agent refuses or blames
}
SOUND = ("escalation", "talk_over", "monologue")
