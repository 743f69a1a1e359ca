"""A Pod's image is asked for as the kubelet pulls it, and what one Pod may read no other is told."""

import asyncio

import pytest

from provider import limits
from provider.errors import ImageError
from provider.observer import NullObserver
from provider.pullsecrets.reader import ClusterResource, ReadFault
from provider.reasons import Reason
from provider.registry.credentials.credential import Credential
from tests.simulators.pull_secrets import JSON_TYPE, OLDER_TYPE, auths, secret_object
from tests.unit.pullsecrets.world import IMAGE, World, basic

ANN, BOB, EVE = ("ann", "secret-a"), ("bob", "secret-b"), ("eve", "secret-e")


class Own:
    """The provider's own credentials."""

    def __init__(self, credential):
        self.credential = credential

    def of(self, registry, repository):
        return self.credential

    async def prepare(self, registry, repository):
        pass


@pytest.fixture
def make_world():
    """Makes worlds, whose loops are closed at the end."""
    made = []

    def make(**parts):
        made.append(World(**parts))
        return made[-1]

    yield make
    for each in made:
        each.loop.finish()


@pytest.fixture
def world(make_world):
    return make_world()


@pytest.fixture
def private(world):
    """The image is Ann's, whose credential is a pull secret of the namespace shop."""
    world.allow(ANN)
    world.cluster.secret("shop", "regcred", {"reg.io": ANN})
    return world


class TestAnswer:
    def test_private_image_is_read_with_the_pull_secret_of_its_pod(self, private):
        assert private.ask("regcred").digest == private.image.digest

    def test_pod_without_pull_secrets_is_told_nothing_of_it(self, private):
        error = private.refused(account="default")
        assert error.reason is Reason.UNAUTHORIZED
        assert set(private.shown) == {"nobody"}

    def test_pod_of_another_namespace_is_told_nothing_of_it_whatever_it_names(self, private):
        private.ask("regcred")
        error = private.refused("regcred", namespace="yard")
        assert error.reason is Reason.UNAUTHORIZED
        assert "pull secret yard/regcred does not exist" in error.detail

    def test_workload_is_read_with_the_pull_secrets_of_its_service_account(self, private):
        private.cluster.account("shop", "web", "regcred")
        assert private.ask(account="web").digest == private.image.digest

    def test_service_account_counts_for_nothing_where_the_pod_names_secrets(self, private):
        private.cluster.account("shop", "web", "regcred")
        private.cluster.secret("shop", "others", {"reg.io": BOB})
        private.refused("others", account="web")
        assert private.cluster.reads == ["secrets shop/others"]

    def test_older_form_of_a_secret_is_read(self, world):
        world.allow(ANN)
        document = secret_object(OLDER_TYPE, auths({"reg.io": ANN}))
        world.cluster.hold(ClusterResource.SECRET, "shop", "old", document)
        assert world.ask("old").digest == world.image.digest

    def test_question_that_names_nobody_asks_with_the_own_credentials(self, private):
        assert private.askers.of(_plain()).of("reg.io", "team/app").anonymous


def _plain():
    from provider.questions.question import FactQuestion  # noqa: PLC0415

    return FactQuestion(IMAGE)


