"""What the controller gets on `/presence`: never cached, behind admission, of digests alone."""

import pytest

from provider.questions.endpoint import Endpoint
from provider.reasons import Reason
from provider.registry.presence import PresenceFinding, PresenceState
from tests.simulators.gatekeeper import Answer
from tests.simulators.gatekeeper import body as request_body
from tests.simulators.inspector import DIGEST

PINNED = f"registry.example/app@{DIGEST}"


def test_each_question_is_asked_anew(world):
    first = world.ask(PINNED, endpoint=Endpoint.PRESENCE)
    assert first.values[PINNED]["presence"] == "present"
    world.inspector.presences[PINNED] = PresenceFinding(PresenceState.GONE, Reason.NOT_FOUND, "it has it no more")
    found = world.ask(PINNED, endpoint=Endpoint.PRESENCE).values[PINNED]
    assert (found["presence"], found["reason"], found["message"]) == ("gone", "NotFound", "it has it no more")
    assert world.inspector.calls[PINNED] == 2


def test_it_stands_behind_admission(world):
    world.ask(PINNED, endpoint=Endpoint.PRESENCE)
    assert [claim.audit for claim in world.inspector.claims] == [True]


def test_facts_are_another_question(world):
    world.ask(PINNED)
    assert world.ask(PINNED, endpoint=Endpoint.PRESENCE).values[PINNED]["presence"] == "present"


@pytest.mark.parametrize(
    "key",
    ["registry.example/app:1", '{"image":"registry.example/app","v":1}', f'{{"config":true,"image":"{PINNED}","v":1}}'],
    ids=["tag", "name", "config"],
)
def test_key_that_names_no_digest_or_asks_for_more_is_refused(world, key):
    assert world.ask(key, endpoint=Endpoint.PRESENCE).errors[key].startswith("KeyInvalid: on /presence ")
    assert not world.inspector.calls


def test_no_answer_in_time_is_none(world):
    world.inspector.held.add(PINNED)
    answer = world.ask(PINNED, endpoint=Endpoint.PRESENCE)
    assert not answer.values
    assert world.waited == [pytest.approx(9.0, abs=0.6)]


def test_path_is_on_the_port_for_certified_clients(client):
    response = client.post("/presence", data=request_body(PINNED))
    assert Answer(response.data).values[PINNED]["presence"] == "present"
