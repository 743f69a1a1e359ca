"""What the cluster says of an object and what `bestbefore check` says of it, in one form."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from click.testing import CliRunner

from gatekeeper.cli.main import cli
from tests.e2e.rig.kubernetes import Answer, Object
from tests.e2e.rig.processes import RigError

_VERDICTS = (0, 1)
# Denied because nobody could look: in the cluster a denial, too. It is one only where a policy has said so of an image.
_UNDECIDED = 3
_DENIED = 'admission webhook "validation.gatekeeper.sh" denied the request: '
# The Constraint that speaks, which `check` does not name.
_SPEAKER = re.compile(r"^\[[^\]]+\] ", re.MULTILINE)


@dataclass(frozen=True)
class Verdict:
    """A verdict on one object.

    Attributes:
        errors: sentences that deny, sorted.
        warnings: sentences that warn, sorted.
    """

    errors: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def admitted(self) -> bool:
        """Whether nothing denies."""
        return not self.errors


def of_cluster(answer: Answer) -> Verdict:
    """The verdict of an admission.

    Raises:
        RigError: it is none of Gatekeeper's.
    """
    if answer.ok:
        return _verdict([], answer.warnings)
    if answer.status != HTTPStatus.FORBIDDEN or not answer.message.startswith(_DENIED):
        raise RigError(f"no verdict, but {answer.status}: {answer.message}")
    return _verdict(answer.message.removeprefix(_DENIED).splitlines(), answer.warnings)


def of_check(policies: Sequence[Path], obj: Object, folder: Path, trust_roots: Mapping[str, Path]) -> Verdict:
    """The verdict of `bestbefore check`, which asks the registry by itself.

    Raises:
        RigError: it reached none.
    """
    resource = folder / "object.json"
    resource.write_text(json.dumps(obj))
    words = [
        *("check", "--output=json", f"--resource={resource}", "--no-match=allow"),
        *(f"--policy={policy}" for policy in policies),
        *(f"--trust-root={name}={path}" for name, path in trust_roots.items()),
    ]
    # In this process: loading what judges signatures takes longer than judging.
    done = CliRunner().invoke(cli, words, prog_name="bestbefore")
    told = json.loads(done.stdout) if done.exit_code in (*_VERDICTS, _UNDECIDED) else {}
    if not told or (done.exit_code == _UNDECIDED and not told.get("findings")):
        raise RigError(f"check ended with {done.exit_code}: {done.output}")
    return _verdict(told["errors"], told["warnings"])


def _verdict(errors: Sequence[str], warnings: Sequence[str]) -> Verdict:
    return Verdict(_sentences(errors), _sentences(warnings))


def _sentences(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(_SPEAKER.sub("", line) for line in lines))
