"""Which of pytest's processes runs which tests, where there are several (`make test E2E=1`)."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

# The modules whose rig is the fixture `cluster`: none of them asks for `world` or for the sigstore instance.
CLUSTER = tuple(
    f"tests/e2e/test_{name}.py"
    for name in ("announcements", "block_events", "cluster", "denials_faults", "denials_story")
)
# It has a rig of its own.
DOCS = "tests/e2e/test_docs.py"
# One process has to run all of these: they share what can be there once, such as the ports of the sigstore instance.
_WORLD = ("tests/e2e/", "tests/integration/signatures/")
# What begins at once, longest first: these wait more than they compute, and others compute meanwhile.
_FIRST = ("world", DOCS, "cluster")


class Schedule(LoadScopeScheduling):
    """The tests of each rig are one piece, and begin at once; every other module is one by itself."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        if module in CLUSTER:
            return "cluster"
        return "world" if module.startswith(_WORLD) and module != DOCS else module

    def _assign_work_unit(self, node: WorkerController) -> None:
        for piece in reversed(_FIRST):
            if piece in self.workqueue:
                self.workqueue.move_to_end(piece, last=False)
        super()._assign_work_unit(node)
