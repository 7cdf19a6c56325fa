"""`calmline tone`: the tone of clips, loaded and laid out for people."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from audio.speech.vad import load_vad
from server.loading import load_tone
from server.offline.clips import FileTone, read_files
from server.settings import ModelSettings

COLUMNS = ("file", " anger", " arousal", " valence", " confidence", "status")


def tone_of_files(settings: ModelSettings, paths: Iterable[Path]) -> Iterator[FileTone]:
    """The tone of each file. Raises `CalmlineError` where the models cannot be loaded."""
    yield from read_files(load_tone(settings.tone_weights, settings.tone), load_vad(), paths)


def row(read: FileTone) -> tuple[str, ...]:
    """A row of the table for people."""
    figures = (read.anger, read.arousal, read.valence, read.confidence)
    return (read.path, *("-" if figure is None else f"{figure:.2f}" for figure in figures), read.status)
