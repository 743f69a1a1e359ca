"""How many requests a registry says are left."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider import limits
from provider.registry.quota import rate_limit
from provider.registry.quota.rate_limit import RateLimit

NOW = 1_700_000_000.0
NAMES = [
    *(f"{prefix}ratelimit-{name}" for prefix in ("", "x-") for name in ("limit", "remaining", "reset")),
    "ratelimit",
    "ratelimit-policy",
    "docker-ratelimit-source",
]


def read(**headers):
    return rate_limit.read({name.replace("_", "-"): text for name, text in headers.items()}, NOW)


@pytest.mark.parametrize(
    ("headers", "left"),
    [
        # Docker Hub.
        ({"ratelimit-limit": "100;w=21600", "ratelimit-remaining": "76;w=21600"}, RateLimit(76, 100, 21600)),
        # Older drafts of the IETF.
        ({"ratelimit-limit": "10", "ratelimit-remaining": "0", "ratelimit-reset": "50"}, RateLimit(0, 10, 50)),
        ({"ratelimit-limit": "10, 10;w=1, 50;w=60", "ratelimit-remaining": "7"}, RateLimit(7, 10)),
        ({"ratelimit": "limit=100, remaining=50, reset=5"}, RateLimit(50, 100, 5)),
        # Its last ones.
        ({"ratelimit": '"a";r=50;t=30', "ratelimit-policy": '"a";q=100;w=60'}, RateLimit(50, 100, 30)),
        ({"ratelimit": '"a";r=50', "ratelimit-policy": '"a";q=100;w=60'}, RateLimit(50, 100, 60)),
        ({"ratelimit": '"hour";r=50;t=30, "day";r=4;t=900', "ratelimit-policy": '"day";q=9'}, RateLimit(4, 9, 900)),
        ({"ratelimit": '"a";r=50', "ratelimit-policy": '"other";q=100'}, RateLimit(50)),
        # GitHub says a moment, others seconds.
        (
            {"x-ratelimit-limit": "60", "x-ratelimit-remaining": "59", "x-ratelimit-reset": str(int(NOW) + 90)},
            RateLimit(59, 60, 90),
        ),
        ({"x-ratelimit-remaining": "5", "x-ratelimit-reset": str(int(NOW) - 90)}, RateLimit(5, None, 0)),
        ({"x-ratelimit-remaining": "5", "x-ratelimit-reset": "90"}, RateLimit(5, None, 90)),
        # Some write numbers as if they were fractions.
        ({"x-ratelimit-limit": "500.0", "x-ratelimit-remaining": "499.0"}, RateLimit(499, 500)),
        # Two windows: the one that ends first counts.
        (
            {"ratelimit-limit": "100;w=60, 9;w=3600", "ratelimit-remaining": "50;w=60, 4;w=3600"},
            RateLimit(4, 9, 3600),
        ),
        ({"ratelimit-remaining": "odd, 4;w=60"}, RateLimit(4, None, 60)),
        ({"ratelimit-remaining": "4", "ratelimit-limit": "odd", "ratelimit-reset": "soon"}, RateLimit(4)),
    ],
)
def test_each_spelling_is_read(headers, left):
    assert rate_limit.read(headers, NOW) == left


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"ratelimit-limit": "100;w=21600"},
        {"docker-ratelimit-source": "203.0.113.7"},
        *({"ratelimit-remaining": text} for text in ("", "-1", "many", "٣", "4.5", "1e3", "9" * 16, "4 4", ";w=1")),
        *({"ratelimit": text} for text in ("", "remaining=-1", '"a";t=30', "50", "remaining", '"a";r=many')),
    ],
)
def test_what_says_nothing_holds_nobody_back(headers):
    assert rate_limit.read(headers, NOW) is None


def test_numbers_are_bounded():
    left = read(ratelimit_limit="999999999999999", ratelimit_remaining="999999999999999;w=999999999999999")
    assert left == RateLimit(limits.QUOTA_REQUESTS, limits.QUOTA_REQUESTS, limits.QUOTA_WINDOW_SECONDS)


@pytest.mark.parametrize(
    ("left", "low"),
    [
        (RateLimit(24, 100), True),
        (RateLimit(25, 100), False),
        (RateLimit(0, 1), True),
        (RateLimit(9), True),
        (RateLimit(10), False),
        (RateLimit(0, 0), True),
        (RateLimit(50, 0), False),
    ],
)
def test_last_quarter_is_little_or_ten_requests_where_nobody_says_of_how_many(left, low):
    assert left.low is low


@given(st.dictionaries(st.sampled_from(NAMES), st.text(string.printable + "é\u0663", max_size=40)))
def test_no_header_is_a_failure_and_nothing_is_below_zero(headers):
    left = rate_limit.read(headers, NOW)
    if left is not None:
        assert 0 <= left.remaining <= limits.QUOTA_REQUESTS
        assert left.limit is None or 0 <= left.limit <= limits.QUOTA_REQUESTS
        assert left.seconds is None or 0 <= left.seconds <= limits.QUOTA_WINDOW_SECONDS


@given(
    st.lists(
        st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 10**5)),
        min_size=1,
        max_size=4,
        unique_by=lambda policy: policy[2],
    )
)
def test_of_several_windows_the_fewest_are_left_in_every_spelling(policies):
    remaining, limit, window = min(policies, key=lambda policy: policy[0])
    expected = RateLimit(remaining, limit, window)
    fields = {
        "ratelimit-remaining": ", ".join(f"{left};w={window}" for left, _, window in policies),
        "ratelimit-limit": ",".join(f"{most};w={window}" for _, most, window in policies),
    }
    one = {
        "ratelimit": ", ".join(f'"p{window}";r={left}' for left, _, window in policies),
        "ratelimit-policy": ", ".join(f'"p{window}";q={most};w={window}' for _, most, window in policies),
    }
    assert rate_limit.read(fields, NOW) == rate_limit.read(one, NOW) == expected
