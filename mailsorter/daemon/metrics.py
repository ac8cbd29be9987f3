"""The daemon's figures for Prometheus. A mailbox is the ledger's opaque number; no label holds anything of anyone."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from mailsorter import __version__
from mailsorter.daemon.service import Service

_TOTALS = {
    "looks": "Looks at the mailbox.",
    "failed looks": "Looks that failed.",
    "pulled": "Messages seen.",
    "filed": "Messages filed.",
    "left": "Messages left where they are.",
    "failed": "Messages that could not be filed.",
}


class DaemonCollector(Collector):
    """Reads the figures when they are asked for; nothing is counted twice."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterator[Metric]:
        """All figures as they are now."""
        yield from self._whole()
        yield from self._mailboxes()
        yield from self._brakes()
        yield from self._totals()

    def _whole(self) -> Iterator[Metric]:
        service = self._service
        version = GaugeMetricFamily("mailsorter_build_info", "The version that runs.", labels=["version"])
        version.add_metric([__version__], 1)
        yield version
        yield GaugeMetricFamily("mailsorter_mailboxes", "Mailboxes looked after.", len(service.mailboxes))
        standing = GaugeMetricFamily("mailsorter_trouble", "Standing troubles.", labels=["kind", "for_person"])
        kinds: dict[tuple[str, str], int] = {}
        for trouble in service.troubles.standing():
            label = (trouble.meaning.kind, "yes" if trouble.meaning.needs_person else "no")
            kinds[label] = kinds.get(label, 0) + max(1, len(trouble.struck))
        for label, count in sorted(kinds.items()):
            standing.add_metric(label, count)
        yield standing
        size, log = service.ledger.sizes()
        yield GaugeMetricFamily("mailsorter_ledger_bytes", "Size of the SQLite ledger.", size)
        yield GaugeMetricFamily("mailsorter_ledger_log_bytes", "Size of its write-ahead log.", log)
        due = sum(1 for notice in service.notices if notice.is_due)
        yield GaugeMetricFamily("mailsorter_cases_due", "Terms and kept items of cases that are due.", due)

    def _mailboxes(self) -> Iterator[Metric]:
        now = self._service.clock.now()
        lag = GaugeMetricFamily("mailsorter_lag_seconds", "Age of the last complete look.", labels=["mailbox"])
        failing = GaugeMetricFamily("mailsorter_failed_in_a_row", "Failed looks in a row.", labels=["mailbox"])
        quota = GaugeMetricFamily("mailsorter_quota_used", "Share of the request quota in use.", labels=["mailbox"])
        for mailbox in list(self._service.mailboxes.values()):
            label = [str(mailbox.number)]
            used = self._service.quota_used(mailbox.job.address)
            if used is not None:
                quota.add_metric(label, used)
            lag.add_metric(label, mailbox.lag_s(now, self._service.started))
            failing.add_metric(label, mailbox.failures)
        yield quota
        yield lag
        yield failing

    def _brakes(self) -> Iterator[Metric]:
        stopped = GaugeMetricFamily("mailsorter_brake", "A brake stops the mailbox.", labels=["mailbox", "brake"])
        since = GaugeMetricFamily(
            "mailsorter_brake_since_seconds", "Since when, in seconds since 1970.", labels=["mailbox", "brake"]
        )
        for number, brake in sorted((self._service.standing_brakes() or {}).items()):
            stopped.add_metric([str(number), brake.code], 1)
            since.add_metric([str(number), brake.code], brake.since_s)
        yield stopped
        yield since

    def _totals(self) -> Iterator[Metric]:
        mailboxes = list(self._service.mailboxes.values())
        for name, about in _TOTALS.items():
            total = CounterMetricFamily(f"mailsorter_{name.replace(' ', '_')}", about, labels=["mailbox"])
            for mailbox in mailboxes:
                total.add_metric([str(mailbox.number)], mailbox.totals[name])
            yield total
        spent = CounterMetricFamily("mailsorter_look_seconds", "Time spent on looks.", labels=["mailbox"])
        for mailbox in mailboxes:
            spent.add_metric([str(mailbox.number)], mailbox.seconds)
        yield spent


def registry(service: Service) -> CollectorRegistry:
    """A registry of this daemon's figures alone, with those of the process."""
    from prometheus_client import ProcessCollector

    made = CollectorRegistry(auto_describe=False)
    made.register(DaemonCollector(service))
    ProcessCollector(registry=made)
    return made
