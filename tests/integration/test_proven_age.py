"""MaximumImageAge by proved time: the very template, by the engine that Gatekeeper has."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from gatekeeper.cli.main import cli
from gatekeeper.evaluation import case_facts, opa
from gatekeeper.evaluation.evaluator import ConstraintReview, Evaluator
from gatekeeper.evaluation.facts import RecordedFacts
from gatekeeper.evaluation.program import Template
from gatekeeper.own.cooldown import Cooldown
from gatekeeper.own.maximum_image_age import KIND, MaximumImageAge
from gatekeeper.own.proven_time import LogSource, ProvenanceSource
from gatekeeper.own.signer import Signer
from gatekeeper.policy.model import Identity
from gatekeeper.translation.translate import Translation
from provider.golang import rfc3339
from provider.questions.proof_question import Format, Key, Keyless, LogName, TrustRootName, Verify
from tests.engine import engine
from tests.gator.case import pod as pod_of
from tests.simulators.signing import Signer as Pair
from tests.simulators.signing import new_key

pytestmark = pytest.mark.integration

NOW = rfc3339.created_ns("2026-03-01T00:00:00Z") or 0
EPOCH = "1970-01-01T00:00:00Z"
BUILDER = "https://builder.example.com/release"
BUNDLES = Verify(keyless=Keyless(TrustRootName("ours")), format=Format.BUNDLE)
BUILDERS = ProvenanceSource(
    (Signer("builder", BUNDLES, (Identity(issuer="https://issuer.test", subject="builder@example.test"),)),),
    ("https://builder.example.com/*",),
)
BY_BUILDER = {"by": "builder", "issuer": "https://issuer.test", "subjects": ["builder@example.test"]}
ANYBODY = LogSource((Signer("anybody", replace(BUNDLES, format=Format.ANY)),))
KEY = Verify(key=Key(Pair(new_key()).public_pem), log=LogName("https://log.test"))
BY_PROVENANCE = MaximumImageAge(dates=("provenance",), provenance=BUILDERS)
BY_LOG = MaximumImageAge(dates=("config", "log"), log=ANYBODY)
BY_ALL = MaximumImageAge(dates=("config", "provenance", "log"), provenance=BUILDERS, log=ANYBODY)
COOLED_BY_LOG = MaximumImageAge("", cooldown=Cooldown("7d", "log"), log=ANYBODY)
COOLED_BY_PROVENANCE = MaximumImageAge("", cooldown=Cooldown("7d", "provenance"), provenance=BUILDERS)
POLICIES = (BY_PROVENANCE, BY_LOG, BY_ALL, COOLED_BY_LOG, COOLED_BY_PROVENANCE)


def provenance(started: Any = None, finished: Any = None, builder: str = BUILDER, **more: Any) -> dict[str, Any]:
    """By a builder, in version 1."""
    times = {"startedOn": started, "finishedOn": finished}
    metadata = {name: each for name, each in times.items() if each is not None}
    predicate = {"runDetails": {"builder": {"id": builder}, "metadata": metadata}}
    return {**BY_BUILDER, "type": "slsaprovenance1", "predicate": predicate, **more}


def older_provenance(started: str, finished: str) -> dict[str, Any]:
    """The same in version 0.2."""
    metadata = {"buildStartedOn": started, "buildFinishedOn": finished}
    return {**BY_BUILDER, "type": "slsaprovenance02", "predicate": {"builder": {"id": BUILDER}, "metadata": metadata}}


def at(*moments: str, source: str = "log") -> list[dict[str, str]]:
    return [{"source": source, "at": each} for each in moments]


def signed(*moments: str, source: str = "log") -> dict[str, Any]:
    return {"by": "anybody", "times": at(*moments, source=source)}


@dataclass(frozen=True)
class Case:
    """An image's facts, and what is said of it: a part of the message; nothing where it is admitted."""

    name: str
    policy: MaximumImageAge
    facts: dict[str, Any]
    said: str = ""
    also: str = ""


