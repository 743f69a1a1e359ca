"""Proving who we are."""

import json
from dataclasses import replace

import pytest

from provider import limits
from provider.errors import ImageError
from provider.images.tree import Tree
from provider.observer import NullObserver
from provider.pace import Pace
from provider.reasons import Reason
from provider.registry.credentials.credential import Credential
from provider.registry.reference import parse
from provider.registry.settings import RegistrySettings
from provider.registry.store import Store
from tests.simulators.clock import FakeClock

ME, YOU = Credential("me", "secret"), Credential("you", "secret")
IMAGE = parse("reg.io/team/app:v1")
OTHER = parse("reg.io/team/other:v1")
REALM = "https://reg.io/token"


@pytest.fixture
def ask(run, client, make_call):
    """Asks for a manifest, as nobody or with credentials."""

    def ask(image=IMAGE, client=client, **credentials):
        return run(client.manifest(image, make_call(**credentials)))

    return ask


@pytest.fixture
def refused(ask):
    """Asks for a manifest and gives the error."""

    def refused(*args, **kwargs):
        with pytest.raises(ImageError) as caught:
            ask(*args, **kwargs)
        return caught.value

    return refused


@pytest.fixture(autouse=True)
def images(registry):
    registry.push_image("team/app", "v1")
    registry.push_image("team/other", "v1")


def asked(registry, kind="token"):
    return [one for one in registry.requests if one.kind == kind]


def kinds(registry):
    """What was asked, in order, and forgotten then."""
    found = [one.kind for one in registry.requests]
    registry.requests.clear()
    return found


_UNUSABLE = [
    "Bearer",
    'Bearer realm=""',
    'Bearer realm="https://moved.invalid:x/token"',
    'Bearer realm="http://reg.io/token"',
    'Bearer realm="https://reg.io/elsewhere"',
    'Basic realm="x"',
]


