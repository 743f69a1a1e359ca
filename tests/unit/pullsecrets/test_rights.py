"""What the API server says of our rights to pull secrets, and who hears of those that are missing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider import limits
from provider.observer import NullObserver
from provider.pullsecrets import rights
from provider.pullsecrets.api_reader import ApiReader
from provider.pullsecrets.reader import ClusterResource, ReadError, ReadFault
from provider.pullsecrets.rights import PullSecretRights
from provider.registry.transport.transport import Response
from tests.simulators.clock import FakeClock
from tests.simulators.loop import VirtualLoop
from tests.unit.pullsecrets.test_api_reader import SERVER, Server, account

__all__ = ["account"]

BOTH = frozenset(ClusterResource)


def review(*rules, incomplete=False):
    """A review as the API server answers it."""
    return json.dumps({"status": {"resourceRules": list(rules), "incomplete": incomplete}}).encode()


def rule(resources=("secrets", "serviceaccounts"), verbs=("get",), groups=("",), **more):
    return {"verbs": list(verbs), "apiGroups": list(groups), "resources": list(resources), **more}


class Reports(NullObserver):
    """What was reported."""

    def __init__(self):
        self.told = []

    def setting_in_force(self, setting, problems):
        self.told.append((setting, list(problems)))


class Cluster:
    """What may be read, by namespace; an error is raised."""

    def __init__(self, **readable):
        self.readable_in = readable
        self.asked = 0

    async def readable(self, namespace):
        self.asked += 1
        found = self.readable_in[namespace]
        if isinstance(found, Exception):
            raise found
        return found


@pytest.fixture
def loop():
    loop = VirtualLoop(FakeClock())
    yield loop
    loop.finish()


class TestReview:
    @pytest.mark.parametrize(
        ("rules", "readable"),
        [
            ([rule()], BOTH),
            ([rule(["*"], ["*"], ["*"])], BOTH),
            ([rule(["secrets"], resourceNames=["regcred"]), rule(["serviceaccounts"])], BOTH),
            ([rule(["secrets"])], {ClusterResource.SECRET}),
            ([rule(verbs=["list", "watch"])], set()),
            ([rule(groups=["apps"])], set()),
            ([rule(["secrets/status", "pods"])], set()),
            ([None, 7, {}, {"verbs": "get"}, rule()], BOTH),
            ([], set()),
        ],
        ids=[
            "get",
            "all",
            "a Secret by name",
            "Secrets",
            "list and watch",
            "another group",
            "others",
            "nonsense",
            "none",
        ],
    )
    def test_rules_say_what_may_be_read(self, rules, readable):
        assert rights.readable_of(review(*rules)) == readable

    def test_one_that_may_lack_rules_says_nothing_of_what_is_not_in_it(self):
        assert rights.readable_of(review(rule(["secrets"]), incomplete=True)) is None
        assert rights.readable_of(review(rule(), incomplete=True)) == BOTH

    @given(
        st.binary(max_size=40) | st.sampled_from([b"{}", b'{"status": 1}', b'{"status": {"resourceRules": {}}}', b"["])
    )
    def test_anything_else_says_nothing(self, body):
        assert rights.readable_of(body) is None

    def test_it_is_one_request_that_changes_nothing(self, loop, account):
        server = Server(Response(201, {}, review(rule())))
        reader = ApiReader(server, SERVER, account, loop.clock)
        assert loop.run(reader.readable("shop")) == BOTH
        [(request, *_)] = server.requests
        assert (request.method, request.target) == ("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews")
        assert json.loads(request.body)["spec"] == {"namespace": "shop"}
        assert request.headers["Authorization"] == "Bearer t-1"

    @pytest.mark.parametrize("status", [401, 403, 404, 500])
    def test_without_one_nothing_is_said(self, loop, account, status):
        with pytest.raises(ReadError):
            loop.run(ApiReader(Server(Response(status, {}, b"")), SERVER, account, loop.clock).readable("shop"))


class TestWatch:
    def test_what_is_missing_is_named_once_and_when_that_changes(self, loop):
        cluster, told = Cluster(shop=BOTH, yard=frozenset({ClusterResource.SECRET})), Reports()
        watch = PullSecretRights(cluster, {"yard", "shop"}, told)
        loop.call_soon(watch.begin)
        loop.run_for(2 * limits.PULL_SECRET_RIGHTS_SECONDS + 1)
        [(setting, [problem])] = told.told
        assert setting == "pull_secret_namespace"
        assert problem.startswith("pull_secret_namespace names yard, where the provider's service account has no right")
        assert "`get` serviceaccounts" in problem
        cluster.readable_in["yard"] = BOTH
        loop.run_for(limits.PULL_SECRET_RIGHTS_LACKING_SECONDS + 1)
        assert told.told[1:] == [(setting, [])]
        asked = cluster.asked
        loop.run_for(limits.PULL_SECRET_RIGHTS_SECONDS - 2)
        assert cluster.asked == asked

    def test_api_server_that_is_away_hides_nothing_that_was_seen(self, loop):
        cluster, told = Cluster(shop=frozenset()), Reports()
        watch = PullSecretRights(cluster, {"shop"}, told)
        loop.run(watch.look())
        cluster.readable_in["shop"] = ReadError(ReadFault.UNAVAILABLE)
        loop.run(watch.look())
        assert len(told.told) == 1

    @pytest.mark.parametrize("answer", [None, ReadError(ReadFault.UNAVAILABLE)], ids=["unsure", "away"])
    def test_where_nothing_is_heard_nothing_is_said(self, loop, answer):
        told = Reports()
        loop.run(PullSecretRights(Cluster(shop=answer), {"shop"}, told).look())
        assert told.told == []
