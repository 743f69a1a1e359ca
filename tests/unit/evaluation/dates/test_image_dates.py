"""Every date of an image: what it proves, whether it can be true, and what is not known."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.evaluation.dates.image_date import DateWorth, lies_about, worth_of
from gatekeeper.evaluation.dates.image_dates import ProofAnswer, image_dates
from provider.images.stated_dates import StatedDate, StatedDates, StatementSource
from provider.signatures.provenance import PLACES

NOW = dt.datetime(2026, 11, 24, tzinfo=dt.UTC).timestamp()
V1 = "https://slsa.dev/provenance/v1"
LAYER = "sha256:" + "1" * 64
CREATED = StatedDate(StatementSource.CONFIG, "created", "2026-11-20T00:00:00Z", "linux/amd64")


def stated(*dates: StatedDate, **more: object) -> StatedDates:
    return StatedDates("reg.example/app@sha256:1", dates, **more)  # type: ignore[arg-type]


def proved(by: str = "ci", earliest: str = "", times=(), said=None, layer: str = LAYER, **more) -> ProofAnswer:
    """An answer with one proof."""
    proof = {"id": "1", "times": list(times), "subjects": [], "digest": "sha256:1", "format": "legacy"}
    if said is not None:
        predicate = {"runDetails": {"builder": {"id": "b"}, "metadata": said}}
        content = {"digest": layer, "predicateType": V1, "statement": {"predicate": predicate}}
        proof["attestation"] = content
    fact = {"proofs": [proof], **more}
    return ProofAnswer(by, fact | ({"earliest": {"source": "log", "at": earliest}} if earliest else {}))


def refused(reason: str, message: str = "why", by: str = "ci") -> ProofAnswer:
    return ProofAnswer(by, {"reason": reason, "message": message})


def test_earliest_of_all_answers_counts_whoever_signed():
    answers = [proved(earliest="2026-11-22T00:00:00Z"), proved("key", earliest="2026-11-21T00:00:00Z"), proved()]
    found = image_dates(stated(CREATED), answers, NOW)
    assert found.earliest is not None
    assert (found.earliest.at, found.earliest.worth) == ("2026-11-21T00:00:00Z", DateWorth.NO_LATER)
    assert found.dates[-1] == found.earliest
    assert found.dates[0].lies == ()
    assert found.to_json()["earliest"] == {"source": "log", "at": "2026-11-21T00:00:00Z"}
    assert found.to_json()["dates"][-1] == {
        "source": "log",
        "at": "2026-11-21T00:00:00Z",
        "proves": "no-later-than",
    }


@pytest.mark.parametrize("wrong", ["1970-01-01T00:00:00Z", "2026-11-25T00:00:00Z"])
def test_time_of_a_wrong_clock_hides_no_true_one(wrong):
    times = [{"source": "timestamp", "at": wrong}, {"source": "log", "at": "2026-11-21T00:00:00Z"}]
    found = image_dates(stated(CREATED), [proved(earliest=min(wrong, "2026-11-21T00:00:00Z"), times=times)], NOW)
    assert found.earliest is not None
    assert (found.earliest.at, found.dates[0].lies) == ("2026-11-21T00:00:00Z", ())
    alone = image_dates(stated(CREATED), [proved(earliest=wrong, times=times[:1])], NOW)
    assert alone.earliest is not None
    assert alone.earliest.at == wrong


def test_nothing_proved_is_no_time():
    found = image_dates(stated(CREATED), [refused("SignatureAbsent"), refused("AttestationAbsent")], NOW)
    assert (found.earliest, found.notes, found.failures) == (None, [], [])
    assert [each.worth for each in found.dates] == [DateWorth.PUBLISHER]


@pytest.mark.parametrize(
    "reason", ["Timeout", "RegistryUnavailable", "TrustRootStale", "Unauthorized", "LimitExceeded"]
)
def test_what_is_not_known_is_said_once(reason):
    found = image_dates(stated(CREATED), [refused(reason), refused(reason), proved()], NOW)
    assert found.failures == [f"{reason}: why"]
    assert found.to_json()["failures"] == [f"{reason}: why"]


def test_list_of_attestations_that_cannot_be_had_is_a_failure():
    found = image_dates(stated(CREATED, failure="Timeout: slow"), [], NOW)
    assert (found.failures, found.passed_over) == (["Timeout: slow"], 0)


def test_who_attested_is_named_by_the_certificate_where_there_is_one():
    answer = proved(said={"finishedOn": "2026-11-19T00:00:00Z"})
    answer.fact["proofs"][0] |= {
        "subjects": ["ann@example.test", "https://ann.example.test"],
        "issuer": "https://i.test",
    }
    (found,) = image_dates(stated(), [answer], NOW).dates
    assert found.by == "ann@example.test, https://ann.example.test (issuer https://i.test)"


def test_rejection_is_told_only_where_nothing_of_its_kind_is_proved_by_whose_word_it_is():
    answers = [
        refused("SignatureRejected", "no log entry"),
        proved(),
        refused("AttestationRejected", "first"),
        refused("AttestationRejected", "second"),
        refused("SignatureRejected", "101 exceeded the limit (100)", by="key"),
    ]
    assert image_dates(stated(), answers, NOW).notes == ["ci: first", "key: 101 exceeded the limit (100)"]
    answers.append(proved(said={}))
    assert image_dates(stated(), answers, NOW).notes == ["key: 101 exceeded the limit (100)"]


def test_what_nobody_looked_at_is_counted_once():
    found = image_dates(stated(), [proved(passedOver=2), proved(passedOver=3)], NOW)
    assert found.passed_over == 3
    assert found.to_json()["passedOver"] == 3


def test_attested_provenance_stands_once_and_not_as_unproved_beside():
    unproved = StatedDate(StatementSource.PROVENANCE, "finishedOn", "2026-11-19T00:00:00Z", builder="b", layer=LAYER)
    answers = [proved(said={"finishedOn": "2026-11-19T00:00:00Z"}), proved(said={"finishedOn": "2026-11-19T00:00:00Z"})]
    (found,) = image_dates(stated(unproved), answers, NOW).dates
    assert (found.worth, found.by, found.builder) == (DateWorth.NO_EARLIER, "ci", "b")
    (alone,) = image_dates(stated(unproved), [], NOW).dates
    assert (alone.worth, alone.by) == (DateWorth.UNPROVED, "")


def test_two_who_attest_the_same_are_both_told():
    said = {"finishedOn": "2026-11-19T00:00:00Z"}
    found = image_dates(stated(), [proved("ci", said=said), proved("key", said=said)], NOW).dates
    assert [each.by for each in found] == ["ci", "key"]


def test_provenance_finished_after_its_own_log_time_lies_even_where_no_time_of_the_image_is_earlier():
    times = [{"source": "log", "at": "2026-11-20T00:00:00Z"}, {"source": "none", "at": "2026-11-01T00:00:00Z"}]
    (found,) = image_dates(stated(), [proved(times=times, said={"finishedOn": "2026-11-21T00:00:00Z"})], NOW).dates
    assert found.lies == ("the image existed before it: 2026-11-20T00:00:00Z is proved",)


def test_unproved_provenance_that_finished_before_it_started_lies():
    started = StatedDate(StatementSource.PROVENANCE, "startedOn", "2026-11-19T00:00:00Z", layer=LAYER)
    finished = StatedDate(StatementSource.PROVENANCE, "finishedOn", "2026-11-18T00:00:00Z", layer=LAYER)
    other = StatedDate(StatementSource.PROVENANCE, "finishedOn", "2026-11-18T00:00:00Z", layer="sha256:2")
    found = image_dates(stated(started, finished, other), [], NOW).dates
    assert [len(each.lies) for each in found] == [0, 1, 0]


def test_predicate_of_another_shape_has_no_dates():
    odd = proved(said={"finishedOn": 1, "startedOn": None})
    bare = ProofAnswer("ci", {"proofs": [{"times": [], "attestation": {"digest": LAYER, "predicateType": V1}}]})
    assert image_dates(stated(), [odd, bare], NOW).dates == []


def test_json_has_what_there_is_to_say_and_nothing_empty():
    late = {"finishedOn": "2026-11-23T00:00:00Z"}
    answers = [proved(earliest="2026-11-21T00:00:00Z", said=late), refused("SignatureRejected", by="key")]
    assert image_dates(stated(CREATED, failure="Timeout: slow"), answers, NOW).to_json() == {
        "dates": [
            {
                "source": "config",
                "at": "2026-11-20T00:00:00Z",
                "proves": "publisher",
                "field": "created",
                "platform": "linux/amd64",
            },
            {
                "source": "provenance",
                "at": "2026-11-23T00:00:00Z",
                "proves": "no-earlier-than",
                "field": "finishedOn",
                "builder": "b",
                "by": "ci",
                "lies": ["the image existed before it: 2026-11-21T00:00:00Z is proved"],
            },
            {"source": "log", "at": "2026-11-21T00:00:00Z", "proves": "no-later-than"},
        ],
        "earliest": {"source": "log", "at": "2026-11-21T00:00:00Z"},
        "notes": ["key: why"],
        "failures": ["Timeout: slow"],
    }


@pytest.mark.parametrize(
    ("text", "worth"),
    [
        ("2026-11-20T00:00:00Z", DateWorth.PUBLISHER),
        ("2013-01-01T00:00:00Z", DateWorth.PUBLISHER),
        ("2012-12-31T23:59:59Z", DateWorth.NO_DATE),
        ("1970-01-01T00:00:00Z", DateWorth.NO_DATE),
        ("0001-01-01T00:00:00Z", DateWorth.NO_DATE),
        ("2026-11-20", DateWorth.NO_DATE),
        ("", DateWorth.NO_DATE),
    ],
)
def test_only_what_somebody_may_have_set_is_a_date(text, worth):
    assert worth_of(text, DateWorth.PUBLISHER) is worth


def moment(seconds: float, fraction: str = "", offset: int = 0) -> str:
    """RFC 3339 with a fraction of any digits, at an offset in minutes."""
    zone = dt.timezone(dt.timedelta(minutes=offset))
    text = dt.datetime.fromtimestamp(seconds, zone).strftime("%Y-%m-%dT%H:%M:%S")
    sign, distance = "-" if offset < 0 else "+", abs(offset)
    return f"{text}{'.' if fraction else ''}{fraction}{sign}{distance // 60:02}:{distance % 60:02}"


@given(
    st.integers(int(NOW) - 10**8, int(NOW) - 1),
    st.text("0123456789", max_size=9),
    st.integers(-24 * 60 + 1, 24 * 60 - 1),
)
def test_same_moment_is_judged_alike_however_it_is_written(seconds, fraction, offset):
    written, plain = moment(seconds, fraction, offset), moment(seconds)
    assert lies_about(written, NOW) == ()
    assert lies_about(written, NOW, existed=plain) == ()
    assert lies_about(written, seconds - 302) == ("it lies in the future",)
    earlier = moment(seconds - 302)
    assert lies_about(written, NOW, existed=earlier) == (f"the image existed before it: {earlier} is proved",)
    assert lies_about(written, NOW, started=plain) == ()
    later = moment(seconds + 1)
    assert lies_about(written, NOW, started=later) == (f"it is before the build began ({later})",)


@given(
    st.sampled_from(sorted(PLACES)),
    st.recursive(
        st.none() | st.text() | st.integers(),
        lambda each: (
            st.dictionaries(
                st.sampled_from(
                    ["runDetails", "metadata", "builder", "id", "startedOn", "finishedOn", "buildStartedOn"]
                ),
                each,
            )
            | st.lists(each)
        ),
    ),
)
def test_predicate_of_any_shape_gives_texts_or_nothing(kind, predicate):
    proof = {
        "times": [],
        "attestation": {"digest": LAYER, "predicateType": kind, "statement": {"predicate": predicate}},
    }
    found = image_dates(stated(), [ProofAnswer("ci", {"proofs": [proof]})], NOW)
    assert all(each.at and isinstance(each.builder, str) for each in found.dates)