class TestToken:
    def test_token_is_fetched_once_for_a_repository(self, ask, registry):
        registry.require_token(REALM)
        ask()
        ask()
        assert kinds(registry) == ["manifest", "token", "manifest", "manifest"]

    def test_busy_registry_that_another_one_names_as_its_realm_is_not_closed(self, ask, refused, registry):
        registry.require_token("https://busy.io/token")
        registry.fail("token", 429, headers={"Retry-After": "60"})
        assert refused().reason is Reason.THROTTLED
        registry.authorizations = None
        assert ask(parse("busy.io/team/app:v1"))

    def test_token_is_asked_for_by_service_and_scope(self, ask, registry):
        registry.require_token(REALM)
        ask()
        assert asked(registry)[0].query == {"service": ["simulator"], "scope": ["repository:team/app:pull"]}

    def test_many_questions_about_one_repository_share_one_token(self, loop, client, make_call, registry):
        registry.require_token(REALM)
        tasks = [loop.create_task(client.manifest(IMAGE, make_call())) for _ in range(20)]
        loop.run_for(5)
        assert all(task.result().body for task in tasks)
        assert registry.counts["token"] == 1

    def test_token_of_one_repository_does_not_serve_another(self, ask, registry):
        registry.require_token(REALM)
        ask()
        ask(OTHER)
        assert [one.query["scope"] for one in asked(registry)] == [
            ["repository:team/app:pull"],
            ["repository:team/other:pull"],
        ]

    def test_token_of_one_credential_does_not_serve_another(self, ask, registry):
        registry.require_token(REALM, accept=["one", "two"])
        registry.token_answer = {"token": "one"}
        ask(reg_io=ME)
        registry.token_answer = {"token": "two"}
        ask(reg_io=YOU)
        assert registry.counts["token"] == 2
        assert registry.requests[-1].headers["Authorization"] == "Bearer two"

    def test_token_is_renewed_when_its_time_is_over(self, ask, registry, clock):
        registry.require_token(REALM)
        registry.token_answer = {"token": "t-anonymous", "expires_in": 20}
        ask()
        clock.advance(14)
        ask()
        assert registry.counts["token"] == 1
        clock.advance(2)
        ask()
        assert registry.counts["token"] == 2

    def test_token_that_the_registry_no_longer_takes_is_replaced(self, ask, registry):
        registry.require_token(REALM)
        ask()
        registry.require_token(REALM, accept=["fresh"])
        registry.token_answer = {"access_token": "fresh"}
        assert ask().body

    def test_wrong_token_is_not_tried_for_ever(self, refused, registry):
        registry.require_token(REALM, accept=["other"])
        assert refused().reason is Reason.UNAUTHORIZED
        assert registry.counts == {"manifest": 2, "token": 1}

    @pytest.mark.parametrize(
        ("expires_in", "seconds"),
        [
            (300, 295),
            (3600, 3595),
            (10**9, 3595),
            (10**400, 3595),
            (1e308, 3595),
            (30.5, 25.5),
            # What does not say is good for a minute, by the specification.
            (None, 55),
            ("300", 55),
            ([300], 55),
            (True, 55),
        ],
    )
    def test_token_is_used_until_shortly_before_its_end_and_never_for_more_than_an_hour(
        self, ask, registry, clock, expires_in, seconds
    ):
        registry.require_token(REALM)
        registry.token_answer = {"token": "t-anonymous", "expires_in": expires_in}
        ask()
        clock.advance(seconds - 0.5)
        ask()
        assert registry.counts["token"] == 1
        clock.advance(1)
        ask()
        assert registry.counts["token"] == 2

    @pytest.mark.parametrize(
        "expires_in", ["0", "-5", "4", "-1" + "0" * 400, "-1e999", "NaN", "1e-400", "Infinity", "-Infinity"]
    )
    def test_token_of_any_lifetime_serves_the_request(self, ask, registry, expires_in):
        registry.require_token(REALM)
        registry.fail("token", 200, body=b'{"token": "t-anonymous", "expires_in": %s}' % expires_in.encode())
        assert ask().body

    def test_tokens_of_thousands_of_repositories_stay_within_their_bytes(self, ask, registry, client):
        long = "t" * (limits.TOKEN_BYTES - 100)
        registry.require_token(REALM, accept=[long])
        registry.token_answer = {"token": long}
        for number in range(200):
            registry.push_image(f"team/app{number}", "v1")
            assert ask(parse(f"reg.io/team/app{number}:v1")).body
        tokens = client._exchange._tokens._tokens
        assert 0 < len(tokens) * len(long) <= limits.TOKENS_MEMORY_BYTES
        assert tokens.used <= limits.TOKENS_MEMORY_BYTES

    @pytest.mark.parametrize(
        "answer",
        [
            {},
            {"token": ""},
            {"token": 7},
            {"token": "a b"},
            {"token": "a\r\nX: y"},
            {"token": "tokén"},
            {"token": ["t"]},
            {"access_token": None},
        ],
    )
    def test_unusable_token_is_refused(self, refused, registry, answer):
        registry.require_token(REALM)
        registry.token_answer = answer
        assert refused().reason is Reason.REGISTRY_UNAVAILABLE

    @pytest.mark.parametrize("other", [7, "", "a b", None, ["t"]], ids=repr)
    def test_token_that_can_be_used_is_taken_beside_one_that_cannot(self, ask, registry, other):
        registry.require_token(REALM)
        registry.token_answer = {"token": other, "access_token": "t-anonymous", "expires_in": 300}
        assert ask().body

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"no json",
            b"[]",
            b"null",
            b"\xff",
            b"[" * 60_000,
            b'{"token": "t-anonymous", "x": %s}' % (b"[" * 5000 + b"]" * 5000),
            b'{"expires_in": ' + b"9" * 5000 + b"}",
            b'{"token": "' + b"t" * limits.TOKEN_BYTES + b'"}',
        ],
    )
    def test_token_answer_that_is_none_is_refused(self, refused, registry, body):
        registry.require_token(REALM)
        registry.fail("token", 200, body=body)
        assert refused().reason is Reason.REGISTRY_UNAVAILABLE

    @pytest.mark.parametrize(
        ("status", "reason"),
        [
            (204, Reason.REGISTRY_UNAVAILABLE),
            (302, Reason.REGISTRY_UNAVAILABLE),
            (401, Reason.UNAUTHORIZED),
            (404, Reason.REGISTRY_UNAVAILABLE),
            (412, Reason.PULL_REFUSED),
            (429, Reason.THROTTLED),
            (500, Reason.REGISTRY_UNAVAILABLE),
        ],
    )
    def test_refusal_of_the_token_service_is_told(self, refused, registry, status, reason):
        registry.require_token(REALM)
        registry.fail("token", status, headers={"Location": "https://evil.io/token"})
        assert refused().reason is reason
        assert len(asked(registry)) == 1


