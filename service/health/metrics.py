"""Prometheus metrics, in a registry of the app's own."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, Info
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from junco.contract.job import JobState
from junco.storage import Blobs, Records
from service import VERSION


class Metrics:
    """What this process counts by itself."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._series: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self.requests = Counter(
            "junco_http_requests", "HTTP requests.", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "junco_http_request_seconds", "Time to answer.", ("method", "route"), registry=self.registry
        )
        self.jobs = Counter(
            "junco_jobs", "Validations, by what this process saw happen.", ("event",), registry=self.registry
        )
        self.jobs.labels("submitted")
        Info("junco_build", "The version that runs.", registry=self.registry).info({"version": VERSION})

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """One more request."""
        name = (method, route, status)
        if name not in self._series:  # finding a series by its labels costs more than counting in it
            self._series[name] = (self.requests.labels(*map(str, name)), self.seconds.labels(method, route))
        requests, times = self._series[name]
        requests.inc()
        times.observe(seconds)

    def count(self, event: str) -> None:
        """One more job to which ``event`` happened."""
        self.jobs.labels(event).inc()

    def watch(self, records: Records, blobs: Blobs) -> None:
        """Show the records' state at every scrape."""
        self.registry.register(_State(records, blobs))


class _State(Collector):
    """Read at the scrape: every replica of the service shows the same."""

    def __init__(self, records: Records, blobs: Blobs) -> None:
        self._records, self._blobs = records, blobs

    def describe(self) -> list[Metric]:
        return []  # so that registering asks the database nothing

    def collect(self) -> Iterator[Metric]:
        counts = self._records.job_counts()
        states = GaugeMetricFamily("junco_jobs_in_state", "Validations by state.", labels=["state"])
        for state in JobState:
            states.add_metric([state.value], counts.get(state.value, 0))
        yield states
        yield GaugeMetricFamily(
            "junco_work_queue_depth", "Pieces of work that wait.", value=self._records.queue_depth()
        )
        yield GaugeMetricFamily(
            "junco_dead_letters", "Work that failed for good.", value=self._records.upkeep.dead_letter_count()
        )
        yield GaugeMetricFamily(
            "junco_blobs_quarantined", "Damaged blobs that were moved aside.", value=self._blobs.quarantined()
        )
        yield GaugeMetricFamily(
            "junco_blobs_bytes", "Bytes in the store, as this process last measured.", value=self._blobs.room.used
        )
