"""What tests share: the real speech beside the checkout, and the recorded call."""

import signal
from pathlib import Path

import pytest
from hypothesis import settings
from sound_server import sound_server as sound_server

from models.training.data.corpora import data_folder

settings.register_profile("without a clock", deadline=None)  # how long an example takes is the machine's affair
settings.load_profile("without a clock")

# In a shell's background Ctrl-C is ignored, and programs under test would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real speech; the test is skipped where it is absent."""
    folder = data_folder()
    if folder is None:
        pytest.skip("the real speech is absent: set CALMLINE_DATA to the folder that holds emotion.csv")
    return folder


@pytest.fixture(scope="session")
def recorded_call(data: Path) -> Path:
    """A calm two-channel support call, 8 kHz, left agent, right customer."""
    return data / "calls" / "auto_repairs_40.flac"
