"""`python -m gatekeeper.policy FILE…`: only the validation; prints every problem, exits 2 when a file is refused."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from gatekeeper.policy import PolicyError, load_policies


def main(arguments: Sequence[str]) -> int:
    """Validate the files that the arguments name; 0 when they can be used, 2 when not."""
    try:
        problems, status = load_policies(arguments or ["-"]).warnings, 0
    except PolicyError as error:
        problems, status = error.problems, 2
    for problem in problems:
        print(f"{problem.severity}: {problem}" if problem.severity != "error" else problem, file=sys.stderr)  # noqa: T201
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