class TestChallenge:
    """What a registry asked for is remembered once it worked, and only as long as it works."""

    def test_registry_whose_challenge_is_known_is_not_asked_for_it_again(self, ask, registry):
        registry.require_token(REALM)
        ask()
        kinds(registry)
        ask(OTHER)
        assert asked(registry)[0].query["scope"] == ["repository:team/other:pull"]
        assert kinds(registry) == ["token", "manifest"]

    def test_challenge_of_one_registry_is_not_anothers(self, ask, registry):
        registry.require_token(REALM)
        ask()
        kinds(registry)
        ask(parse("other.io/team/app:v1"))
        assert kinds(registry)[0] == "manifest"

    def test_challenge_whose_token_was_not_taken_is_not_remembered(self, ask, refused, registry):
        registry.require_token(REALM, accept=["other"])
        refused()
        kinds(registry)
        refused(OTHER)
        assert kinds(registry) == ["manifest", "token", "manifest"]

    def test_challenge_that_gave_no_token_is_not_remembered(self, ask, refused, registry):
        registry.require_token(REALM)
        registry.fail("token", 500, times=1)
        refused()
        kinds(registry)
        assert ask().body
        assert kinds(registry) == ["manifest", "token", "manifest"]

    def test_challenge_for_something_else_is_not_remembered(self, ask, registry):
        """A registry may want more for one answer; that is not how it is asked for the next one."""
        registry.require_token(REALM)
        registry.challenge = f'Bearer realm="{REALM}",scope="repository:all:admin"'
        ask()
        kinds(registry)
        ask(OTHER)
        assert kinds(registry)[0] == "manifest"

    def test_challenge_is_forgotten_after_its_time(self, ask, registry, clock):
        registry.require_token(REALM)
        ask()
        clock.advance(limits.CHALLENGE_SECONDS)
        kinds(registry)
        ask()
        assert kinds(registry) == ["manifest", "token", "manifest"]

    def test_challenges_are_bounded_in_number(self, ask, registry, client, monkeypatch):
        registry.require_token("https://{repository}.example/token")
        registry.challenge = 'Bearer realm="https://auth.example/token",service="s"'
        for number in range(30):
            ask(parse(f"r{number}.example/team/app:v1"))
        challenges = client._exchange._tokens._challenges
        assert len(challenges) == 30
        assert challenges._bound == limits.CHALLENGES

    @pytest.mark.parametrize(
        ("header", "known"),
        [
            *((header, known) for header in _UNUSABLE for known in (True, False)),
            # With a token that was good before these are answered by another one: see TestRenewal.
            (None, False),
            ("Negotiate", False),
        ],
    )
    def test_one_bad_401_spoils_one_question(self, ask, refused, registry, header, known):
        registry.require_token(REALM)
        if known:
            ask()
        registry.fail("manifest", 401, headers={"WWW-Authenticate": header} if header else {}, times=1)
        # What an elsewhere answers is no token.
        registry.fail("other", 404, match="elsewhere")
        assert not refused().reason.durable
        assert ask().body
        assert ask(OTHER).body

    def test_realm_that_moved_is_asked_at_its_new_place(self, ask, registry):
        registry.require_token("https://auth.reg.io/token")
        ask()
        registry.fail("token", 404, match="/token", times=1)
        registry.require_token("https://login.reg.io/token")
        kinds(registry)
        assert ask(OTHER).body
        assert [one.host for one in registry.requests][-1] == "reg.io"
        registry.requests.clear()
        registry.push_image("team/third", "v1")
        assert ask(parse("reg.io/team/third:v1")).body
        assert [one.host for one in registry.requests] == ["login.reg.io", "reg.io"]

    def test_repository_that_is_public_now_needs_no_token_service(self, ask, registry):
        registry.require_token(REALM)
        ask()
        registry.authorizations = None
        registry.fail("token", 500)
        assert ask(OTHER).body