CASES = [
    Case(
        "epoch with young provenance",
        BY_PROVENANCE,
        {"created": EPOCH, "attested": [provenance("2026-02-26T00:00:00Z", "2026-02-26T00:10:00Z")]},
    ),
    Case(
        "provenance in version 0.2",
        BY_PROVENANCE,
        {"created": EPOCH, "attested": [older_provenance("2026-02-26T00:00:00Z", "2026-02-26T00:10:00Z")]},
    ),
    Case(
        "provenance that says only when it was finished",
        BY_PROVENANCE,
        {"created": EPOCH, "attested": [provenance(finished="2026-02-26T00:10:00Z")]},
    ),
    Case(
        "old provenance",
        BY_PROVENANCE,
        {"created": EPOCH, "attested": [provenance("2026-01-20T00:00:00Z", "2026-01-20T00:10:00Z")]},
        "Image is 40 days old, 30 days are allowed (by provenance 2026-01-20T00:00:00Z, best before 2026-02-19).",
    ),
    Case(
        "another builder",
        BY_PROVENANCE,
        {"created": EPOCH, "attested": [provenance("2026-02-26T00:00:00Z", builder="https://evil.example.com/x")]},
        "Image has no date of a source that counts (provenance).",
        "provenance by another builder (https://evil.example.com/x)",
    ),
    Case(
        "a builder one directory further down",
        BY_PROVENANCE,
        {"created": EPOCH, "attested": [provenance("2026-02-26T00:00:00Z", builder=BUILDER + "/eve")]},
        "(ImageUndated",
        "provenance by another builder",
    ),
    Case(
        "a stranger's provenance",
        BY_PROVENANCE,
        {"created": EPOCH, "attested": [{**provenance("2026-02-26T00:00:00Z"), "subjects": ["eve@example.test"]}]},
        "(ImageUndated",
        "provenance by a stranger (eve@example.test)",
    ),
    Case(
        "no provenance", BY_PROVENANCE, {"created": EPOCH, "attested": []}, "(ImageUndated", "no provenance by builder"
    ),
    Case(
        "of two that disagree the older one counts",
        BY_PROVENANCE,
        {
            "created": EPOCH,
            "attested": [
                provenance("2026-02-26T00:00:00Z"),
                older_provenance("2026-01-20T00:00:00Z", "2026-01-20T01:00:00Z"),
            ],
        },
        "Image is 40 days old",
    ),
    Case(
        "fractions of nine digits, a nanosecond too old",
        BY_PROVENANCE,
        {"created": EPOCH, "attested": [provenance("2026-01-30T00:00:00.000000000Z")]},
        "Image is 30 days",
    ),
    Case(
        "fractions of nine digits, a nanosecond young enough",
        BY_PROVENANCE,
        {"created": EPOCH, "attested": [provenance("2026-01-30T00:00:00.000000001Z")]},
    ),
    Case(
        "started after it was finished",
        BY_PROVENANCE,
        {
            "created": EPOCH,
            "attested": [provenance("2026-02-26T00:00:00.000000002Z", "2026-02-26T00:00:00.000000001Z")],
        },
        "(ImageUndated",
        "provenance by builder says that the image was started after it was finished",
    ),
    Case(
        "provenance of the future",
        BY_PROVENANCE,
        {"created": EPOCH, "attested": [provenance("2026-02-28T00:00:00Z", "2026-03-01T00:05:01Z")]},
        "(ImageUndated",
        "says that the image was built in the future (2026-03-01T00:05:01Z)",
    ),
    Case(
        "clocks differ by five minutes",
        BY_PROVENANCE,
        {"created": EPOCH, "attested": [provenance("2026-02-28T00:00:00Z", "2026-03-01T00:05:00Z")]},
    ),
    Case(
        "provenance of the epoch",
        BY_PROVENANCE,
        {"created": EPOCH, "attested": [provenance(EPOCH, EPOCH)]},
        "(ImageUndated",
        "built 1970-01-01T00:00:00Z, before there were such images",
    ),
    Case(
        "provenance without a time",
        BY_PROVENANCE,
        {"created": EPOCH, "attested": [provenance()]},
        "(ImageUndated",
        "says that the image was built, and not when",
    ),
    Case(
        "provenance with a time that nobody can read",
        BY_PROVENANCE,
        {"created": EPOCH, "attested": [provenance("yesterday", "2026-02-26T00:00:00Z")]},
        "(ImageUndated",
        "says that the image was built at a time that is no RFC 3339",
    ),
    Case(
        "a number for a time",
        BY_PROVENANCE,
        {"created": EPOCH, "attested": [provenance(1772323200)]},
        "(ImageUndated",
        "at a time that is no RFC 3339",
    ),
    Case(
        "finished after its own entry in the log",
        BY_PROVENANCE,
        {
            "created": EPOCH,
            "attested": [provenance("2026-02-20T00:00:00Z", "2026-02-26T00:00:00Z", times=at("2026-02-21T00:00:00Z"))],
        },
        "(ImageUndated",
        "built 2026-02-26T00:00:00Z, but it was there on 2026-02-21T00:00:00Z",
    ),
    Case(
        "a bad provenance beside a good one",
        BY_PROVENANCE,
        {
            "created": EPOCH,
            "attested": [provenance("2026-02-26T00:00:00Z"), provenance(EPOCH), provenance(builder="https://eve.test")],
        },
    ),
    Case(
        "provenance of another digest, which the provider rejects",
        BY_PROVENANCE,
        {
            "created": EPOCH,
            "attested": [{"by": "builder", "reason": "AttestationRejected", "message": "x", "passedOver": 0}],
        },
        "(ImageUndated",
        "no provenance by builder (AttestationRejected)",
    ),
    Case(
        "an index is dated as a whole",
        BY_PROVENANCE,
        {
            "platforms": {"linux/amd64": {"created": EPOCH}, "linux/arm64": {"created": "2020-01-01T00:00:00Z"}},
            "attested": [provenance("2026-02-26T00:00:00Z")],
        },
    ),
    Case(
        "one platform of an index is older than its provenance",
        BY_ALL,
        {
            "platforms": {"linux/amd64": {"created": EPOCH}, "linux/arm64": {"created": "2026-01-01T00:00:00Z"}},
            "attested": [provenance("2026-02-26T00:00:00Z")],
        },
        "Image (linux/arm64) is 59 days old, 30 days are allowed (built 2026-01-01T00:00:00Z",
    ),
    Case(
        "a lie beside good provenance",
        BY_ALL,
        {
            "created": "2026-02-28T00:00:00Z",
            "attested": [provenance("2026-01-20T00:00:00Z", times=at("2026-02-20T00:00:00Z"))],
        },
        "Image is 40 days old, 30 days are allowed (by provenance",
        "Note: says it was built 2026-02-28, but was in a log on 2026-02-20",
    ),
    Case(
        "a configuration of the future and a young entry in the log",
        BY_LOG,
        {"created": "2027-01-01T00:00:00Z", "signed": [signed("2026-02-28T00:00:00Z")]},
        "Image says that it was built in the future (2027-01-01T00:00:00Z).",
        "(ImageFromFuture",
    ),
    Case(
        "a configuration of the future and young provenance",
        BY_ALL,
        {"created": "2027-01-01T00:00:00Z", "attested": [provenance("2026-02-26T00:00:00Z")]},
    ),
    Case(
        "the log says nothing and the configuration is young",
        BY_LOG,
        {"created": "2026-02-28T00:00:00Z"},
    ),
    Case(
        "a log's young time beside a young date",
        BY_LOG,
        {"created": "2026-02-27T00:00:00Z", "signed": [signed("2026-02-28T00:00:00Z")]},
    ),
    Case(
        "yesterday's date and an old entry in the log",
        BY_LOG,
        {"created": "2026-02-28T00:00:00Z", "signed": [signed("2025-12-31T00:00:00Z")]},
        "Image says it was built 2026-02-28, but was in a log on 2025-12-31, 60 days ago; 30 days are allowed.",
        "(ImageTooOld",
    ),
    Case(
        "yesterday's date and an old timestamp",
        BY_LOG,
        {"created": "2026-02-28T00:00:00Z", "signed": [signed("2025-12-31T00:00:00Z", source="timestamp")]},
        "Image says it was built 2026-02-28, but was timestamped on 2025-12-31, 60 days ago; 30 days are allowed.",
    ),
    Case(
        "a date that cannot be true, though the log knows it for days only",
        BY_LOG,
        {"created": "2026-02-28T00:00:00Z", "signed": [signed("2026-02-19T00:00:00Z")]},
        "Image says it was built 2026-02-28, but was in a log on 2026-02-19.",
        "(ImageUndated",
    ),
    Case(
        "signed again",
        BY_LOG,
        {
            "created": "2026-02-28T00:00:00Z",
            "signed": [signed("2026-02-28T01:00:00Z"), signed("2025-12-31T00:00:00Z", "2026-02-28T02:00:00Z")],
        },
        "but was in a log on 2025-12-31",
    ),
    Case(
        "old by its own date, which the log does not contradict",
        BY_LOG,
        {"created": "2026-01-01T00:00:00Z", "signed": [signed("2026-02-28T00:00:00Z")]},
        "Image is 59 days old, 30 days are allowed (built 2026-01-01T00:00:00Z, best before 2026-01-31).",
    ),
    Case(
        "epoch with a young entry in the log",
        BY_LOG,
        {"created": EPOCH, "signed": [signed("2026-02-28T00:00:00Z")]},
        "(ImageUndated",
    ),
    Case(
        "epoch with an old entry in the log",
        BY_LOG,
        {"created": EPOCH, "signed": [signed("2025-12-31T00:00:00Z")]},
        "Image is 60 days old, 30 days are allowed (known since 2025-12-31T00:00:00Z, best before 2026-01-30).",
    ),
    Case(
        "a time that nobody proves",
        BY_LOG,
        {"created": "2026-02-28T00:00:00Z", "signed": [{"by": "anybody", "times": []}]},
    ),
    Case(
        "no log where it is asked",
        BY_LOG,
        {"created": "2026-02-28T00:00:00Z", "signed": [{"by": "anybody", "reason": "Timeout", "message": "too slow"}]},
        "Timeout: too slow",
        "(Timeout",
    ),
    Case(
        "no trust root where one is asked",
        BY_PROVENANCE,
        {"created": EPOCH, "attested": [{"by": "builder", "reason": "TrustRootStale", "message": "expired"}]},
        "(TrustRootStale",
    ),
    Case(
        "rejected signatures are no date and no fault",
        BY_LOG,
        {
            "created": "2026-02-28T00:00:00Z",
            "signed": [{"by": "anybody", "reason": "SignatureRejected", "message": "x", "passedOver": 0}],
        },
    ),
    Case(
        "signatures of which nobody knows whether they were looked at, as of an older provider",
        BY_LOG,
        {
            "created": "2026-02-28T00:00:00Z",
            "signed": [{"by": "anybody", "reason": "SignatureRejected", "message": "no matching signatures: x"}],
        },
        "(SignatureRejected",
    ),
    Case(
        "an old provenance behind megabytes of others that nobody looked at",
        BY_ALL,
        {
            "created": "2026-02-28T00:00:00Z",
            "attested": [{"by": "builder", "reason": "AttestationRejected", "message": "x", "passedOver": 5}],
        },
        "has 5 signatures or attestations that nobody could look at",
        "(ImageUndated",
    ),
    Case(
        "too many signatures to look at any",
        BY_LOG,
        {
            "created": "2026-02-28T00:00:00Z",
            "signed": [
                {
                    "by": "anybody",
                    "reason": "SignatureRejected",
                    "message": "number of layers (101) exceeded the limit (100)",
                }
            ],
        },
        "SignatureRejected: number of layers (101) exceeded the limit (100)",
    ),
    Case(
        "cooldown by a timestamp of a clock that nobody set",
        COOLED_BY_LOG,
        {"created": "2025-01-01T00:00:00Z", "signed": [signed(EPOCH, source="timestamp")]},
        "Image is in no log, and has no timestamp, that shows since when it is there.",
        "a log or a timestamp says that it was there on 1970-01-01T00:00:00Z, which cannot be",
    ),
    Case(
        "no date of its publisher where only provenance counts",
        BY_PROVENANCE,
        {"created": None, "attested": []},
        "Image has no date of a source that counts (provenance).",
    ),
    Case(
        "all sources, and the provenance dates an epoch image",
        BY_ALL,
        {
            "created": EPOCH,
            "attested": [provenance("2026-02-26T00:00:00Z", "2026-02-26T01:00:00Z", times=at("2026-02-26T02:00:00Z"))],
            "signed": [signed("2026-02-26T03:00:00Z")],
        },
    ),
    Case(
        "all sources, and the digest was logged long before the provenance",
        BY_ALL,
        {
            "created": EPOCH,
            "attested": [provenance("2026-02-26T00:00:00Z", "2026-02-26T01:00:00Z")],
            "signed": [signed("2025-12-31T00:00:00Z")],
        },
        "Image is 60 days old",
        "built 2026-02-26T01:00:00Z, but it was there on 2025-12-31T00:00:00Z",
    ),
    Case(
        "all sources, and the configuration is the oldest",
        BY_ALL,
        {"created": "2026-01-01T00:00:00Z", "attested": [provenance("2026-02-26T00:00:00Z")]},
        "(built 2026-01-01T00:00:00Z",
    ),
    Case(
        "cooldown by a log, and nobody knows when it was built",
        COOLED_BY_LOG,
        {"created": EPOCH, "signed": [signed("2026-02-22T00:00:00Z")]},
    ),
    Case(
        "cooldown by a log, a second too early",
        COOLED_BY_LOG,
        {"created": "2025-01-01T00:00:00Z", "signed": [signed("2026-02-22T00:00:01Z")]},
        "7 days are required (known since 2026-02-22T00:00:01Z, old enough on 2026-03-01T00:00:01Z).",
        "(ImageTooYoung",
    ),
    Case(
        "cooldown by a log, without one",
        COOLED_BY_LOG,
        {"created": "2025-01-01T00:00:00Z"},
        "Image is in no log, and has no timestamp, that shows since when it is there.",
        "no time of a log or a timestamp by anybody (SignatureAbsent)",
    ),
    Case(
        "cooldown by provenance",
        COOLED_BY_PROVENANCE,
        {"created": EPOCH, "attested": [provenance("2026-02-20T00:00:00Z", "2026-02-22T00:00:00Z")]},
    ),
    Case(
        "cooldown by provenance counts from the end of the build",
        COOLED_BY_PROVENANCE,
        {"created": EPOCH, "attested": [provenance("2026-02-20T00:00:00Z", "2026-02-22T00:00:01Z")]},
        "7 days are required (by provenance 2026-02-22T00:00:01Z",
    ),
    Case(
        "cooldown by provenance counts from the latest of several",
        COOLED_BY_PROVENANCE,
        {
            "created": EPOCH,
            "attested": [
                provenance("2026-02-01T00:00:00Z", "2026-02-01T01:00:00Z"),
                provenance("2026-02-27T00:00:00Z", "2026-02-27T01:00:00Z"),
            ],
        },
        "Image is 1 day old, 7 days are required",
    ),
    Case(
        "cooldown by provenance that does not say when it was finished",
        COOLED_BY_PROVENANCE,
        {"created": EPOCH, "attested": [provenance("2026-02-01T00:00:00Z")]},
        "Image has no provenance of a trusted builder that says when it was finished.",
    ),
]


