"""Work on large documents: the same here and in another process."""

from __future__ import annotations

import io
import json

import pytest

from provider import limits
from provider.questions.attestation_question import AttestationWish, PredicateForm
from provider.questions.config_paths import ConfigPaths
from provider.reasons import Reason
from provider.signatures import reader_program
from provider.signatures.document_work import Division, EnvelopePlace, StatementReading, at_once
from provider.signatures.formats import attestation, attestation_bundle
from provider.signatures.formats.bundle import NoSignatureError
from provider.signatures.rejection import RejectionError
from tests.simulators.attesting import TYPE, envelope, statement
from tests.simulators.signing import NOW, SIGN, Signer, new_key
from tests.unit.signatures.test_attestation import layer
from tests.unit.signatures.world import DIGEST, OTHER

LARGE = {"packages": ["x" * 100] * (limits.READ_AT_ONCE_BYTES // 100), "made": "2026-01-01"}
WISH = AttestationWish(TYPE, statement=ConfigPaths((("predicate", "made"),)))
ALL = AttestationWish(TYPE, statement=True)
CUT = {"predicate": {"made": "2026-01-01"}}


def elsewhere(work):
    """What another process makes of it."""
    fields, body = work.to_wire()
    asked = io.BytesIO(json.dumps({**fields, "bytes": len(body)}).encode() + b"\n" + body)
    answers = io.BytesIO()
    reader_program.serve(asked, answers)
    line, _, rest = answers.getvalue().partition(b"\n")
    found = json.loads(line)
    assert found["bytes"] == len(rest)
    if "rejected" in found:
        raise RejectionError(found["rejected"], lasting=found["lasting"])
    return work.result_from_wire(found["result"], rest)


def same(work):
    """What comes of a piece of work, here as elsewhere."""
    found = []
    for do in (work.run, lambda: elsewhere(work)):
        try:
            found.append(do())
        except RejectionError as error:
            found.append((str(error), error.lasting))
    here, there = found
    assert here == there
    if isinstance(here, tuple):
        raise RejectionError(here[0])
    return here


def reading(said=b"", wish=WISH, unless="", **changes):
    return StatementReading(said or statement(DIGEST, **changes), DIGEST, "sha256:1", wish, unless)


@pytest.mark.parametrize(
    ("changes", "wish", "found"),
    [
        ({"predicate": LARGE}, WISH, CUT),
        ({"predicateType": "other"}, WISH, None),
        ({"predicate": {"made": -0.5, "n": 10**20}}, ALL, {"made": -0.5, "n": 10**20}),
        ({"predicate": "text ü \u2028"}, ALL, "text ü \u2028"),
    ],
    ids=["cut", "another type", "numbers", "text"],
)
def test_statement_is_read_and_cut(changes, wish, found):
    content = same(reading(wish=wish, **changes))
    said = content.statement
    assert (said["predicate"] if wish is ALL else said) == found
    assert not content.problem


def test_predicate_that_is_not_of_its_form_is_a_problem():
    content = same(reading(wish=AttestationWish(TYPE, PredicateForm.VULN, statement=True), predicate=1))
    assert content.statement is None
    assert content.problem.startswith("unmarshaling CosignVulnStatement: ")


def test_statement_that_no_answer_has_room_for_does_not_leave_the_process():
    content = same(reading(wish=ALL, predicate=LARGE))
    assert (content.statement, content.reason) == (None, Reason.LIMIT_EXCEEDED)
    assert str(limits.PROOFS_BYTES) in content.problem


@pytest.mark.parametrize(
    "said",
    [b"{", b"[]", b'{"a":1,"a":2}', b"\xff", statement(OTHER)],
    ids=["cut off", "list", "twice", "bytes", "other"],
)
def test_what_is_no_statement_of_the_image_is_rejected(said):
    with pytest.raises(RejectionError):
        same(reading(said))


def test_type_that_is_passed_over_need_not_be_about_the_image():
    assert same(reading(statement(OTHER, predicateType=SIGN), unless=SIGN)).predicate_type == SIGN


def test_envelope_is_divided(case):
    payload = statement(DIGEST, predicate=LARGE)
    divided = same(Division(envelope(case.world.key, payload=payload), EnvelopePlace.WHOLE))
    assert divided.payload == payload
    assert len(json.loads(divided.rest)["signatures"]) == 1


@pytest.mark.parametrize(
    ("body", "place", "problem"),
    [
        (b"{", EnvelopePlace.WHOLE, "the envelope cannot be read: it is no JSON, or a name in it stands twice"),
        (b'{"payload":"?"}', EnvelopePlace.WHOLE, "illegal base64 data at input byte 0"),
        (b'{"dsseEnvelope":{"payload":"?"}}', EnvelopePlace.BUNDLE, "the bundle cannot be read: illegal base64"),
        (b'{"x":"%s"}' % (b"y" * 300_000), EnvelopePlace.WHOLE, "the envelope has 300009 bytes beside its payload"),
    ],
    ids=["no JSON", "no base64", "no base64 in a bundle", "large beside the payload"],
)
def test_document_that_cannot_be_divided_is_rejected(body, place, problem):
    with pytest.raises(RejectionError, match="^" + problem.replace("?", r"\?")):
        same(Division(body, place))


@pytest.mark.parametrize(
    "body",
    [
        b'{"payload":1}',
        b'{"payload":""}',
        b"{}",
        b'{"dsseEnvelope":{"payload":"AA=="},"dsse_envelope":{"payload":"AQ=="}}',
    ],
    ids=["a number", "empty", "absent", "two"],
)
def test_document_without_one_payload_is_left_whole(body):
    divided = same(Division(body, EnvelopePlace.BUNDLE))
    assert divided.payload is None
    assert json.loads(divided.rest) == json.loads(body)


# Large attestations, verified here as everywhere.


def test_large_layer_proves_what_a_small_one_does(case):
    def prove(signer):
        found = layer(envelope(signer, payload=statement(DIGEST, predicate=LARGE)))
        return at_once(attestation.verify(found, DIGEST, case.by_key, WISH, NOW))

    assert prove(case.world.key).attestation.statement == CUT
    with pytest.raises(RejectionError) as refused:
        prove(Signer(new_key()))
    assert refused.value.step == 5


def test_rejection_of_what_was_read_elsewhere_has_its_step(case):
    for said, step in ((statement(OTHER, predicate=LARGE), 6), (b"{" * limits.READ_AT_ONCE_BYTES, 6)):
        found = layer(envelope(case.world.key, payload=said))
        with pytest.raises(RejectionError) as refused:
            at_once(attestation.verify(found, DIGEST, case.by_key, WISH, NOW))
        assert refused.value.step == step
    with pytest.raises(RejectionError) as refused:
        at_once(attestation.verify(layer(b"{" * 300_000), DIGEST, case.by_key, WISH, NOW))
    assert refused.value.step == 1


def test_large_bundle_proves_what_a_small_one_does(case):
    def prove(signer, **changes):
        raw = case.world.bundle(DIGEST, signer, statement=statement(DIGEST, predicate=LARGE, **changes), entry=None)
        return at_once(attestation_bundle.verify(json.dumps(raw).encode(), DIGEST, case.by_key, WISH))

    assert prove(case.world.key).attestation.statement == CUT
    with pytest.raises(RejectionError) as refused:
        prove(Signer(new_key()))
    assert refused.value.step == 5
    with pytest.raises(NoSignatureError):
        prove(case.world.key, predicateType=SIGN)
