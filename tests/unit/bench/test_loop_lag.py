import math

from prometheus_client import CollectorRegistry, Histogram, generate_latest

from tests.bench import loop_lag


def exposition(*seconds: float) -> str:
    registry = CollectorRegistry()
    lag = Histogram(loop_lag.METRIC, "How late.", registry=registry, buckets=(0.001, 0.005, 0.02, 0.1))
    for each in seconds:
        lag.observe(each)
    return generate_latest(registry).decode()


def test_lag_is_told_by_the_ends_of_buckets_in_milliseconds() -> None:
    lag = loop_lag.read(exposition(*[0.0005] * 99, 0.003, 0.003, 0.015))
    assert lag == loop_lag.Lag(turns=102, p99=5, longest=20)


def test_lag_beyond_the_last_bucket_has_no_bound() -> None:
    lag = loop_lag.read(exposition(*[0.0005] * 199, 3))
    assert lag == loop_lag.Lag(turns=200, p99=1, longest=math.inf)


def test_provider_without_a_loop_has_no_lag() -> None:
    assert loop_lag.read("# TYPE other histogram\n") is None


def test_loop_that_has_not_turned_yet_has_no_lag() -> None:
    assert loop_lag.read(exposition()) is None