class TestOrder:
    """As the kubelet has it."""

    def test_all_that_fit_are_tried_in_the_order_of_the_pod(self, world):
        world.allow(ANN)
        for name, user in (("first", EVE), ("second", BOB), ("third", ANN)):
            world.cluster.secret("shop", name, {"reg.io": user})
        assert world.ask("first", "second", "third").digest == world.image.digest
        tried = [user for user in dict.fromkeys(world.shown) if user != "nobody"]
        assert tried == ["eve", "bob", "ann"]

    def test_longer_path_comes_before_the_order_of_the_pod(self, world):
        world.allow(ANN)
        world.cluster.secret("shop", "first", {"reg.io": BOB})
        world.cluster.secret("shop", "second", {"reg.io/team": ANN})
        world.ask("first", "second")
        assert "bob" not in world.shown

    def test_one_that_is_taken_asks_for_all_that_follows(self, world):
        world.allow(ANN)
        world.cluster.secret("shop", "first", {"reg.io": BOB})
        world.cluster.secret("shop", "second", {"reg.io": ANN})
        world.ask("first", "second")
        assert set(world.shown[world.shown.index("ann") :]) <= {"ann", "nobody"}

    def test_registry_that_hides_what_is_private_is_asked_with_the_next_one(self, world):
        world.allow(ANN)
        world.cluster.secret("shop", "first", {"reg.io": BOB})
        world.cluster.secret("shop", "second", {"reg.io": ANN})
        world.registry.fail("manifest", 404, times=1)
        assert world.ask("first", "second").digest == world.image.digest

    def test_own_credentials_of_the_provider_come_last(self, make_world):
        world = make_world(own=Own(Credential(*ANN)))
        world.allow(ANN)
        world.cluster.secret("shop", "first", {"reg.io": BOB})
        assert world.ask("first").digest == world.image.digest
        assert [user for user in dict.fromkeys(world.shown) if user != "nobody"] == ["bob", "ann"]

    def test_secret_of_another_registry_is_shown_to_nobody(self, world):
        world.cluster.secret("shop", "hub", {"other.io": ANN})
        world.refused("hub")
        assert set(world.shown) == {"nobody"}

    def test_public_image_is_read_as_anybody_where_no_secret_fits(self, world):
        world.registry.public.add("team/app")
        world.cluster.secret("shop", "hub", {"other.io": ANN})
        assert world.ask("hub").digest == world.image.digest

    def test_no_more_than_so_many_are_tried(self, world):
        names = [f"s{number}" for number in range(limits.PULL_SECRETS)]
        for number, name in enumerate(names):
            world.cluster.secret("shop", name, {"reg.io": (f"user{number}", "secret-x")})
        world.refused(*names)
        assert len(set(world.shown) - {"nobody"}) == limits.CANDIDATES


class TestRights:
    """An answer is never shared beyond its rights."""

    @pytest.fixture
    def tenants(self, private):
        private.cluster.secret("yard", "regcred", {"reg.io": EVE})
        return private

    def test_content_that_one_tenant_fetched_is_not_given_to_the_other(self, tenants):
        tenants.ask("regcred", image=f"reg.io/team/app@{tenants.image.digest}")
        error = tenants.refused("regcred", namespace="yard", image=f"reg.io/team/app@{tenants.image.digest}")
        assert error.reason is Reason.UNAUTHORIZED

    def test_tenant_with_a_right_of_its_own_proves_it_and_fetches_nothing_again(self, tenants):
        tenants.ask("regcred")
        tenants.allow(ANN, EVE)
        tenants.ask("regcred", namespace="yard", image=f"reg.io/team/app@{tenants.image.digest}")
        assert tenants.registry.counts["manifest"] == 0
        assert tenants.registry.counts["HEAD manifest"] > 0

    def test_tag_that_one_tenant_saw_is_looked_up_anew_for_the_other(self, tenants):
        tenants.ask("regcred")
        assert tenants.refused("regcred", namespace="yard").reason is Reason.UNAUTHORIZED

    def test_content_is_filed_under_the_credential_that_was_taken(self, private):
        private.cluster.secret("shop", "first", {"reg.io": EVE})
        private.cluster.secret("yard", "first", {"reg.io": EVE})
        private.ask("first", "regcred")
        assert private.refused("first", namespace="yard").reason is Reason.UNAUTHORIZED

    def test_secret_with_another_content_has_to_prove_its_right(self, private):
        by_digest = f"reg.io/team/app@{private.image.digest}"
        private.ask("regcred", image=by_digest)
        private.cluster.secret("shop", "regcred", {"reg.io": EVE})
        private.clock.advance(limits.PULL_SECRET_SECONDS)
        assert private.refused("regcred", image=by_digest).reason is Reason.UNAUTHORIZED


