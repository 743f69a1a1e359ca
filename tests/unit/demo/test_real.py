"""Real images: which registries the provider may reach for them."""

from __future__ import annotations

import pytest

from demo import real
from demo.stage import DemoError


def test_registries_on_this_machine_are_reached_without_tls_and_others_named() -> None:
    reach = real.reach(
        ["localhost:5000/app:1", "127.0.0.1:5001/a/b", "127.0.0.1:5001/web", "cgr.dev/chainguard/static", "alpine"]
    )
    assert list(reach.insecure) == ["localhost:5000", "127.0.0.1:5001"]
    assert list(reach.named) == ["cgr.dev", "index.docker.io"]


def test_what_is_no_reference_is_told_by_name() -> None:
    with pytest.raises(DemoError, match="Not An Image: could not parse reference"):
        real.reach(["alpine", "Not An Image"])
