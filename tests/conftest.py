"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# No test measures time: a machine that is busy with something else is no failure.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
