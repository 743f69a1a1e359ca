"""The real `opa` as a program: where it is found, and one evaluation by it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
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
_SHOWN_CHARACTERS: Final = 200
# Up to here a run is too short for Go to collect its garbage, unless a rule makes a great deal of it.
_MEMORY_MIB: Final = 256


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
        lines: what the modules had printed before.
    """

    def __init__(self, problems: tuple[OpaError, ...], lines: tuple[str, ...] = ()) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems
        self.lines = lines

    @property
    def of_a_rule(self) -> bool:
        """Whether a rule met it while it was evaluated: such an error denies in a cluster. Else the text never runs."""
        return all(problem.code.startswith("eval_") for problem in self.problems)


@dataclass(frozen=True)
class OpaError:
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
        line = f":{self.row}" if self.row else ""
        return f"{self.file.rsplit('/', 1)[-1]}{line}: {self.code}: {self.message}"


@dataclass(frozen=True)
class Printout:
    """What one evaluation gave.

    Attributes:
        value: of the query; None where it is undefined.
        lines: what the modules printed, in their order.
    """

    value: Any
    lines: tuple[str, ...] = ()


class Engine(Protocol):
    """Evaluates Rego as Gatekeeper does."""

    def evaluate(self, folder: Path, query: str) -> Printout:
        """Evaluate a query over the modules and data of a folder.

        Raises:
            EvaluationError: OPA refused the text, or met an error.
            NoVerdictError: OPA could not be run, or did not finish in time.
        """
        ...

    def check(self, folder: Path) -> tuple[OpaError, ...]:
        """What OPA finds wrong with the modules of a folder, without evaluating them.

        Raises:
            NoVerdictError: OPA could not be run, or what was run is no OPA.
        """
        ...

    def parse(self, text: str) -> Mapping[str, Any] | None:
        """The syntax tree of a module, as `opa parse --format json` prints it; None of what is no Rego.

        Raises:
            NoVerdictError: OPA could not be run, or did not finish in time.
        """
        ...

    def version(self) -> str:
        """Which OPA it is, `1.17.1`.

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
        memory_mib: from how much memory on it collects its garbage.
    """

    path: Path
    seconds: float = EVALUATION_SECONDS
    memory_mib: int = _MEMORY_MIB

    def evaluate(self, folder: Path, query: str) -> Printout:
        """See `Engine.evaluate`."""
        said = self._command(capabilities.DRIVER_PATH, "eval", "--format", "json", "--data", str(folder), query)
        lines = tuple(said.stderr.splitlines())
        problems = _problems(_decoded(said.stdout), folder)
        if problems:
            raise EvaluationError(problems, lines)
        if said.returncode != 0:
            raise self._no_opa(said)
        return Printout(self._value(said), lines)

    def check(self, folder: Path) -> tuple[OpaError, ...]:
        """See `Engine.check`."""
        said = self._command(capabilities.PATH, "check", "--format", "json", "--max-errors", "0", str(folder))
        problems = _problems(_decoded(said.stderr), folder)
        if said.returncode != 0 and not problems:
            raise self._no_opa(said)
        if not problems:
            # A check that finds nothing prints nothing, and so does many a program that is no OPA.
            self.version()
        return problems

    def parse(self, text: str) -> Mapping[str, Any] | None:
        """See `Engine.parse`."""
        with tempfile.NamedTemporaryFile(prefix="bestbefore-", suffix=".rego") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            said = self._run([str(self.path), "parse", "--v0-compatible", "--format", "json", file.name])
        return _decoded(said.stdout) or None if said.returncode == 0 else None

    def version(self) -> str:
        """See `Engine.version`."""
        said = self._run([str(self.path), "version"])
        found = re.search(r"^Version: (\S+)$", said.stdout, re.MULTILINE)
        if found is None:
            raise self._no_opa(said)
        return found.group(1)

    def _value(self, said: subprocess.CompletedProcess[str]) -> Any:  # noqa: ANN401 - any JSON
        output = _decoded(said.stdout)
        if not output and said.stdout.strip() != "{}":
            raise self._no_opa(said)
        results = output.get("result")
        return results[0]["expressions"][0]["value"] if results else None

    def _no_opa(self, said: subprocess.CompletedProcess[str]) -> NoVerdictError:
        words = _clip(said.stderr or said.stdout)
        sentence = f"{self.path} does not answer as opa {VERSION} does: exit code {said.returncode}, {words}"
        return NoVerdictError("EngineFailed", sentence)

    def _command(self, able: Path, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._run([str(self.path), command, "--v0-compatible", "--capabilities", str(able), *arguments])

    def _run(self, words: list[str]) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                words,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=self.seconds,
                check=False,
                # Nothing of ours.
                env={"HOME": "/nonexistent", "GOGC": "off", "GOMEMLIMIT": f"{self.memory_mib}MiB"},
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
        program = shutil.which(named, path=environment.get("PATH"))
        if not program:
            raise NoVerdictError("EngineMissing", f"{VARIABLE} names {named}, which {_why_no_program(Path(named))}")
        return Opa(Path(program))
    if os.access(BUNDLED, os.X_OK):
        return Opa(BUNDLED)
    found = shutil.which("opa", path=environment.get("PATH"))
    if found:
        return Opa(Path(found))
    raise NoVerdictError(
        "EngineMissing",
        f"this needs the program opa {VERSION}: set {VARIABLE} to it, put it on the PATH, use the container image "
        "(which has it), or run `make opa` in a checkout, which builds it with Go",
    )


def _why_no_program(path: Path) -> str:
    if path.is_dir():
        return "is a directory, not a program"
    return "is no program that you may run" if path.exists() else "is not there"


def _decoded(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _problems(output: Mapping[str, Any], folder: Path) -> tuple[OpaError, ...]:
    errors = output.get("errors") or []
    return tuple(_problem(error, folder) for error in errors if isinstance(error, dict))


def _problem(error: Mapping[str, Any], folder: Path) -> OpaError:
    location = error.get("location") or {}
    file = str(location.get("file", ""))
    return OpaError(
        code=str(error.get("code", "error")),
        message=str(error.get("message", "")),
        file=file.removeprefix(f"{folder}/"),
        row=int(location.get("row", 0)),
    )


def _clip(text: str) -> str:
    return " ".join(text.split())[:_SHOWN_CHARACTERS] or "no output"