class TestTime:
    def test_secret_is_read_once_for_its_time(self, private):
        private.ask("regcred")
        private.clock.advance(limits.PULL_SECRET_SECONDS - 1)
        private.ask("regcred")
        assert private.cluster.reads == []
        private.clock.advance(2)
        private.ask("regcred")
        assert private.cluster.reads == ["secrets shop/regcred"]

    def test_secret_that_the_registry_refuses_is_read_again_at_once(self, private):
        private.ask("regcred")
        private.clock.advance(limits.PULL_SECRET_REREAD_SECONDS)
        private.allow(BOB)
        private.cluster.secret("shop", "regcred", {"reg.io": BOB})
        later = private.registry.push_image("team/app", "v2", created="2026-02-02T00:00:00Z")
        assert private.ask("regcred", image="reg.io/team/app:v2").digest == later.digest
        assert private.cluster.reads == ["secrets shop/regcred"]

    def test_secret_that_has_just_been_read_is_not_read_again_for_a_refusal(self, private):
        private.allow(BOB)
        private.refused("regcred")
        assert private.cluster.reads == ["secrets shop/regcred"]

    def test_missing_secret_is_looked_for_again_soon(self, world):
        world.allow(ANN)
        world.refused("regcred")
        world.cluster.secret("shop", "regcred", {"reg.io": ANN})
        world.clock.advance(limits.PULL_SECRET_FAILED_SECONDS)
        assert world.ask("regcred").digest == world.image.digest


class TestFaults:
    """Each is named, none is `Internal`, and what can be had without it is had."""

    @pytest.mark.parametrize(
        ("cause", "said"),
        [
            (ReadFault.MISSING, "pull secret shop/bad does not exist"),
            (
                ReadFault.FORBIDDEN,
                "pull secret shop/bad may not be read: the provider's service account has no",
            ),
            (ReadFault.UNKNOWN_TO_IT, "pull secret shop/bad cannot be read: the API server does not take the token"),
            (ReadFault.UNAVAILABLE, "pull secret shop/bad cannot be read: the API server does not answer"),
            (ReadFault.TOO_LARGE, "pull secret shop/bad cannot be read: it has more than"),
        ],
    )
    def test_secret_that_cannot_be_read_is_named_with_what_to_do(self, private, cause, said):
        private.cluster.fail("shop", "bad", cause)
        error = private.refused("bad")
        assert error.reason is Reason.UNAUTHORIZED
        assert error.detail.startswith(said)
        assert private.ask("bad", "regcred").digest == private.image.digest

    @pytest.mark.parametrize(
        ("document", "said"),
        [
            (secret_object("Opaque", {"auths": {}}), "is of type Opaque, not kubernetes.io/dockerconfigjson or"),
            ({"kind": "Secret", "type": JSON_TYPE}, "has no key `.dockerconfigjson`"),
            ({"kind": "Secret", "type": 7}, "is of type 7, not"),
            ({"kind": "Secret", "type": JSON_TYPE, "data": {".dockerconfigjson": "%%%"}}, "is no base64"),
            (secret_object(JSON_TYPE, b"secret-x{"), "`.dockerconfigjson` is no JSON"),
            (secret_object(JSON_TYPE, b"[" * 500 + b"]" * 500), "cannot be used"),
            (secret_object(JSON_TYPE, {"auths": ["secret-x"]}), "`auths` is none"),
            (secret_object(JSON_TYPE, {"auths": {}}), "has no usable entry"),
            (secret_object(JSON_TYPE, {"auths": {"reg.io": {"auth": "secret-x"}}}), "no base64"),
            (secret_object(JSON_TYPE, {"credsStore": "x", "auths": {"reg.io": {}}}), "has no usable entry"),
            (secret_object(OLDER_TYPE, ["secret-x"]), "`.dockercfg` is"),
            (b"<html>", "what the API server sends is no object"),
            (b"[]", "what the API server sends is no object"),
        ],
    )
    def test_secret_that_cannot_be_used_is_named_with_the_reason(self, private, document, said):
        private.cluster.hold(ClusterResource.SECRET, "shop", "bad", document)
        error = private.refused("bad")
        assert error.reason is Reason.UNAUTHORIZED
        assert error.detail.startswith("pull secret shop/bad ")
        assert said in error.detail
        assert private.ask("bad", "regcred").digest == private.image.digest

    def test_secret_that_vanishes_between_question_and_fetch_is_named(self, private):
        private.ask("regcred")
        private.cluster.forget(ClusterResource.SECRET, "shop", "regcred")
        private.clock.advance(limits.PULL_SECRET_SECONDS)
        assert "pull secret shop/regcred does not exist" in private.refused("regcred").detail

    @pytest.mark.parametrize("name", ["../configmaps/x", "UPPER", "a b", ".", "a?watch=1", "a/b"])
    def test_name_that_is_none_asks_the_api_server_for_nothing_else(self, private, name):
        error = private.refused(name)
        assert private.cluster.reads == []
        assert "pull secret shop/" in error.detail

    def test_namespace_that_no_setting_names_is_not_read(self, private):
        error = private.refused("regcred", namespace="bank")
        assert private.cluster.reads == []
        assert "namespace bank" in error.detail
        assert "`pull_secret_namespace`" in error.detail

    def test_service_account_that_is_missing_is_named(self, private):
        assert "service account shop/web does not exist" in private.refused(account="web").detail

    @pytest.mark.parametrize("listed", [{}, "regcred", 7])
    def test_service_account_that_cannot_be_understood_is_named(self, private, listed):
        private.cluster.hold(ClusterResource.SERVICE_ACCOUNT, "shop", "web", {"imagePullSecrets": listed})
        assert "service account shop/web cannot be read" in private.refused(account="web").detail

    def test_which_were_tried_is_said_by_their_names(self, private):
        private.cluster.secret("shop", "first", {"reg.io": EVE})
        assert "asked with pull secret shop/first" in private.refused("first").detail

    def test_further_secrets_than_are_read_are_named(self, world):
        names = [f"s{number}" for number in range(limits.PULL_SECRETS + 1)]
        assert f"more than {limits.PULL_SECRETS} pull secrets" in world.refused(*names).detail

    def test_many_who_want_one_secret_cause_one_read(self, private):
        private.cluster.delay = 0.1
        keyrings = private.askers._keyrings
        from provider.questions.puller import Puller  # noqa: PLC0415

        tasks = [private.loop.create_task(keyrings.of(Puller("shop", "", ("regcred",)))) for _ in range(20)]
        private.loop.run_for(1)
        assert [len(task.result().secrets) for task in tasks] == [1] * 20
        assert private.cluster.reads == ["secrets shop/regcred"]

    def test_host_of_a_pull_secret_may_not_have_a_private_address(self):
        """Only what an administrator names may."""
        from provider.registry import origin  # noqa: PLC0415
        from provider.registry.settings import RegistrySettings  # noqa: PLC0415

        assert not RegistrySettings(pull_secret_namespaces=frozenset({"shop"})).names(origin.of_url("https://10.0.0.1"))


