"""What the way through a telephone network does to a voice: band, codec, level, gain control, lost packets.

In: 16 kHz float32 of any length, a `Line`, a random generator. Out: 16 kHz float32 of the same length, as it arrives at
the other end. Nothing here knows of training: the benchmarks send calls through the same lines. About 5 ms for 3 s.
"""

from dataclasses import dataclass
from typing import Literal

import av
import numpy as np
import soxr
from numpy.typing import NDArray
from scipy.signal import butter, lfilter, sosfilt

from audio.frame import SAMPLE_RATE, Samples

Wave = NDArray[np.float32] | NDArray[np.float64]  # [shape=(n,)]
Codec = Literal["mu-law", "a-law", "opus", "none"]

LINE_RATE = 8_000  # Hz, G.711
NOMINAL_DB = -26.0  # RMS re full scale, the level that ITU-T P.56 measures calls against
PACKET_S = 0.02
_BAND = butter(4, (300, 3400), "bandpass", fs=LINE_RATE, output="sos")  # Hz
_MU, _A = 255.0, 87.6  # ITU-T G.711
_AGC_RELEASE_S, _AGC_MOST_DB = 0.4, 20.0
_BURST = 1.5  # packets that a loss takes with it, on average
_FADE = 0.5  # of a repeated packet against the one before it


@dataclass(frozen=True, slots=True)
class Line:
    """A way through the network."""

    codec: Codec = "mu-law"  # G.711 in 300-3400 Hz, Opus at `bit_rate`, or the wide band as it is
    level_db: float | None = NOMINAL_DB  # RMS re full scale before the codec, what exceeds it clipped; None: as it is
    gain_control: bool = False  # levels the voice as it speaks
    lost: float = 0.0  # share of 20 ms packets, 0..1
    bit_rate: int = 12_000  # bits a second, Opus


def carried(samples: Wave, line: Line, random: np.random.Generator) -> Samples:
    """What arrives. [shape=(n,)] The generator draws the packets that are lost."""
    rate = LINE_RATE if line.codec in ("mu-law", "a-law") else SAMPLE_RATE
    sound: Wave = np.asarray(samples, np.float32)
    if rate == LINE_RATE:
        sound = sosfilt(_BAND, soxr.resample(sound, SAMPLE_RATE, LINE_RATE))
    if line.gain_control:
        sound = levelled(sound, rate)
    if line.level_db is not None:
        sound = sound * (10 ** (line.level_db / 20) / root_mean_square(sound))
    sound = coded(np.asarray(np.clip(sound, -1, 1), np.float32), line)
    if line.lost:
        sound = with_lost_packets(sound, rate, line.lost, random)
    return _of_length(sound if rate == SAMPLE_RATE else soxr.resample(sound, rate, SAMPLE_RATE), len(samples))


def telephone(samples: Wave, level_db: float = NOMINAL_DB) -> Samples:
    """Through a flawless G.711 mu-law line at `level_db` (RMS re full scale)."""
    return carried(samples, Line(level_db=level_db), np.random.default_rng(0))


def coded(sound: Wave, line: Line) -> Wave:
    """Through the codec and back; -1..1, at the codec's own rate."""
    if line.codec == "mu-law":
        code = np.round(127 * np.sign(sound) * np.log1p(_MU * np.abs(sound)) / np.log1p(_MU)) / 127
        return np.asarray(np.sign(code) * np.expm1(np.abs(code) * np.log1p(_MU)) / _MU, np.float32)
    if line.codec == "a-law":
        whole = 1 + np.log(_A)
        size = np.abs(sound)
        code = np.where(size < 1 / _A, _A * size, 1 + np.log(np.maximum(_A * size, 1))) / whole
        code = np.round(127 * code) / 127 * whole
        return np.asarray(np.sign(sound) * np.where(code < 1, code, np.exp(code - 1)) / _A, np.float32)
    return opus(sound, line.bit_rate) if line.codec == "opus" else sound


def opus(sound: Wave, bit_rate: int) -> Samples:
    """16 kHz through libopus in its telephone setting, 20 ms packets, without the codec's delay. [shape=(n,)]"""
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format, encoder.bit_rate = SAMPLE_RATE, "mono", "flt", bit_rate
    encoder.options = {"application": "voip"}
    encoder.open()
    size, decoder = encoder.frame_size, av.CodecContext.create("libopus", "r")
    padded = np.append(sound, np.zeros(2 * size - len(sound) % size)).astype(np.float32)
    packets = []
    for start in range(0, len(padded), size):
        frame = av.AudioFrame.from_ndarray(padded[np.newaxis, start : start + size], format="flt", layout="mono")
        frame.sample_rate, frame.pts = SAMPLE_RATE, start
        packets += encoder.encode(frame)
    decoder.extradata = encoder.extradata
    decoded = np.concatenate([part.to_ndarray()[0] for packet in packets for part in decoder.decode(packet)])
    heard: Samples = soxr.resample(decoded.astype(np.float32) / 2**15, decoder.sample_rate, SAMPLE_RATE)
    return _of_length(heard, len(sound))


def levelled(sound: Wave, rate: int) -> Wave:
    """Under automatic gain control: every moment drawn halfway to one level, by 20 dB at most, within about 0.4 s."""
    fade = np.exp(-1 / (_AGC_RELEASE_S * rate))
    power = lfilter([1 - fade], [1, -fade], np.square(sound), zi=[fade * np.mean(np.square(sound))])[0]
    usual = np.mean(power) + 1e-12
    gain_db = np.clip(-5 * np.log10((power + 1e-3 * usual) / usual), -_AGC_MOST_DB, _AGC_MOST_DB)
    return np.asarray(sound * 10 ** (gain_db / 20), np.float32)


def with_lost_packets(sound: Wave, rate: int, share: float, random: np.random.Generator) -> Wave:
    """A share of the packets is lost, often two in a row; the last one that came is repeated, fainter each time.

    Gilbert's two states, E. N. Gilbert, "Capacity of a burst-noise channel", 1960.
    """
    size = round(PACKET_S * rate)
    heard, lost = np.array(sound, np.float32), False
    for start in range(size, len(heard), size):
        lost = random.random() < (1 - 1 / _BURST if lost else share / (1 - share) / _BURST)
        if lost:
            end = min(start + size, len(heard))
            heard[start:end] = _FADE * heard[start - size : end - size]
    return heard


def root_mean_square(samples: Wave) -> float:
    return float(np.sqrt(np.mean(np.square(samples)) + 1e-12))


def _of_length(sound: Wave, length: int) -> Samples:
    return np.pad(sound[:length], (0, max(0, length - len(sound)))).astype(np.float32)