def judged(cases: list[Case]) -> dict[str, list[str]]:
    """What the Constraint that denies says in each case; one run of opa a policy."""
    found: dict[str, list[str]] = {}
    for policy in POLICIES:
        images = {f"registry.test/app:{number}": case for number, case in enumerate(cases) if case.policy is policy}
        deny, warn = policy.constraints()
        known = {image: {"signed": [], "attested": [], **case.facts} for image, case in images.items()}
        facts = RecordedFacts({image: case_facts.completed(image, each) for image, each in known.items()})
        source = facts.named([Translation(policy.name, KIND.template(), (deny, warn))])
        reviews = [
            ConstraintReview(Template.of(KIND.template()), deny["spec"]["parameters"], request(image), NOW)
            for image in images
        ]
        violations = Evaluator(engine()).evaluate(reviews, source.answers).violations
        for case, each in zip(images.values(), violations, strict=True):
            found[case.name] = [violation.msg for violation in each]
    return found


def request(image: str) -> dict[str, Any]:
    return {
        "uid": "1",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "operation": "CREATE",
        "namespace": "shop",
        "userInfo": {"username": "alice"},
        "object": pod_of(image),
        "oldObject": None,
    }


@pytest.fixture(scope="module")
def verdicts() -> dict[str, list[str]]:
    return judged(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_case_comes_out_as_told(verdicts: dict[str, list[str]], case: Case) -> None:
    messages = verdicts[case.name]
    assert len(messages) == (1 if case.said else 0), messages
    assert all(case.said in message and case.also in message for message in messages), messages


def test_policy_that_names_neither_source_asks_what_it_did() -> None:
    for policy in (MaximumImageAge(), MaximumImageAge(cooldown=Cooldown("7d", "created"))):
        deny, _ = policy.constraints()
        review = ConstraintReview(
            Template.of(KIND.template()), deny["spec"]["parameters"], request("registry.test/app:1"), NOW
        )
        assert Evaluator(engine()).questions([review]) == ('{"image":"registry.test/app:1","v":1}',)


def test_check_announces_the_day_that_provenance_or_a_log_brings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = engine()
    monkeypatch.setattr(opa, "find", lambda *_: found)
    (tmp_path / "policy.yaml").write_text(yaml.safe_dump_all(BY_ALL.constraints()))
    dated = [provenance("2026-02-26T12:00:00Z", "2026-02-26T13:00:00Z")]
    images = {
        "registry.test/proved:1": {"created": EPOCH, "signed": [], "attested": dated},
        "registry.test/logged:1": {
            "created": "2026-02-27T00:00:00Z",
            "signed": [signed("2026-02-26T23:58:00Z")],
            "attested": [],
        },
    }
    facts = {"version": 1, "images": {image: case_facts.completed(image, each) for image, each in images.items()}}
    (tmp_path / "facts.json").write_text(json.dumps(facts))
    words = [
        *("check", "--output=json", f"--policy={tmp_path / 'policy.yaml'}", f"--facts={tmp_path / 'facts.json'}"),
        *("--now=2026-03-01T00:00:00Z", "--until=2026-06-01T00:00:00Z", *(f"--image={image}" for image in images)),
    ]
    done = CliRunner().invoke(cli, words)
    told = json.loads(done.stdout)
    assert (done.exit_code, told["allowed"]) == (0, True), done.output
    assert {each["image"]: each["from"] for each in told["deniedFrom"]} == {
        "registry.test/proved:1": "2026-03-28T12:00:00Z",
        "registry.test/logged:1": "2026-03-28T23:58:00Z",
    }
