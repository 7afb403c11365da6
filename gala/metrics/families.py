"""Families of metrics as Prometheus has them, made from pairs of label values and a figure."""

from collections.abc import Iterable, Sequence

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from gala.edge.figures import Spread

Found = Iterable[tuple[tuple[str, ...], float]]
"""Figures, each with the values of its labels."""


def gauge(name: str, said: str, found: Found, *labels: str) -> Metric:
    family = GaugeMetricFamily(f"gala_{name}", said, labels=labels)
    for values, value in found:
        family.add_metric(values, value)
    return family


def one(name: str, said: str, value: float) -> Metric:
    return gauge(name, said, [((), value)])


def counter(name: str, said: str, found: Found, *labels: str) -> Metric:
    family = CounterMetricFamily(f"gala_{name}", said, labels=labels)
    for values, value in found:
        family.add_metric(values, value)
    return family


def histogram(
    name: str, said: str, bounds: Sequence[float], found: Iterable[tuple[str, Spread, float]]
) -> Metric:
    """found: edge, its spread, and what one of its units is in ours."""
    family = HistogramMetricFamily(f"gala_{name}", said, labels=["edge"])
    for edge, spread, unit in found:
        upto, buckets = 0, []
        for bound, count in zip([*map(str, bounds), "+Inf"], spread.counts, strict=False):
            upto += count
            buckets.append((bound, float(upto)))
        family.add_metric([edge], buckets, spread.total * unit)
    return family
