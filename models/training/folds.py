"""What training measures on speakers and corpora that were left out of it.

In: windows with features. Out: figures. Only clips as they are count here, not their augmented windows; the heads that
read a speaker or a corpus are fitted without it.
"""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import recall_score, roc_auc_score

from models.training.data.windows import Windows
from models.training.evaluate import calibration_error
from models.training.heads import Heads, HeadSettings, fit, group_of


def fit_windows(windows: Windows, empty: NDArray[np.float32], settings: HeadSettings) -> Heads:
    return fit(windows.features, windows.emotions, windows.corpora, windows.speakers, empty, settings)


def calibration(heads: Heads, windows: Windows) -> float:
    """Expected calibration error of the confidence."""
    outputs = heads.read(windows.features)
    said = (outputs.posterior @ heads.groups).argmax(axis=1)
    right = said == [group_of(emotion) for emotion in windows.emotions]
    return round(calibration_error(outputs.confidence, right), 4)


def folds(windows: Windows, corpus: str, empty: NDArray[np.float32], settings: HeadSettings) -> dict[str, list[str]]:
    """Every clip of a corpus as it is ("truth") and as read ("said"), by heads that never heard its speaker.

    The classes said are those that the corpus has.
    """
    own = windows.corpora == corpus
    emotions = sorted(set(windows.emotions[own]))
    result: dict[str, list[str]] = {"truth": [], "said": []}
    for speaker in np.unique(windows.speakers[own]):
        learnt = windows.where(windows.speakers != speaker)
        heads = fit_windows(learnt, empty, settings)
        tested = windows.where((windows.speakers == speaker) & windows.whole)
        columns = [heads.classes.index(emotion) for emotion in emotions]
        best = heads.read(tested.features).posterior[:, columns].argmax(axis=1)
        result["truth"] += list(tested.emotions)
        result["said"] += [emotions[k] for k in best]
    return result


def grouped_folds_recall(windows: Windows, corpus: str, empty: NDArray[np.float32], settings: HeadSettings) -> float:
    """Unweighted average recall over the corpus's classes."""
    read = folds(windows, corpus, empty, settings)
    return round(float(recall_score(read["truth"], read["said"], average="macro")), 4)


def leave_one_corpus_out(
    learnt: Windows, tested: Windows, empty: NDArray[np.float32], settings: HeadSettings
) -> dict[str, float]:
    """Angry against the rest on each corpus by heads fitted on the others: test speakers, and train speakers too."""
    figures: dict[str, float] = {}
    for corpus in np.unique(learnt.corpora):
        others = learnt.where(learnt.corpora != corpus)
        heads = fit_windows(others, empty, settings)
        for part, windows in (("train", learnt), ("test", tested)):
            own = windows.where((windows.corpora == corpus) & windows.whole)
            anger = heads.read(own.features).anger
            figures[f"left_out_{corpus}_{part}_speakers"] = roc_auc_score(own.emotions == "angry", anger)
    for part in ("train", "test"):
        mean = np.mean([value for name, value in figures.items() if name.endswith(f"_{part}_speakers")])
        figures[f"left_out_mean_{part}_speakers"] = float(mean)
    return {name: round(float(value), 4) for name, value in figures.items()}
