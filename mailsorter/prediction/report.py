"""What the predictions are worth: a table, JSON, and a plot that needs no plotting library."""

from __future__ import annotations

from typing import Any

import msgspec

from mailsorter.prediction.calibration import EDGES
from mailsorter.prediction.model import MIN_MESSAGES, PredictionModel


class BandLine(msgspec.Struct, frozen=True):
    """One band of sureness: from (included) to (not), how many predictions, and how many were right."""

    sureness_from: float
    sureness_to: float | None
    predictions: int
    right: int
    precision: float
    files: bool


COVERAGE_AT = (0.9, 0.95, 0.99, 0.995)  # precisions of which the report says what each would file


class CoverageLine(msgspec.Struct, frozen=True):
    """At one precision: how many of the predictions on unseen mail would be filed, and how many of those were right."""

    precision: float
    filed: int
    right: int
    coverage: float  # the share of all predictions


class Report(msgspec.Struct, frozen=True):
    """`predict report`: counts only, nothing personal."""

    messages: int
    clients: int
    predictions: int
    target: float
    coverage: float  # the share of predictions that would be filed
    accuracy: float  # of all predictions, whatever their sureness
    on_probation: int
    is_ready: bool  # enough filed mail, and the target earned somewhere
    bands: tuple[BandLine, ...]
    coverage_at: tuple[CoverageLine, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """All of it, as plain values."""
        return dict(msgspec.to_builtins(self))


def make_report(model: PredictionModel) -> Report:
    """The report of a model as it stands."""
    calibration = model.calibration
    earned = calibration.earned(model.target)
    ends = [*EDGES[1:], None]
    bands = tuple(
        BandLine(start, end, band.size, band.right, round(band.precision, 4), number in earned)
        for number, (start, end, band) in enumerate(zip(EDGES, ends, calibration.bands, strict=True))
    )
    right = sum(band.right for band in bands)
    return Report(
        messages=len(model.memory),
        clients=len(model.memory.of_client),
        predictions=calibration.size,
        target=model.target,
        coverage=round(calibration.coverage(model.target), 4),
        accuracy=round(right / calibration.size, 4) if calibration.size else 0.0,
        on_probation=len(model.probation),
        is_ready=len(model.memory) >= MIN_MESSAGES and bool(earned),
        bands=bands,
        coverage_at=tuple(_coverage_at(model, precision) for precision in COVERAGE_AT),
    )


def _coverage_at(model: PredictionModel, precision: float) -> CoverageLine:
    calibration = model.calibration
    filed = [calibration.bands[number] for number in calibration.earned(precision)]
    size = sum(band.size for band in filed)
    share = round(size / calibration.size, 4) if calibration.size else 0.0
    return CoverageLine(precision, size, sum(band.right for band in filed), share)


_WIDTH, _HEIGHT, _LEFT, _TOP, _PLOT = 720, 420, 60, 50, 280


def plot_svg(report: Report) -> str:
    """Precision by band, as bars, with their counts and the target as a line; a complete SVG document."""
    step = (_WIDTH - _LEFT - 20) / len(report.bands)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" font-family="sans-serif" '
        'font-size="11">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="22" font-size="15">How often predictions were right, by how sure they were</text>',
        f'<text x="{_LEFT}" y="39" fill="#555">{report.predictions:,} predictions on unseen mail; target '
        f"{100 * report.target:g} %; {100 * report.coverage:.1f} % would be filed</text>",
        *_axis(),
        *(part for number, band in enumerate(report.bands) for part in _bar(number, band, step)),
        f'<line x1="{_LEFT}" x2="{_WIDTH - 20}" y1="{_y(report.target):.1f}" y2="{_y(report.target):.1f}" '
        'stroke="#b00020" stroke-dasharray="4 3"/>',
        f'<text x="{_LEFT}" y="{_HEIGHT - 10}" fill="#555">sureness (ln of first to second); dark bars file, '
        "numbers are counts</text>",
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _axis() -> list[str]:
    lines = []
    for percent in (0, 25, 50, 75, 100):
        y = _y(percent / 100)
        lines.append(f'<line x1="{_LEFT}" x2="{_WIDTH - 20}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        lines.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{percent} %</text>')
    return lines


def _bar(number: int, band: BandLine, step: float) -> list[str]:
    x = _LEFT + number * step
    top = _y(band.precision)
    colour = "#1a5fb4" if band.files else "#99c1f1"
    centre = x + step / 2
    return [
        f'<rect x="{x + 3:.1f}" y="{top:.1f}" width="{step - 6:.1f}" height="{_TOP + _PLOT - top:.1f}" '
        f'fill="{colour}"><title>{band.right} of {band.predictions}</title></rect>',
        f'<text x="{centre:.1f}" y="{top - 4:.1f}" text-anchor="middle" fill="#555">{band.predictions}</text>',
        f'<text x="{centre:.1f}" y="{_TOP + _PLOT + 16}" text-anchor="middle">{band.sureness_from:g}</text>',
    ]


def _y(share: float) -> float:
    return _TOP + _PLOT * (1 - share)