class TestMirrors:
    """A mirror is another host: it is shown what a Secret holds for that host, and nothing else."""

    def test_credential_of_the_registry_is_not_shown_to_another_host(self, private):
        from provider.clock import Deadline  # noqa: PLC0415
        from provider.registry.call import Call  # noqa: PLC0415
        from provider.registry.candidates import by_any  # noqa: PLC0415
        from provider.registry.reference import parse  # noqa: PLC0415
        from provider.registry.turns.claim import Claim  # noqa: PLC0415

        private.cluster.secret("shop", "mirror", {"mirror.io": BOB})
        shown = []

        class Reader:
            @by_any
            async def read(self, reference, call):
                for host in ("reg.io", "mirror.io", "elsewhere.io"):
                    await call.prepare(host, reference.repository)
                    shown.append(call.credential(host, reference.repository).username)
                return "content"

        fields = {"namespace": "shop", "pullSecrets": ["regcred", "mirror"]}
        asked = _asked(**fields)
        call = Call(Deadline.after(private.clock, 30), Claim(object()), private.askers.of(asked))
        assert private.loop.run(Reader().read(parse(IMAGE), call)) == "content"
        assert shown == ["ann", "bob", ""]


def test_secret_that_would_keep_the_loop_busy_is_passed_over_and_spoils_no_other(make_world):
    world = make_world()
    world.allow(BOB)
    world.cluster.secret("shop", "huge", {f"*.r{number}.io": EVE for number in range(4_000)})
    world.cluster.secret("shop", "good", {"reg.io": BOB})
    assert world.ask("huge", "good").digest == world.image.digest
    assert "holds too much" in " ".join(world.loop.run(_keyring(world, "huge")).problems)


