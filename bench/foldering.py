"""Foldering of mail that people filed, in time order: train on all before, test on the next 100, step 100.

    python -m bench.foldering DIR [DIR...] [--no-svm]

DIR is one user's tree of folders of message files; the folder is the label. Reports the mean over steps of the
accuracy (a folder never seen counts as an error; beside it, those left out), and how much can be filed at 95, 99 and
99.5 % precision: predictions sorted by score, the longest head that is right so often. Baselines: the most frequent
folder, the sender's most frequent folder, and a linear SVM on words (needs the bench extra).
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.mail import Parsed, read_tree
from bench.table import show
from mailsorter.prediction import PredictionModel

STEP = 100
Answer = tuple[str, float]
Learner = Callable[[Sequence[Parsed], Sequence[Parsed]], list[Answer]]


@dataclass
class Result:
    steps: list[float] = field(default_factory=list)
    steps_seen: list[float] = field(default_factory=list)
    scored: list[tuple[float, bool]] = field(default_factory=list)
    seconds: float = 0.0

    def row(self, name: str) -> list[object]:
        mean = 100 * sum(self.steps) / len(self.steps)
        seen = 100 * sum(self.steps_seen) / len(self.steps_seen)
        return [name, mean, seen, *(100 * coverage(self.scored, p) for p in (0.95, 0.99, 0.995)), self.seconds]


def coverage(scored: list[tuple[float, bool]], precision: float) -> float:
    """The largest share, taken from the top score down, that is right so often."""
    right = best = 0
    for count, (_, is_right) in enumerate(sorted(scored, key=lambda pair: -pair[0]), start=1):
        right += is_right
        if right >= precision * count:
            best = count
    return best / len(scored) if scored else 0.0


def run(mail: list[Parsed], learner: Learner) -> Result:
    result = Result()
    start = time.process_time()
    for cut in range(STEP, len(mail), STEP):
        before, after = mail[:cut], mail[cut : cut + STEP]
        answers = learner(before, after)
        known = {one.folder for one in before}
        right = [answer[0] == one.folder for answer, one in zip(answers, after, strict=True)]
        result.steps.append(sum(right) / len(right))
        of_seen = [is_right for is_right, one in zip(right, after, strict=True) if one.folder in known]
        result.steps_seen.append(sum(of_seen) / max(1, len(of_seen)))
        result.scored += [(answer[1], is_right) for answer, is_right in zip(answers, right, strict=True)]
    result.seconds = time.process_time() - start
    return result


def majority(before: Sequence[Parsed], after: Sequence[Parsed]) -> list[Answer]:
    folder, count = Counter(one.folder for one in before).most_common(1)[0]
    return [(folder, count / len(before))] * len(after)


def sender_history(before: Sequence[Parsed], after: Sequence[Parsed]) -> list[Answer]:
    history: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in before:
        history[_sender(one)][one.folder] += 1
    fallback = majority(before, after[:1])[0][0]
    answers = []
    for one in after:
        seen = history.get(_sender(one))
        if seen:
            folder, count = seen.most_common(1)[0]
            answers.append((folder, count / (seen.total() + 1)))
        else:
            answers.append((fallback, 0.0))
    return answers


def _sender(one: Parsed) -> str:
    return one.message.from_.address.lower() if one.message.from_ else ""


class Ours:
    """mailsorter's own model, fed as the mail comes."""

    def __init__(self, *, bodies: bool) -> None:
        self._model = PredictionModel(b"bench" * 4, reads_bodies=bodies)
        self._learned = 0

    def __call__(self, before: Sequence[Parsed], after: Sequence[Parsed]) -> list[Answer]:
        for one in before[self._learned :]:
            self._model.learn(one.message, one.folder, one.text)
        self._learned = len(before)
        answers = []
        for one in after:
            ranked, sureness = self._model.rank(one.message, one.text)
            answers.append((ranked[0][0], sureness) if ranked else ("", 0.0))
        return answers


def svm(before: Sequence[Parsed], after: Sequence[Parsed]) -> list[Answer]:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    vectorizer = TfidfVectorizer(sublinear_tf=True, min_df=2)
    train = vectorizer.fit_transform([_words(one) for one in before])
    labels = [one.folder for one in before]
    if len(set(labels)) < 2:
        return [(labels[0], 0.0)] * len(after)
    classifier = LinearSVC(C=1.0, dual=True).fit(train, labels)
    decisions = classifier.decision_function(vectorizer.transform([_words(one) for one in after]))
    answers = []
    for row in decisions:
        if len(classifier.classes_) == 2:
            answers.append((str(classifier.classes_[int(row > 0)]), abs(float(row))))
            continue
        order = row.argsort()
        answers.append((str(classifier.classes_[order[-1]]), float(row[order[-1]] - row[order[-2]])))
    return answers


def _words(one: Parsed) -> str:
    people = " ".join(p.address.replace("@", "_at_").replace(".", "_") for p in one.message.participants)
    return f"{one.message.subject} {people} {one.text}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("roots", type=Path, nargs="+")
    parser.add_argument("--no-svm", action="store_true")
    options = parser.parse_args()
    for root in options.roots:
        mail = sorted(
            read_tree(root), key=lambda p: (p.message.received_at or datetime.min.replace(tzinfo=UTC), str(p.path))
        )
        learners: dict[str, Learner] = {"most frequent": majority, "sender history": sender_history}
        if not options.no_svm:
            learners["linear SVM"] = svm
        learners["ours, headers only"] = Ours(bodies=False)
        learners["ours, with bodies"] = Ours(bodies=True)
        rows = [run(mail, learner).row(name) for name, learner in learners.items()]
        head = ["learner", "accuracy %", "seen folders %", "at 95 %", "at 99 %", "at 99.5 %", "CPU s"]
        show(f"{root.name}: {len(mail):,} messages, {len({one.folder for one in mail})} folders", head, rows)


if __name__ == "__main__":
    main()
