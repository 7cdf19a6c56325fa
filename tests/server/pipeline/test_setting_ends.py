"""Whatever a setting may be, a call can be heard with it: each number at both ends of its range, on real speech."""

from typing import Any, get_args, get_type_hints

import numpy as np
import pytest
from sounds import hear

from audio.frame import STEREO, Samples, to_samples
from audio.speech.vad import load_vad
from coach.rules import load_rules
from coach.types import Dynamics
from models.tone.onnx_tone import OnnxTone
from server.demo import DEMO_CALL
from server.pipeline.inline import InlinePipeline
from server.pipeline.models import Models
from server.settings import Settings, SettingsError, read_settings

SECTIONS = ("audio.turns.", "models.partial_words.", "models.customer_speech.", "models.tone.", "coach.")
HEARD_S = 6.0


def ends(section: type, prefix: str = "") -> list[tuple[str, float]]:
    """Every number among the settings, with each end of its range."""
    found: list[tuple[str, float]] = []
    for name, kind in get_type_hints(section, include_extras=True).items():
        if hasattr(kind, "__dataclass_fields__"):
            found += ends(kind, f"{prefix}{name}.")
        elif get_args(kind)[:1] in [(int,), (float,)]:
            found += [(prefix + name, get_args(kind)[1].ge), (prefix + name, get_args(kind)[1].le)]
    return found


ENDS = [(name, end) for name, end in ends(Settings) if name.startswith(SECTIONS)]


@pytest.fixture(scope="module")
def speech() -> list[Samples]:
    """Both channels of the demo call where they answer each other, the last word first for a talk-over."""
    agent, customer = hear(DEMO_CALL)
    return [channel[to_samples(2) : to_samples(2 + HEARD_S)] for channel in (np.roll(agent, -8000), customer)]


@pytest.fixture(scope="module")
def tone() -> OnnxTone:
    return OnnxTone()


@pytest.mark.parametrize(("name", "end"), ENDS)
def test_a_call_is_heard_at_either_end_of_a_setting(
    name: str, end: float, speech: list[Samples], tone: OnnxTone
) -> None:
    try:
        settings = read_settings(environment={}, flags={name: end})
    except SettingsError:  # it contradicts another
        return
    model = OnnxTone(settings=settings.models.tone) if name.startswith("models.tone.") else tone
    pipeline = InlinePipeline(STEREO, settings.core, load_rules(), Models(load_vad(), model, None), live=True)
    events: list[Any] = []
    for channel, samples in zip(STEREO, speech, strict=True):
        events += pipeline.feed(channel, samples)
    events += pipeline.flush()
    assert pipeline.now == HEARD_S
    assert sum(isinstance(event, Dynamics) for event in events) == HEARD_S * 2
