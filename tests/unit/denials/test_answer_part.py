"""What a capsule may hold of an answer: never what an image is started with."""

from __future__ import annotations

import json

import pytest

from gatekeeper.denials.capsules import answer_part

_SECRET = "pa55word"
_WHOLE = '{"config":true,"image":"registry.test/old:1","v":1}'
_CONFIG = {
    "created": "2026-01-01T00:00:00Z",
    "config": {"User": "1000", "Env": [_SECRET], "Cmd": [_SECRET], "Labels": {"Env": "prod"}},
    "history": [{"created_by": _SECRET}],
}
_ANSWER = {"value": {"digest": "sha256:00", "config": {"linux/amd64": _CONFIG, "linux/arm64": {"created": None}}}}


def test_what_nobody_asked_for_by_name_is_left_out_and_said() -> None:
    part = answer_part.of(_WHOLE, _ANSWER)
    assert part.value == {
        "value": {
            "digest": "sha256:00",
            "config": {
                "linux/amd64": {
                    "created": "2026-01-01T00:00:00Z",
                    "config": {"User": "1000", "Labels": {"Env": "prod"}},
                },
                "linux/arm64": {"created": None},
            },
        }
    }
    assert part.left_out == ("config.Cmd", "config.Env", "history")
    assert part.withheld == ()
    assert _SECRET in json.dumps(_ANSWER)


@pytest.mark.parametrize("path", ['["config","Env"]', '["config","Env","0"]'])
def test_what_is_asked_for_by_name_is_withheld(path: str) -> None:
    key = f'{{"config":[{path},["created"]],"image":"registry.test/old:1","v":1}}'
    answer = {"value": {"config": {"linux/amd64": {"created": "x", "config": {"Env": [_SECRET]}}}}}
    part = answer_part.of(key, answer)
    assert part.withheld == ("config.Env",)
    assert part.left_out == ()
    assert _SECRET not in json.dumps(part.value)


def test_other_answers_stay_as_they_are() -> None:
    for answer in (
        {"error": "ContentInvalid: no image"},
        {"passing": {"reason": "Timeout", "message": "late"}},
        {"value": {"proofs": []}},
        {"value": {"config": None}},
        {"value": {"config": {"linux/amd64": 7}}},
        {"value": {"config": {"linux/amd64": {"config": 7}}}},
    ):
        assert answer_part.of(_WHOLE, answer) == answer_part.AnswerPart(answer)
    assert answer_part.of("no key {", _ANSWER).withheld == ()