class TestOneBadSecretBesideAGoodOne:
    def test_what_a_later_one_has_seen_is_good_enough_while_the_registry_is_away(self, make_world):
        world = make_world(stale_seconds=3_600)
        world.allow(BOB)
        world.cluster.secret("shop", "bad", {"reg.io": ANN})
        world.cluster.secret("shop", "good", {"reg.io": BOB})
        world.ask("bad", "good")
        world.clock.advance(600)
        world.registry.fail("any", 503)
        assert world.ask("bad", "good").stale
        with pytest.raises(ImageError) as caught:
            world.ask("bad")
        assert caught.value.reason is Reason.REGISTRY_UNAVAILABLE

    @pytest.mark.parametrize("status", [402, 412, 451])
    def test_what_is_not_given_to_the_first_is_asked_for_with_the_next(self, make_world, status):
        world = make_world()
        world.allow(ANN, BOB)
        world.cluster.secret("shop", "one", {"reg.io": ANN})
        world.cluster.secret("shop", "other", {"reg.io": BOB})
        world.registry.fail("manifest", status, times=1)
        assert world.ask("one", "other").digest == world.image.digest
        world.allow(ANN)
        world.clock.advance(60)
        world.registry.fail("manifest", status, times=1)
        # That says more than that the other one is refused.
        assert world.refused("one", "other").reason is Reason.PULL_REFUSED

    def test_registry_that_is_away_is_said_to_be_so_whoever_is_refused_after_it(self, make_world):
        world = make_world()
        world.allow(EVE)
        world.cluster.secret("shop", "one", {"reg.io": ANN})
        world.cluster.secret("shop", "other", {"reg.io": BOB})
        world.registry.fail("manifest", 500, times=1)
        with pytest.raises(ImageError) as caught:
            world.ask("one", "other")
        assert (caught.value.reason, caught.value.away) == (Reason.REGISTRY_UNAVAILABLE, True)

    def test_identity_token_that_has_ended_leaves_it_to_the_next(self, make_world):
        world = make_world()
        world.registry.require_token("https://reg.io/token")
        world.registry.fail("token", 400, times=1)
        ended = secret_object(JSON_TYPE, {"auths": {"reg.io": {"identitytoken": "secret-ended"}}})
        world.cluster.hold(ClusterResource.SECRET, "shop", "ended", ended)
        world.cluster.secret("shop", "good", {"reg.io": BOB})
        assert world.ask("ended", "good").digest == world.image.digest


class TestReports:
    """Who runs the provider sees which pull secrets are of no use, by a few reasons and by their names."""

    @pytest.fixture
    def told(self, make_world):
        class Told(NullObserver):
            def __init__(self):
                self.unusable = []

            def pull_secret_unusable(self, fault, problem):
                self.unusable.append((fault, problem))

        told = Told()
        world = make_world(observer=told)
        world.allow(ANN)
        return world, told.unusable

    def test_each_that_is_of_no_use_is_reported_with_its_reason(self, told):
        world, unusable = told
        world.cluster.secret("shop", "closed", {"reg.io": ANN})
        world.cluster.fail("shop", "closed", ReadFault.FORBIDDEN)
        world.cluster.hold(ClusterResource.SECRET, "shop", "opaque", {"type": "Opaque"})
        world.cluster.secret("shop", "good", {"reg.io": ANN})
        world.ask("gone", "closed", "opaque", "good", "no/name")
        assert sorted(fault for fault, _ in unusable) == ["forbidden", "invalid", "missing", "missing"]
        assert ("missing", "pull secret shop/gone does not exist") in unusable
        assert "secret-" not in str(unusable)

    def test_one_that_can_be_used_is_not(self, told):
        world, unusable = told
        world.cluster.secret("shop", "good", {"reg.io": ANN})
        world.ask("good")
        assert unusable == []