class TestScope:
    """A challenge whose scope is not ours."""

    @pytest.fixture
    def want(self, registry):
        """Lets the registry want a token for a scope, which its token service gives for some scopes only."""

        def want(scope, gives=None):
            registry.require_token(REALM)
            registry.challenge = f'Bearer realm="{REALM}",service="s",scope="{scope}"'
            registry.token_scopes = gives

        return want

    @pytest.mark.parametrize("scope", ["*", "aws", "pull,push", "registry:catalog:*", "artifactory:all"])
    def test_token_for_a_whole_registry_is_asked_for_once(self, ask, registry, want, scope):
        want(scope)
        ask()
        ask(OTHER)
        assert kinds(registry) == ["manifest", "token", "manifest", "manifest"]

    @pytest.mark.parametrize("scope", ["*", "aws", "pull,push"])
    def test_index_costs_one_request_without_a_token_and_one_token(self, run, client, registry, make_call, want, scope):
        """As many as crane: there a ping stands where here the index is asked for without a token."""
        children = [
            registry.push_image("team/app", architecture=name) for name in ("amd64", "arm64", "s390x", "riscv64")
        ]
        index = registry.push_index("team/app", "v2", children)
        want(scope)
        store = Store(client, FakeClock(), NullObserver(), memory_bytes=1 << 20, tag_ttl=30)
        leaves = Tree(store, Pace(), config=True)
        image = parse("reg.io/team/app:v2")
        found = run(store.resolve(image, make_call()))
        assert found.document.digest == index.digest
        assert len(run(leaves.leaves(image, found.document, make_call()))) == 4
        without = [one for one in registry.requests if "Authorization" not in one.headers and one.kind != "token"]
        assert (len(without), registry.counts["token"], len(registry.requests)) == (1, 1, 11)

    def test_no_more_is_asked_for_than_pull_where_that_is_enough(self, ask, registry, want):
        want("repository:team/app:pull,push")
        ask()
        assert asked(registry)[0].query["scope"] == ["repository:team/app:pull"]
        kinds(registry)
        ask()
        assert kinds(registry) == ["manifest"]

    def test_more_than_pull_is_asked_for_where_the_registry_takes_nothing_less(self, ask, registry, want):
        want("repository:team/app:pull,push")
        registry.authorizations = {"Bearer t-repository:team/app:pull,push"}
        registry.token_answer = {"token": "t-{scope}", "expires_in": 300}
        assert ask().body
        kinds(registry)
        ask()
        assert kinds(registry) == ["manifest"]

    @pytest.mark.parametrize("status", [400, 401, 403, 404])
    @pytest.mark.parametrize("scope", ["pull,push", "repository:user/image:pull"])
    def test_scope_for_which_there_is_no_token_gives_way_to_ours(self, ask, registry, want, scope, status):
        """As ghcr.io names `repository:user/image:pull` where it does not know which repository is meant."""
        want(scope, gives={"repository:team/app:pull", "repository:team/other:pull"})
        registry.token_refusal = status
        assert ask().body
        kinds(registry)
        assert ask(OTHER).body
        assert kinds(registry) == ["token", "manifest"]

    def test_scope_whose_token_is_not_taken_gives_way_to_ours(self, ask, registry, want):
        want("repository:user/image:pull")
        registry.authorizations = {"Bearer t-repository:team/app:pull"}
        registry.token_answer = {"token": "t-{scope}", "expires_in": 300}
        assert ask().body
        assert kinds(registry) == ["manifest", "token", "manifest", "token", "manifest"]

    def test_token_service_that_gives_nothing_is_asked_twice_and_no_more(self, refused, registry, want):
        want("aws", gives=set())
        assert refused().reason is Reason.UNAUTHORIZED
        assert kinds(registry) == ["manifest", "token", "token"]

    @pytest.mark.parametrize("how", [{"status": 429}, {"how": "silent"}])
    def test_token_service_that_is_busy_or_silent_is_asked_once(self, refused, registry, want, how):
        want("aws")
        registry.fail("token", **how)
        assert refused().reason in {Reason.THROTTLED, Reason.TIMEOUT}
        assert len(asked(registry)) == 1

    def test_token_of_a_whole_registry_is_not_given_to_another_credential(self, ask, registry, want):
        want("aws")
        ask(reg_io=ME)
        kinds(registry)
        ask(OTHER, reg_io=YOU)
        assert kinds(registry) == ["token", "manifest"]

    def test_scope_of_one_repository_is_not_anothers(self, ask, registry, want):
        """Where the token of a whole registry does not serve, the registry says anew what it wants."""
        want("aws")
        ask()
        want("repository:team/other:pull")
        registry.authorizations = {"Bearer t-repository:team/other:pull"}
        registry.token_answer = {"token": "t-{scope}", "expires_in": 300}
        assert ask(OTHER).body


