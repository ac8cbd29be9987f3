"""The report tells what predictions are worth, in numbers and as a plot."""

from __future__ import annotations

from xml.etree import ElementTree

from mailsorter.prediction import PredictionModel
from mailsorter.prediction.calibration import EDGES
from mailsorter.prediction.report import make_report, plot_svg

from .firm import KEY, filed


def test_an_empty_model_is_not_ready_and_still_reports() -> None:
    report = make_report(PredictionModel(KEY))
    assert (report.messages, report.predictions, report.is_ready, report.coverage) == (0, 0, False, 0.0)
    ElementTree.fromstring(plot_svg(report))


def test_a_taught_model_reports_what_it_counted() -> None:
    model = PredictionModel(KEY)
    for message, client in filed(1500):
        model.learn(message, client)
    report = make_report(model)
    assert report.messages == 1500
    assert report.predictions == sum(band.predictions for band in report.bands) == 1000
    assert report.is_ready
    assert 0 < report.coverage <= 1
    assert report.as_json()["bands"][0].keys() >= {"sureness_from", "predictions", "right", "precision", "files"}
    filing = [band for band in report.bands if band.files and band.predictions]
    assert all(band.precision >= report.target for band in filing)


def test_the_plot_is_well_formed_and_has_a_bar_a_band() -> None:
    model = PredictionModel(KEY)
    for message, client in filed(800):
        model.learn(message, client)
    root = ElementTree.fromstring(plot_svg(make_report(model)))
    bars = root.findall(".//{http://www.w3.org/2000/svg}rect/{http://www.w3.org/2000/svg}title")
    assert len(bars) == len(EDGES)
