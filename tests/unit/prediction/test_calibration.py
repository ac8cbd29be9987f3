"""When a score may file: by the outcomes of its band and of everything above it."""

from __future__ import annotations

import pytest

from mailsorter.prediction.calibration import EDGES, Band, Calibration, band_of

TOP, HIGH, LOW = 12.0, 10.0, 0.0
EARNED = [
    ("nothing counted", {}, 0.95, []),
    ("too few, though all were right", {TOP: (18, 0)}, 0.95, []),
    ("just enough, as if the next one were wrong", {TOP: (19, 0)}, 0.95, [TOP]),
    ("99.5 % needs 199 without a fault", {TOP: (198, 0)}, 0.995, []),
    ("and 199 are enough", {TOP: (199, 0)}, 0.995, [TOP]),
    ("one fault asks for more", {TOP: (300, 1)}, 0.995, []),
    ("and more is enough", {TOP: (398, 1)}, 0.995, [TOP]),
    ("a good band below joins", {TOP: (19, 0), HIGH: (40, 0)}, 0.95, [TOP, HIGH]),
    ("the pool is counted together", {TOP: (16, 0), HIGH: (16, 0)}, 0.95, [HIGH]),
    ("a band that falls short by itself stops it, though the pool would pass", {TOP: (500, 0), HIGH: (9, 1)}, 0.95,
     [TOP]),
    ("a band with little of its own is lent nothing", {TOP: (500, 0), HIGH: (14, 0)}, 0.95, [TOP]),
    ("nor is an empty one, though the next below is good", {TOP: (500, 0), LOW: (500, 0)}, 0.95, [TOP, LOW]),
    ("what lies below a bad band never files", {TOP: (500, 0), HIGH: (1, 9), LOW: (500, 0)}, 0.95, [TOP]),
    ("a bad top band files nothing", {TOP: (80, 20), HIGH: (500, 0)}, 0.95, []),
]  # fmt: skip


@pytest.mark.parametrize(("case", "counts", "target", "edges"), EARNED, ids=[row[0] for row in EARNED])
def test_bands_that_may_file(
    case: str, counts: dict[float, tuple[int, int]], target: float, edges: list[float]
) -> None:
    calibration = Calibration([Band(*counts.get(edge, (0, 0))) for edge in EDGES])
    assert [edge for edge in EDGES if calibration.may_file(edge, target)] == sorted(edges), case


def test_counts_are_halved_so_that_the_newest_weigh_most() -> None:
    calibration = Calibration()
    for _ in range(20_000):
        calibration.count(12.0, is_right=True)
    calibration.count(12.0, is_right=False)
    assert (calibration.bands[-1].right, calibration.bands[-1].wrong) == (10_000, 1)


@pytest.mark.parametrize(("sureness", "edge"), [(-1.0, 0.0), (0.0, 0.0), (0.3, 0.25), (11.9, 10.0), (99.0, 12.0)])
def test_every_sureness_has_a_band(sureness: float, edge: float) -> None:
    assert EDGES[band_of(sureness)] == edge


def test_coverage_is_the_share_above_the_floor() -> None:
    calibration = Calibration([Band(*{12.0: (300, 0), 0.0: (50, 50)}.get(edge, (0, 0))) for edge in EDGES])
    assert calibration.coverage(0.99) == 0.75
    assert Calibration().coverage(0.99) == 0.0