class TestRenewal:
    """A token that a registry refuses before its end, without saying what it wants."""

    @pytest.fixture
    def withdraw(self, ask, registry):
        """Takes tokens until now, and then another one only; says no with a status of its own."""

        def withdraw(status, fresh="fresh"):
            registry.require_token(REALM)
            ask()
            registry.authorizations, registry.refusal = {f"Bearer {fresh}"}, status
            registry.token_answer = {"token": "fresh", "expires_in": 300}
            kinds(registry)

        return withdraw

    @pytest.mark.parametrize("status", [400, 401, 403])
    def test_refused_token_is_renewed_once_and_used_until_its_end(self, ask, registry, withdraw, clock, status):
        withdraw(status)
        assert ask().body
        assert kinds(registry) == ["manifest", "token", "manifest"]
        clock.advance(290)
        assert ask().body
        assert kinds(registry) == ["manifest"]

    @pytest.mark.parametrize("status", [400, 401, 403])
    def test_new_token_that_is_refused_as_well_is_not_renewed_for_each_question(
        self, refused, registry, withdraw, status
    ):
        withdraw(status, fresh="other")
        for _ in range(10):
            assert not refused().reason.durable
        assert registry.counts["token"] <= 2
        assert registry.counts["manifest"] <= 12

    def test_questions_at_the_same_time_share_the_new_token(self, loop, client, make_call, registry, withdraw):
        withdraw(403)
        tasks = [loop.create_task(client.manifest(IMAGE, make_call())) for _ in range(20)]
        loop.run_for(5)
        assert all(task.result().body for task in tasks)
        assert registry.counts["token"] == 1

    def test_token_is_renewed_again_after_a_while(self, ask, registry, withdraw, clock):
        withdraw(403)
        ask()
        clock.advance(limits.TOKEN_RENEWAL_SECONDS)
        registry.authorizations = {"Bearer newer"}
        registry.token_answer = {"token": "newer"}
        assert ask().body

    @pytest.mark.parametrize("status", [400, 403])
    def test_token_that_was_just_fetched_is_not_renewed(self, refused, registry, status):
        registry.require_token(REALM)
        registry.fail("manifest", 401, headers={"WWW-Authenticate": f'Bearer realm="{REALM}"'}, times=1)
        registry.fail("manifest", status)
        refused()
        assert kinds(registry) == ["manifest", "token", "manifest"]

    def test_what_the_registry_said_stands_where_there_is_no_new_token(self, refused, registry, withdraw):
        withdraw(403)
        registry.fail("token", 500)
        assert "forbids us" in refused().message

    def test_credential_is_not_shown_again_to_who_forbids(self, ask, refused, registry):
        registry.challenge, registry.authorizations = 'Basic realm="x"', {ME.basic}
        ask(reg_io=ME)
        kinds(registry)
        registry.fail("manifest", 403)
        refused(reg_io=ME)
        assert kinds(registry) == ["manifest"]