class TestSilence:
    """What keeps one secret waiting takes no turn from those after it."""

    @pytest.fixture
    def world(self, make_world):
        """Three secrets, of which the last one fits; how long the answer to its Pod takes."""
        world = make_world()
        world.allow(BOB)
        for name, user in (("first", ANN), ("second", EVE), ("good", BOB)):
            world.cluster.secret("shop", name, {"reg.io": user})
        return world

    @staticmethod
    def silent(world, *users):
        """The registry says nothing to these."""
        send = world.registry.send
        headers = {basic(*user) for user in users}

        async def sent(request, limit, deadline):
            if request.headers.get("Authorization") in headers:
                world.registry.fail("any", how="silent", times=1)
            return await send(request, limit, deadline)

        world.registry.send = sent

    def test_registry_that_is_silent_to_the_first_ones_answers_the_last_within_an_admissions_wait(self, world):
        self.silent(world, ANN, EVE)
        began = world.clock.monotonic()
        assert world.ask("first", "second", "good").digest == world.image.digest
        assert world.clock.monotonic() - began < 1.0

    def test_silent_token_service_of_one_is_not_waited_for(self, world):
        world.registry.require_token("https://reg.io/token")
        self.silent(world, ANN)
        began = world.clock.monotonic()
        assert world.ask("first", "good").digest == world.image.digest
        assert world.clock.monotonic() - began < 1.0

    def test_one_that_is_only_slow_is_not_given_up(self, world):
        world.allow(ANN)
        world.registry.delay = 0.8
        assert world.ask("first", "second", "good").digest == world.image.digest

    def test_one_that_gets_its_answers_one_after_the_other_is_waited_for_alone(self, world):
        """A far-away registry: each answer takes a while, and all together more than a share."""
        world.registry.require_token("https://reg.io/token")
        world.registry.delay = 0.18
        assert world.ask("first", "second", "good").digest == world.image.digest
        shown = {asked.headers.get("Authorization", "") for asked in world.registry.requests}
        assert shown.isdisjoint({basic(*EVE), basic(*BOB)})

    def test_only_one_is_waited_for_as_long_as_there_is_time(self, world):
        self.silent(world, ANN)
        error = world.refused("first")
        assert error.reason is Reason.TIMEOUT
        assert world.shown.count("ann") == 1

    def test_silence_says_more_than_a_refusal_after_it(self, world):
        self.silent(world, ANN)
        assert world.refused("first", "second").reason is Reason.TIMEOUT

    def test_what_is_under_way_ends_with_the_question(self, world):
        self.silent(world, ANN)
        world.ask("first", "good")
        world.loop.settle()
        assert not asyncio.all_tasks(world.loop)


class TestStrands:
    """Of one question several are under way at once; what one of them takes is for the others, too."""

    @pytest.fixture
    def world(self, make_world):
        world = make_world()
        for name, user in (("first", ANN), ("good", BOB), ("third", EVE)):
            world.cluster.secret("shop", name, {"reg.io": user})
        return world

    @pytest.mark.parametrize("seconds", [0.1, 5.0])
    def test_one_that_is_refused_or_kept_waiting_asks_with_what_the_other_has_taken(self, world, seconds):
        from provider.clock import Deadline  # noqa: PLC0415
        from provider.registry.call import Call  # noqa: PLC0415
        from provider.registry.candidates import by_any  # noqa: PLC0415
        from provider.registry.reference import parse  # noqa: PLC0415
        from provider.registry.turns.claim import Claim  # noqa: PLC0415

        class Reader:
            @by_any
            async def read(self, reference, call, seconds):
                name = call.credential("reg.io", reference.repository).username
                await asyncio.sleep(seconds if name == "ann" else 0.01)
                if name != "bob":
                    raise ImageError(Reason.UNAUTHORIZED, "no")
                return name

        asked = world.askers.of(_asked(namespace="shop", pullSecrets=["first", "good", "third"]))
        call = Call(Deadline.after(world.clock, 30), Claim(object()), asked)

        async def both():
            reads = [Reader().read(parse(IMAGE), call.fork(), each) for each in (seconds, 0.0)]
            return await asyncio.gather(*reads)

        assert world.loop.run(both()) == ["bob", "bob"]


async def _keyring(world, *names):
    from provider.questions.puller import Puller  # noqa: PLC0415

    return await world.askers.of(_asked(namespace="shop", pullSecrets=list(names)))._keyrings.of(
        Puller("shop", pull_secrets=names)
    )


def _asked(**fields):
    import json  # noqa: PLC0415

    from provider.questions.question import parse  # noqa: PLC0415

    return parse(json.dumps({"v": 1, "image": IMAGE, **fields}))
