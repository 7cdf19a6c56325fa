"""The models and rules of a process, loaded once: what every call in it is made of.

Loading checks the weights' hashes and warms the models up, so whatever is missing or altered is told here, in one
sentence, before a call begins.
"""

from pathlib import Path

from audio.paths import expanded
from audio.speech.vad import load_vad
from coach.rules import load_rules
from models.threads import bound_threads
from models.tone.dimensional_tone import DimensionalTone, is_dimensional
from models.tone.onnx_tone import OnnxTone, ToneSettings, load_session, shipped
from models.tone.types import ToneModel
from models.words.process import WordsProcess
from server.live.registry import Engine
from server.live.scheduling.capacity import measured_capacity
from server.pipeline.models import Models
from server.settings import ModelSettings, Settings

_SHIPPED = {"tone-open": "open", "tone-research": "research"}  # tone weights by name


def load_engine(settings: Settings) -> Engine:
    """Everything that calls need. Raises `CalmlineError` where weights or rules cannot be used."""
    rules = load_rules(expanded(settings.coach.rules)) if settings.coach.rules else load_rules()
    models = load_models(settings.models)
    return Engine(models, rules, settings.core, measured_capacity(models.words) if models.words else None)


def load_models(settings: ModelSettings) -> Models:
    bound_threads()
    tone = load_tone(settings.tone_weights, settings.tone)
    return Models(load_vad(), tone, WordsProcess(settings.whisper), settings.whisper.side_by_side)


def load_tone(weights: str, settings: ToneSettings) -> ToneModel:
    """The tone model by the name of its weights (tone-open, tone-research) or its file: one that `models.training`
    wrote, or audEERING's dimensional model."""
    path = tone_file(weights)
    session = load_session(path)
    return DimensionalTone(session, settings) if is_dimensional(session) else OnnxTone(path, settings)


def tone_file(weights: str) -> Path:
    """Where the tone weights of this name lie; any other name is a file's."""
    return shipped(_SHIPPED[weights]) if weights in _SHIPPED else expanded(weights)