class TestPrivateBesidePublic:
    """One registry, one private repository whose token service says nothing, and public ones beside it."""

    @pytest.fixture(autouse=True)
    def world(self, registry):
        registry.require_token("https://auth.reg.io/token")
        registry.public = {"team/other"}

    def test_silent_realm_of_a_private_repository_keeps_nobody_from_the_public_ones(
        self, ask, refused, registry, clock
    ):
        registry.fail("token", how="silent")
        assert refused().reason is Reason.TIMEOUT
        began = clock.monotonic()
        assert ask(OTHER).body
        assert clock.monotonic() - began < 0.1

    def test_realm_that_fell_silent_holds_up_the_public_ones_once_and_for_a_moment(self, ask, registry, clock):
        ask()
        registry.fail("token", how="silent")
        began = clock.monotonic()
        assert ask(OTHER).body
        first = clock.monotonic() - began
        assert first <= limits.KNOWN_REALM_SECONDS + 0.1
        assert ask(OTHER).body
        assert clock.monotonic() - began - first < 0.1

    def test_realm_that_is_slow_still_serves_the_private_one(self, ask, registry):
        ask()
        registry.delays["auth.reg.io"] = 2 * limits.KNOWN_REALM_SECONDS
        registry.push_image("team/third", "v1")
        assert ask(parse("reg.io/team/third:v1")).body

    def test_public_repository_is_asked_without_a_token_at_first(self, ask, registry):
        ask(OTHER)
        assert kinds(registry) == ["manifest"]


