"""Keeps libraries from calling home: what they read in the environment, set before any of them is loaded.

Every top package imports this first, so it has run before onnxruntime and huggingface_hub can be imported, in every
process: the server, the words process, captures, training, benchmarks. What the user's environment says is overridden.
onnxruntime 1.32 queues events in the user's cache and looks up its maker's host unless `ORT_DISABLE_TELEMETRY` is set
when its library is loaded; its `disable_telemetry_events()` comes too late. Imports the standard library only.
"""

import os

QUIET = {
    "ORT_DISABLE_TELEMETRY": "1",  # onnxruntime
    "HF_HUB_OFFLINE": "1",  # huggingface_hub, inside faster-whisper
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",  # a token that is stored for other programs
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "HF_HUB_DISABLE_XET": "1",  # a protocol of its own, to hosts of its own
    "DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
}

os.environ.update(QUIET)
