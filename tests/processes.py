"""Which of pytest's processes runs which tests, where there are several (`make test E2E=1`)."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

# One process has to run all of these: they share what can be there once, such as the ports of the sigstore instance.
_TOGETHER = ("tests/e2e/", "tests/integration/signatures/")


class Schedule(LoadScopeScheduling):
    """The rig's tests are one piece, which begins at once and takes longest; every other module is one by itself."""

    def _split_scope(self, nodeid: str) -> str:
        return "rig" if nodeid.startswith(_TOGETHER) else nodeid.partition("::")[0]
