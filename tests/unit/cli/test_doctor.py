"""`bestbefore doctor`: what a person reads, what a script gets."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gatekeeper.cli.main import cli
from gatekeeper.cluster import resource
from gatekeeper.cluster.access import Access
from gatekeeper.cluster.errors import AccessDeniedError
from gatekeeper.doctor import connection, trust_roots
from gatekeeper.doctor.survey import Survey
from gatekeeper.doctor.trust_roots import TrustRootFile
from gatekeeper.evaluation import opa
from provider.errors import ImageError
from provider.questions.answer import Facts
from provider.questions.question import Question
from provider.reasons import Reason
from provider.signatures.trust import public_good
from tests.simulators.inspector import facts
from tests.unit.doctor import world
from tests.unit.doctor.world import DoctorWorld

_KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters: [{name: here, cluster: {server: "https://api.example.test:6443"}}]
users: [{name: ann, user: {token: geheim}}]
contexts: [{name: ann@here, context: {cluster: here, user: ann}}]
current-context: ann@here
"""

_TEXT = """\
bestbefore 0.1.0, Kubernetes v1.36.2, Gatekeeper 3.23.1, opa 1.17.1, shipped trust root of 2026-01-02

error    webhook-failure-policy: ValidatingWebhookConfiguration gatekeeper-validating-webhook-configuration
         failurePolicy of validation.gatekeeper.sh is Ignore: what Gatekeeper does not answer in time is admitted \
unchecked; it should be Fail
         to do: Set `validatingWebhookFailurePolicy: Fail` and `validatingWebhookCheckIgnoreFailurePolicy: Fail` \
(helm/bestbefore/gatekeeper-values.yaml), after you have read docs/how-to/nothing-can-be-deployed.md.
         see docs/reference/doctor.md#webhook-failure-policy

warning  deny-log: Pod gatekeeper-1
         --log-denies is not set: denials leave no trace; it should be true
         to do: Set `logDenies: true` and `logLevel: INFO` of Gatekeeper's chart, and no `logFile`.
         see docs/reference/doctor.md#deny-log

warning  bestbefore-version, provider-pods, clocks, trust-roots, pull-secrets: Pods of the provider
         not judged: their namespace is not known: we may not read it (list providers: 403)
         to do: Give the right, or open the way, to read it; the page lists the rights that are needed.
         see docs/reference/doctor.md

warning  webhook-timeout, mutating-webhook, providers, provider-status, provider-certificate, client-certificate: \
providers
         not judged: we may not read it (list providers: 403)
         to do: Give the right, or open the way, to read it; the page lists the rights that are needed.
         see docs/reference/doctor.md

1 error, 1 warning, 11 not judged
"""


@pytest.fixture
def it(monkeypatch: pytest.MonkeyPatch) -> DoctorWorld:
    """A good cluster that the command reads."""
    found = world.good()

    def survey(access: Access, namespace: str = "") -> Survey:
        assert access.server == "https://api.example.test:6443"
        return found.survey(namespace)

    monkeypatch.setattr(connection, "survey", survey)
    monkeypatch.setattr(connection, "engine", lambda: opa.VERSION)
    monkeypatch.setattr(trust_roots, "shipped", lambda: TrustRootFile("", shipped="2026-01-02"))
    monkeypatch.setattr("provider.clock.SystemClock.now", lambda _: found.vantage.now)
    return found


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    """A way to it."""
    path = tmp_path / "kubeconfig"
    path.write_text(_KUBECONFIG)
    return path


def _doctor(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, ["doctor", *map(str, words)])


def _ignore(found: dict[str, Any]) -> None:
    found["webhooks"][0]["failurePolicy"] = "Ignore"


def test_good_cluster_is_said_in_one_line_and_ends_with_0(it: DoctorWorld, kubeconfig: Path) -> None:
    result = _doctor("--kubeconfig", kubeconfig)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"{_TEXT.splitlines()[0]}\n\nnothing to fix\n"


def test_findings_are_said_the_worst_first_each_with_remedy_and_page(it: DoctorWorld, kubeconfig: Path) -> None:
    it.change(resource.VALIDATING_WEBHOOKS, "gatekeeper-validating-webhook-configuration", _ignore)
    it.cluster.add(resource.PODS, world.gatekeeper_pod("gatekeeper-1", ("--log-denies=false",)))
    it.cluster.fail("providers", AccessDeniedError("list providers: 403"))
    result = _doctor("--kubeconfig", kubeconfig)
    assert (result.exit_code, result.stderr) == (1, "")
    assert result.stdout == _TEXT


def test_json_has_every_finding_with_its_parts(it: DoctorWorld, kubeconfig: Path) -> None:
    it.change(resource.VALIDATING_WEBHOOKS, "gatekeeper-validating-webhook-configuration", _ignore)
    result = _doctor("--kubeconfig", kubeconfig, "-o", "json")
    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert not found["healthy"]
    assert found["versions"]["Kubernetes"] == "v1.36.2"
    (finding,) = found["findings"]
    assert finding == {
        "check": "webhook-failure-policy",
        "severity": "error",
        "judged": True,
        "subject": "ValidatingWebhookConfiguration gatekeeper-validating-webhook-configuration",
        "message": finding["message"],
        "remedy": finding["remedy"],
        "page": "docs/reference/doctor.md#webhook-failure-policy",
    }


