"""`python -m tests.simulators.serve --listen …`: the real server over an inspector without registries.

An image whose repository ends in `-held-SECONDS` is answered after that time. All else is the program's own.
"""

from __future__ import annotations

import os
import re
import sys
import time

from provider.clock import Deadline, SystemClock
from provider.questions.answer import Facts
from provider.questions.question import FactQuestion
from provider.server.serving import run
from provider.settings.sources import load
from tests.simulators.inspector import InspectorSimulator

_HELD = re.compile(r"-held-(\d+(?:\.\d+)?)")


class _SlowInspector(InspectorSimulator):
    def inspect(self, question: FactQuestion, deadline: Deadline, ref: str | None = None) -> Facts:
        if match := _HELD.search(question.image):
            time.sleep(float(match[1]))
        return super().inspect(question, deadline)


def main(arguments: list[str]) -> int:
    flags: dict[str, object] = {
        name.removeprefix("--").replace("-", "_"): value
        for name, value in zip(arguments[::2], arguments[1::2], strict=True)
    }
    return run(load(flags, os.environ), _SlowInspector(SystemClock()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
