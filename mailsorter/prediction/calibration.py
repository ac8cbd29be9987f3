"""What the predictions' scores are worth: measured on mail that the model had not seen when it predicted.

Every message is predicted before it is learned, and whether that was right is counted in the band of its score.
A band may file when it and everything above it have earned the target together, counted as if the next one were
wrong, and it has shown enough of its own and not fallen below the target by itself.
"""

from __future__ import annotations

from bisect import bisect_right

import msgspec

# Edges of the bands of sureness: the natural logarithm of how much likelier the first client is than the second.
EDGES = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0)
# Habits change: when so many are counted, all counts are halved, and the newest weigh most.
_HALVE_AT = 20_000
# A band with fewer outcomes of its own is lent nothing by better bands: there was no mail like that yet.
_MIN_OF_ITS_OWN = 15


class Band(msgspec.Struct):
    """How predictions with scores of this band came out."""

    right: int = 0
    wrong: int = 0

    @property
    def size(self) -> int:
        return self.right + self.wrong

    @property
    def precision(self) -> float:
        """The share that was right; 0 when there was none."""
        return self.right / self.size if self.size else 0.0


class Calibration:
    """Outcomes by band."""

    def __init__(self, bands: list[Band] | None = None) -> None:
        self.bands = bands or [Band() for _ in EDGES]

    def count(self, sureness: float, *, is_right: bool) -> None:
        """Add the outcome of one prediction that was made unseen."""
        band = self.bands[band_of(sureness)]
        if is_right:
            band.right += 1
        else:
            band.wrong += 1
        if self.size >= _HALVE_AT:
            for each in self.bands:
                each.right, each.wrong = each.right // 2, (each.wrong + 1) // 2

    @property
    def size(self) -> int:
        """How many predictions were counted."""
        return sum(band.size for band in self.bands)

    def earned(self, target: float) -> frozenset[int]:
        """Positions of the bands that may file."""
        found: list[int] = []
        right = size = 0
        for position in range(len(EDGES) - 1, -1, -1):
            band = self.bands[position]
            if band.wrong and band.precision < target:
                break
            right, size = right + band.right, size + band.size
            if band.size >= _MIN_OF_ITS_OWN and right >= target * (size + 1):
                found.append(position)
        return frozenset(found)

    def may_file(self, sureness: float, target: float) -> bool:
        """Has the band of this sureness earned the target?"""
        return band_of(sureness) in self.earned(target)

    def precision_near(self, sureness: float) -> float:
        """The share of predictions of this band that came out right, drawn towards a half while there are few."""
        band = self.bands[band_of(sureness)]
        return (band.right + 1) / (band.size + 2)

    def coverage(self, target: float) -> float:
        """The share of all predictions that lies in bands that may file."""
        return sum(self.bands[position].size for position in self.earned(target)) / self.size if self.size else 0.0


def band_of(sureness: float) -> int:
    """The position of a sureness among the bands."""
    return max(0, bisect_right(EDGES, sureness) - 1)