class TestRealm:
    """The realm is a stranger's text."""

    def test_credential_is_shown_to_the_token_service_of_the_same_domain(self, ask, registry):
        registry.push_image("library/alpine", "latest")
        registry.require_token("https://auth.docker.io/token", accept=["mine"])
        registry.token_answer = {"token": "mine"}
        ask(parse("alpine"), index_docker_io=ME)
        [token] = asked(registry)
        assert token.host == "auth.docker.io"
        assert token.headers["Authorization"] == ME.basic

    @pytest.mark.parametrize(
        "realm", ["https://evil.io/token", "https://reg.io.evil.io/token", "https://evilreg.io/token"]
    )
    def test_credential_is_not_shown_to_a_token_service_elsewhere(self, refused, registry, realm):
        registry.require_token(realm)
        assert refused(reg_io=ME).reason is Reason.UNAUTHORIZED
        assert asked(registry) == []

    @pytest.mark.parametrize(
        ("name", "realm"),
        [
            # The same parent is no domain of anybody's.
            ("10.0.0.1", "https://20.0.0.1/token"),
            ("10.0.0.1:5000", "https://10.0.0.1:5001/token"),
            ("10.0.0.1:5000", "https://9.0.0.1:5000/token"),
            ("reg.io", "https://io/token"),
            ("reg.io", "https://other.io/token"),
        ],
    )
    def test_credential_is_not_shown_to_a_sibling_that_is_none(self, run, client, make_call, registry, name, realm):
        registry.require_token(realm)
        call = make_call()
        call.credentials.by_registry[name] = ME
        with pytest.raises(ImageError) as caught:
            run(client.manifest(parse(f"{name}/team/app:v1"), call))
        assert caught.value.reason is Reason.UNAUTHORIZED
        assert asked(registry) == []

    def test_credential_is_shown_to_a_token_service_that_the_settings_name(self, ask, registry, make_client):
        registry.require_token("https://tokens.example/token")
        settings = RegistrySettings(named_registries=frozenset({"tokens.example"}))
        assert ask(client=make_client(settings), reg_io=ME).body
        assert asked(registry)[0].headers["Authorization"] == ME.basic

    @pytest.mark.parametrize(
        ("name", "realm", "pair"),
        [
            ("reg.io", "https://auth.example/token", ("reg.io", "auth.example")),
            ("reg.io:5000", "https://reg.io:5001/token", ("reg.io:5000", "reg.io:5001")),
            ("10.0.0.1:5000", "https://10.0.0.1:5001/token", ("10.0.0.1:5000", "10.0.0.1:5001")),
        ],
    )
    def test_credential_is_shown_to_a_token_service_of_the_same_owner(
        self, run, make_client, make_call, registry, name, realm, pair
    ):
        registry.require_token(realm)
        call = make_call()
        call.credentials.by_registry[name] = ME
        client = make_client(RegistrySettings(credential_hosts=frozenset({pair})))
        assert run(client.manifest(parse(f"{name}/team/app:v1"), call)).body
        assert asked(registry)[0].headers["Authorization"] == ME.basic

    @pytest.mark.parametrize(
        ("realm", "pair"),
        [
            ("https://auth.example/token", ("other.io", "auth.example")),
            ("https://auth.example:444/token", ("reg.io", "auth.example")),
            ("https://sub.auth.example/token", ("reg.io", "auth.example")),
            ("http://auth.example/token", ("reg.io", "auth.example:80")),
            ("https://reg.io.evil/token", ("reg.io", "auth.example")),
        ],
    )
    def test_credential_is_shown_to_no_other_by_that(self, refused, registry, make_client, realm, pair):
        registry.require_token(realm)
        client = make_client(RegistrySettings(credential_hosts=frozenset({pair})))
        error = refused(client=client, reg_io=ME)
        assert error.reason is Reason.UNAUTHORIZED
        assert asked(registry) == []

    @pytest.mark.parametrize(
        "realm", ["https://auth.reg.io/token", "https://tokens.example/token", "https://auth.example/token"]
    )
    def test_confined_credential_goes_to_the_registry_alone_whatever_settings_say(
        self, refused, registry, make_client, realm
    ):
        registry.require_token(realm)
        settings = RegistrySettings(
            named_registries=frozenset({"tokens.example"}), credential_hosts=frozenset({("reg.io", "auth.example")})
        )
        error = refused(client=make_client(settings), reg_io=replace(ME, confined=True))
        assert error.reason is Reason.UNAUTHORIZED
        assert asked(registry) == []

    def test_confined_credential_is_not_shown_without_tls(self, run, make_client, make_call, registry):
        registry.challenge, registry.authorizations = 'Basic realm="x"', {ME.basic}
        call = make_call(reg_io=replace(ME, confined=True))
        client = make_client(RegistrySettings(insecure_registries=frozenset({"reg.io"})))
        with pytest.raises(ImageError):
            run(client.manifest(parse("reg.io/team/app:v1"), call))
        assert all("Authorization" not in one.headers for one in registry.requests)

    def test_confined_credential_goes_to_a_token_service_under_the_registrys_own_host(self, ask, registry):
        registry.require_token("https://reg.io/token")
        assert ask(reg_io=replace(ME, confined=True)).body
        assert asked(registry)[0].headers["Authorization"] == ME.basic

    def test_refused_token_service_is_told_with_what_to_set(self, refused, registry):
        registry.require_token("https://auth.example/token")
        assert "--credential-host) to reg.io=auth.example" in refused(reg_io=ME).message

    def test_nobody_may_ask_a_token_service_anywhere(self, ask, registry):
        registry.require_token("https://tokens.example/token?x=1")
        ask()
        [token] = asked(registry)
        assert "Authorization" not in token.headers
        assert token.query["x"] == ["1"]

    @pytest.mark.parametrize(
        "realm",
        ["http://reg.io/token", "ftp://reg.io", "https://me:pw@reg.io/token", "", "token", "https://reg.io:x/token"],
    )
    def test_realm_without_tls_or_sense_is_not_asked(self, refused, registry, realm):
        registry.require_token(realm)
        assert refused().reason is Reason.UNAUTHORIZED
        assert asked(registry) == []

    def test_insecure_registry_may_be_its_own_token_service(self, ask, registry, make_client):
        registry.require_token("http://reg.io:5000/token")
        settings = RegistrySettings(insecure_registries=frozenset({"reg.io:5000"}))
        assert ask(parse("reg.io:5000/team/app:v1"), make_client(settings)).body

    def test_insecure_registry_names_no_other_insecure_service(self, refused, registry, make_client):
        registry.require_token("http://reg.io:5001/token")
        settings = RegistrySettings(insecure_registries=frozenset({"reg.io:5000"}))
        assert refused(parse("reg.io:5000/team/app:v1"), make_client(settings)).reason is Reason.UNAUTHORIZED
        assert asked(registry) == []

    def test_no_secret_stands_in_an_error(self, refused, registry):
        registry.require_token("https://evil.io/token?secret=secret")
        assert "secret" not in str(refused(reg_io=ME))