def test_how_old_the_shipped_root_of_the_public_good_instance_is_is_said_where_no_other_takes_its_place(
    it: DoctorWorld, kubeconfig: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    shipped = trust_roots.shipped()
    assert (shipped.name, shipped.refusal) == ("", "")
    assert dt.date.fromisoformat(shipped.shipped) >= dt.date(2022, 4, 13)
    assert shipped.expires > dt.datetime(2027, 1, 1, tzinfo=dt.UTC).timestamp()
    file = tmp_path / "trusted_root.json"
    file.write_bytes(public_good.trusted_root())
    monkeypatch.setattr(connection, "survey", lambda *_: it.survey(""))
    assert f"shipped trust root of {shipped.shipped}\n" in _doctor("--kubeconfig", kubeconfig).stdout
    assert "shipped trust root" not in _doctor("--kubeconfig", kubeconfig, "--trust-root", file).stdout


def test_info_alone_is_nothing_to_fix(it: DoctorWorld, kubeconfig: Path) -> None:
    it.cluster.add(resource.PODS, world.gatekeeper_pod("gatekeeper-1", ("--log-level-key=severity",)))
    result = _doctor("--kubeconfig", kubeconfig)
    assert result.exit_code == 0
    assert "info     deny-log: Pod gatekeeper-1" in result.stdout
    assert result.stdout.endswith("nothing to fix\n")


def test_names_of_objects_do_not_steer_the_terminal(it: DoctorWorld, kubeconfig: Path) -> None:
    name = "gatekeeper-1\x1b[2J\nerror    all is well"
    it.cluster.add(resource.PODS, world.gatekeeper_pod(name, ("--log-denies=false",)))
    output = _doctor("--kubeconfig", kubeconfig).stdout
    assert "\x1b" not in output
    assert "\nerror    all is well" not in output


def test_nothing_that_could_be_read_ends_with_3(it: DoctorWorld, kubeconfig: Path) -> None:
    it.cluster.fail("*", AccessDeniedError("list: 401"))
    it.fault = AccessDeniedError("get https://api.example.test:6443/version: 401")
    result = _doctor("--kubeconfig", kubeconfig)
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == (
        "error: nothing of the cluster could be read: API server: we may not read it "
        "(get https://api.example.test:6443/version: 401)\n"
    )


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        (None, (), "not found"),
        ("clusters: [", (), "the file is no kubeconfig"),
        ("[]", (), "there is no way to a cluster"),
        (_KUBECONFIG, ("--context", "other"), "Context 'other' not found"),
        (_KUBECONFIG.replace("cluster: here", "cluster: there"), (), "is missing"),
    ],
)
def test_kubeconfig_that_cannot_be_used_is_named(
    tmp_path: Path, text: str | None, words: tuple[str, ...], said: str
) -> None:
    path = tmp_path / "kubeconfig"
    if text is not None:
        path.write_text(text)
    result = _doctor("--kubeconfig", path, *words)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: {path}: ")
    assert said in result.stderr
    assert "geheim" not in result.output


def test_trust_root_that_cannot_be_used_is_a_finding(it: DoctorWorld, kubeconfig: Path, tmp_path: Path) -> None:
    (tmp_path / "root.json").write_text("{}")
    result = _doctor("--kubeconfig", kubeconfig, "--trust-root", f"own={tmp_path / 'root.json'}")
    assert result.exit_code == 1
    assert "error    trust-roots: trust root own\n" in result.stdout


def test_trust_root_that_is_not_there_is_refused(it: DoctorWorld, kubeconfig: Path, tmp_path: Path) -> None:
    assert _doctor("--kubeconfig", kubeconfig, "--trust-root", tmp_path / "nowhere.json").exit_code == 2


def test_images_are_asked_about_from_here(it: DoctorWorld, kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reach: list[dict[str, Any]] = []

    def inspect(question: Question) -> Facts:
        if getattr(question, "image", "") != "app/web:1":
            raise ImageError(Reason.NOT_FOUND, "there is no such image")
        return facts()

    def inspector(**options: Any) -> Callable[[Question], Facts]:
        reach.append(options)
        return inspect

    monkeypatch.setattr("gatekeeper.cli.registries.inspector", inspector)
    result = _doctor(
        "--kubeconfig", kubeconfig, "--image", "app/web:1", "--image", "app/gone:1", "--insecure-registry", "r:5"
    )
    assert result.exit_code == 1
    assert "warning  registries: app/gone:1\n         NotFound: there is no such image\n" in result.stdout
    assert "to do: `bestbefore explain NotFound` says what to do.\n" in result.stdout
    assert "app/web:1" not in result.stdout
    assert reach[0]["insecure_registry"] == ("r:5",)


def test_too_many_images_are_refused(it: DoctorWorld, kubeconfig: Path) -> None:
    result = _doctor("--kubeconfig", kubeconfig, *(f"--image=app/web:{number}" for number in range(51)))
    assert result.exit_code == 2
    assert result.stderr == "error: --image: 51 are named; at most 50 are asked about\n"


def test_certificate_without_its_key_is_refused(it: DoctorWorld, kubeconfig: Path, tmp_path: Path) -> None:
    result = _doctor("--kubeconfig", kubeconfig, "--client-cert", tmp_path / "tls.crt")
    assert (result.exit_code, result.stderr) == (2, "error: --client-cert and --client-key: expected both\n")


def test_certificate_that_is_not_there_is_refused(it: DoctorWorld, kubeconfig: Path, tmp_path: Path) -> None:
    words = ("--client-cert", tmp_path / "tls.crt", "--client-key", tmp_path / "tls.key")
    result = _doctor("--kubeconfig", kubeconfig, *words)
    assert result.exit_code == 2
    assert "No such file or directory" in result.stderr
