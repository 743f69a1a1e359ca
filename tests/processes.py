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
# The modules that ask for the sigstore instance, whose ports can be there once: one process has to run all of these.
# Their `world` is another rig than that of the modules that ask for no instance.
SIGNATURES = tuple(
    f"tests/e2e/test_{name}.py"
    for name in (
        *("attestations", "cue", "proven_age", "ready_attestations"),
        *("signatures", "signatures_keyless", "signatures_pinned"),
    )
)
_SIGNATURES_FOLDER = "tests/integration/signatures/"
_WORLD = "tests/e2e/"
# Minutes in few tests, which would begin last: those with most tests begin first.
LONG = tuple(
    f"tests/integration/{name}.py"
    for name in ("forecast/test_likeness", "forecast/test_month", "overview/test_simulate_command", "chart/test_rights")
)
# What begins at once, longest first: rigs wait more than they compute, and others compute meanwhile.
_FIRST = ("world", DOCS, "signatures", "cluster", *LONG)


class Schedule(LoadScopeScheduling):
    """The tests of each rig are one piece, and begin at once; every other module is one by itself."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        if module in CLUSTER:
            return "cluster"
        if module in SIGNATURES or module.startswith(_SIGNATURES_FOLDER):
            return "signatures"
        return "world" if module.startswith(_WORLD) and module != DOCS else module

    def _assign_work_unit(self, node: WorkerController) -> None:
        for piece in reversed(_FIRST):
            if piece in self.workqueue:
                self.workqueue.move_to_end(piece, last=False)
        super()._assign_work_unit(node)