class TestCredential:
    def test_credential_is_not_sent_before_it_is_asked_for(self, ask, registry):
        ask(reg_io=ME)
        assert "Authorization" not in registry.requests[0].headers

    def test_identity_token_is_exchanged_by_post(self, ask, registry):
        registry.require_token(REALM)
        ask(reg_io=Credential(identity_token="refresh"))
        [token] = asked(registry)
        assert token.method == "POST"
        assert b"refresh_token=refresh" in token.body
        assert b"grant_type=refresh_token" in token.body
        assert token.query == {}

    def test_token_of_the_registry_itself_is_shown_without_a_token_service(self, ask, registry):
        registry.require_token("https://evil.io/token", accept=["mine"])
        assert ask(reg_io=Credential(registry_token="mine")).body
        assert kinds(registry) == ["manifest", "manifest"]
        assert ask(reg_io=Credential(registry_token="mine")).body
        assert kinds(registry) == ["manifest"]

    def test_token_of_the_registry_that_is_not_taken_is_told(self, refused, registry):
        registry.require_token(REALM, accept=["other"])
        assert refused(reg_io=Credential(registry_token="mine")).reason is Reason.UNAUTHORIZED
        assert registry.counts == {"manifest": 2}

    def test_token_of_the_registry_is_no_password(self, refused, registry):
        registry.challenge, registry.authorizations = 'Basic realm="x"', {ME.basic}
        refused(reg_io=Credential(registry_token="mine"))
        assert "Authorization" not in registry.requests[-1].headers

    def test_basic_challenge_is_answered_with_the_credential(self, ask, registry):
        registry.challenge, registry.authorizations = 'Basic realm="x"', {ME.basic}
        ask(reg_io=ME)
        ask(reg_io=ME)
        assert registry.counts == {"manifest": 3}

    def test_one_callers_credential_is_not_sent_for_another(self, ask, refused, registry):
        registry.challenge, registry.authorizations = 'Basic realm="x"', {ME.basic}
        ask(reg_io=ME)
        registry.requests.clear()
        assert refused().reason is Reason.UNAUTHORIZED
        assert all("Authorization" not in one.headers for one in registry.requests)

    @pytest.mark.parametrize("header", ["", 'Basic realm="x"', 'Negotiate realm="x"'])
    def test_nobody_is_unauthorized_where_a_credential_is_needed(self, refused, registry, header):
        registry.challenge, registry.authorizations = header, set()
        assert refused().reason is Reason.UNAUTHORIZED
        assert registry.counts == {"manifest": 1}

    def test_needed_credential_helper_is_told(self, refused, registry):
        registry.challenge, registry.authorizations = 'Basic realm="x"', set()
        assert (
            "its credential helper is not run"
            in refused(reg_io=Credential(absence="its credential helper is not run")).message
        )


def test_heavy_token_answer_is_not_parsed(refused, registry):
    registry.require_token(REALM)
    body = json.dumps({"token": "t-anonymous", "x": [0] * (limits.JSON_PARTS // 2)}).encode()
    registry.fail("token", 200, body=body.replace(b" ", b"").replace(b"0", b""))
    assert refused().reason is Reason.REGISTRY_UNAVAILABLE
