"""The real `opa` as a program: where it is found, and one evaluation by it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from gatekeeper.evaluation import capabilities

# The OPA of the Gatekeeper release that we support; `make tools` builds it.
VERSION: Final = "1.17.1"
VARIABLE: Final = "BESTBEFORE_OPA"
BUNDLED: Final = Path(__file__).with_name("bin") / "opa"

# A rule that takes longer than this would never be finished within a webhook's timeout either.
EVALUATION_SECONDS: Final = 10.0
OUTPUT_BYTES: Final = 64 * 1024 * 1024
# Nothing of ours. A run is too short for Go to collect its garbage, unless a rule makes a great deal of it.
_ENVIRONMENT: Final = {"HOME": "/nonexistent", "GOGC": "off", "GOMEMLIMIT": "256MiB"}


class NoVerdictError(Exception):
    """Nothing can be said: not that the image is good, and not that it is bad.

    Attributes:
        reason: `EngineMissing`, `EngineFailed` or a reason code of the provider.
        message: what happened and what to do about it.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class EvaluationError(Exception):
    """OPA refused the text or met an error while it evaluated.

    Attributes:
        problems: OPA's own errors: `{code, message, file, row}`.
    """

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True)
class Problem:
    """One error of OPA.

    Attributes:
        code: `rego_parse_error`, `eval_conflict_error` and the like.
        message: OPA's words.
        file: the module, relative to the folder that was evaluated.
        row: line in the module, from 1; 0 when OPA names none.
    """

    code: str
    message: str
    file: str
    row: int

    def __str__(self) -> str:
        """As policy-controller shows it, which names the module without a folder."""
        return f"{self.file.rsplit('/', 1)[-1]}:{self.row}: {self.code}: {self.message}"


class Engine(Protocol):
    """Evaluates Rego as Gatekeeper does."""

    def evaluate(self, folder: Path, query: str) -> Any:  # noqa: ANN401 - any JSON
        """The value of a query over the modules and data of a folder; None where it is undefined.

        Raises:
            EvaluationError: OPA refused the text, or met an error.
            NoVerdictError: OPA could not be run, or did not finish in time.
        """
        ...

    def check(self, folder: Path) -> tuple[Problem, ...]:
        """What OPA finds wrong with the modules of a folder, without evaluating them.

        Raises:
            NoVerdictError: OPA could not be run, or what was run is no OPA.
        """
        ...


@dataclass(frozen=True)
class Opa:
    """The program.

    Attributes:
        path: where it is.
        seconds: how long one evaluation may take.
    """

    path: Path
    seconds: float = EVALUATION_SECONDS

    def evaluate(self, folder: Path, query: str) -> Any:  # noqa: ANN401 - any JSON
        """See `Engine.evaluate`."""
        said = self._run("eval", "--format", "json", "--data", str(folder), query)
        problems = _problems(_decoded(said.stdout), folder)
        if problems or said.returncode != 0:
            raise EvaluationError(problems or (Problem("engine_error", _clip(said.stderr), "", 0),))
        return self._value(said.stdout)

    def check(self, folder: Path) -> tuple[Problem, ...]:
        """See `Engine.check`."""
        said = self._run("check", "--format", "json", "--max-errors", "0", str(folder))
        if said.returncode == 0:
            self._prove()
            return ()
        return _problems(_decoded(said.stderr), folder) or (Problem("engine_error", _clip(said.stderr), "", 0),)

    def _prove(self) -> None:
        """A check that finds nothing prints nothing, and so does any program that is no OPA: have it say something."""
        if self._value(self._run("eval", "--format", "json", "1 + 1").stdout) != 1 + 1:
            raise self._no_opa()

    def _value(self, printed: str) -> Any:  # noqa: ANN401 - any JSON
        output = _decoded(printed)
        if not output and printed.strip() != "{}":
            raise self._no_opa()
        results = output.get("result")
        return results[0]["expressions"][0]["value"] if results else None

    def _no_opa(self) -> NoVerdictError:
        return NoVerdictError("EngineFailed", f"{self.path} printed no JSON: is it opa {VERSION}?")

    def _run(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        words = [str(self.path), command, "--v0-compatible", "--capabilities", str(capabilities.PATH), *arguments]
        try:
            return subprocess.run(
                words, capture_output=True, text=True, timeout=self.seconds, check=False, env=_ENVIRONMENT
            )
        except subprocess.TimeoutExpired as error:
            raise NoVerdictError(
                "Timeout", f"the policy's rule did not finish within {self.seconds:g} s; make it cheaper"
            ) from error
        except OSError as error:
            raise NoVerdictError("EngineFailed", f"cannot run {self.path}: {error.strerror}") from error


def find(environment: Mapping[str, str] | None = None) -> Opa:
    """The opa to use: `BESTBEFORE_OPA`, else the one beside this package, else one on the PATH.

    Raises:
        NoVerdictError: there is none; the message says how to get it.
    """
    environment = os.environ if environment is None else environment
    named = environment.get(VARIABLE)
    if named:
        if not shutil.which(named):
            raise NoVerdictError("EngineMissing", f"{VARIABLE} names {named}, which is no program")
        return Opa(Path(named))
    if os.access(BUNDLED, os.X_OK):
        return Opa(BUNDLED)
    found = shutil.which("opa", path=environment.get("PATH"))
    if found:
        return Opa(Path(found))
    raise NoVerdictError(
        "EngineMissing",
        f"a verdict needs the program opa {VERSION}: set {VARIABLE} to it, put it on the PATH, use the container image "
        "(which has it), or run `make opa` in a checkout, which builds it with Go",
    )


def _decoded(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _problems(output: Mapping[str, Any], folder: Path) -> tuple[Problem, ...]:
    errors = output.get("errors") or []
    return tuple(_problem(error, folder) for error in errors if isinstance(error, dict))


def _problem(error: Mapping[str, Any], folder: Path) -> Problem:
    location = error.get("location") or {}
    file = str(location.get("file", ""))
    return Problem(
        code=str(error.get("code", "error")),
        message=str(error.get("message", "")),
        file=file.removeprefix(f"{folder}/"),
        row=int(location.get("row", 0)),
    )


def _clip(text: str) -> str:
    return " ".join(text.split())[:500] or "no output"
