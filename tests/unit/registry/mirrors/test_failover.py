"""Which host is asked for what, and when the next one is."""

import json

import pytest

from provider import limits
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.content import media_types
from provider.registry.content.manifest import Descriptor
from provider.registry.credentials.credential import Credential
from provider.registry.reference import parse
from provider.registry.store import Store
from tests.simulators.registry import Answer, RegistrySimulator, sha256
from tests.simulators.steps import StepList

IMAGE = parse("reg.io/team/app:v1")
MIRROR = '[host."https://mirror.io"]\n'
RESOLVER = '[host."https://mirror.io"]\ncapabilities = ["pull", "resolve"]\n'
PULLER = '[host."https://mirror.io"]\ncapabilities = ["pull"]\n'


@pytest.fixture
def ask(run, mirrored, call):
    """The manifest of a reference, as its hosts have it."""

    def ask(text=MIRROR, reference=IMAGE, folder="reg.io", call=call):
        return run(mirrored({folder: text}).manifest(reference, call))

    return ask


@pytest.fixture
def refused(ask):
    """The error instead."""

    def refused(*arguments, **fields):
        with pytest.raises(ImageError) as caught:
            ask(*arguments, **fields)
        assert caught.value.message.isprintable()
        return caught.value

    return refused


def test_busy_mirror_is_passed_over_by_who_would_wait_for_the_registry(ask, fleet, call, clock):
    call.patience = 60.0
    fleet["reg.io"].push_image("team/app", "v1")
    fleet["mirror.io"].fail("any", 429, headers={"Retry-After": "7"})
    started = clock.monotonic()
    assert ask().host == "reg.io"
    assert clock.monotonic() == started


def test_what_is_said_to_audit_alone_stays_so_behind_a_mirror(run, mirrored, fleet, make_call):
    fleet["reg.io"].push_image("team/app", "v1")
    fleet["reg.io"].quota = {"RateLimit-Limit": "100;w=60", "RateLimit-Remaining": "3;w=60"}
    client = mirrored({"reg.io": MIRROR})
    run(client.manifest(IMAGE, make_call(audit=True)))
    with pytest.raises(ImageError) as caught:
        run(client.manifest(IMAGE, make_call(audit=True)))
    assert (caught.value.reason, caught.value.audit_only) == (Reason.THROTTLED, True)
    assert run(client.manifest(IMAGE, make_call())).host == "reg.io"


@pytest.mark.parametrize(("status", "away"), [(503, True), (429, True), (404, False), (401, False)])
def test_registry_that_is_away_is_away_behind_a_mirror_too(refused, fleet, status, away):
    fleet["mirror.io"].fail("any", 502)
    fleet["reg.io"].fail("any", status)
    error = refused()
    assert "asked before: mirror.io" in error.message
    assert error.away is away


class TestOrder:
    def test_mirror_is_asked_and_the_registry_is_not(self, ask, fleet, call):
        pushed = fleet["mirror.io"].push_image("team/app", "v1")
        found = ask()
        assert (found.digest, found.host, call.host) == (pushed.digest, "mirror.io", "mirror.io")
        assert fleet.asked == ["mirror.io GET /v2/team/app/manifests/v1?ns=reg.io"]

    def test_hosts_are_asked_in_the_order_of_the_file(self, ask, fleet):
        fleet["reg.io"].push_image("team/app", "v1")
        assert ask('[host."https://z.io"]\n[host."https://a.io"]\n').host == "reg.io"
        assert [asked.split()[0] for asked in fleet.asked] == ["z.io", "a.io", "reg.io"]

    def test_server_of_the_file_stands_for_the_registry(self, ask, fleet):
        fleet["other.io"].push_image("team/app", "v1")
        assert ask(f'server = "https://other.io"\n{MIRROR}').host == "other.io"
        assert [asked.split()[0] for asked in fleet.asked] == ["mirror.io", "other.io"]

    def test_registry_without_a_folder_is_its_own(self, ask, fleet):
        fleet["reg.io"].push_image("team/app", "v1")
        assert ask(folder="other.io").host == "reg.io"
        assert fleet.asked == ["reg.io GET /v2/team/app/manifests/v1"]

    def test_docker_hub_is_called_as_containerd_calls_it(self, ask, fleet):
        fleet["mirror.io"].push_image("library/alpine", "3")
        ask(reference=parse("alpine:3"), folder="docker.io")
        assert fleet.asked == ["mirror.io GET /v2/library/alpine/manifests/3?ns=docker.io"]

    def test_docker_hub_itself_is_not_told_its_name(self, ask, fleet):
        fleet["registry-1.docker.io"].push_image("library/alpine", "3")
        ask('server = "https://registry-1.docker.io"', parse("alpine:3"), "docker.io")
        assert fleet.asked == ["registry-1.docker.io GET /v2/library/alpine/manifests/3"]

    @pytest.mark.parametrize(
        ("host", "path"),
        [
            ('"https://mirror.io/hub"]', "/hub/v2/team/app/manifests/v1?ns=reg.io"),
            ('"https://mirror.io/v2/hub"]\noverride_path = true', "/v2/hub/team/app/manifests/v1?ns=reg.io"),
            ('"https://mirror.io"]\noverride_path = true', "/team/app/manifests/v1?ns=reg.io"),
        ],
    )
    def test_mirror_has_its_api_where_the_file_says(self, ask, fleet, host, path):
        fleet["reg.io"].push_image("team/app", "v1")
        ask(f"[host.{host}\n")
        assert fleet.asked[0] == f"mirror.io GET {path}"


class TestNextHost:
    @pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 451, 500, 503])
    def test_whatever_else_a_mirror_says_the_registry_is_asked(self, ask, fleet, status):
        fleet["mirror.io"].fail("any", status)
        pushed = fleet["reg.io"].push_image("team/app", "v1")
        found = ask()
        assert (found.digest, found.host) == (pushed.digest, "reg.io")

    @pytest.mark.parametrize("how", ["cut", "close", "unreachable", "silent"])
    def test_mirror_that_is_away_costs_a_bounded_time(self, ask, fleet, how, clock):
        fleet["mirror.io"].fail("any", how=how)
        fleet["reg.io"].push_image("team/app", "v1")
        began = clock.monotonic()
        assert ask().host == "reg.io"
        assert clock.monotonic() - began <= limits.MIRROR_SECONDS + 0.1

    def test_mirror_with_other_bytes_is_passed_over(self, ask, fleet):
        pushed = fleet["reg.io"].push_image("team/app", "v1")
        fleet["mirror.io"].push_image("team/app", "v1")
        fleet["mirror.io"].tamper("team/app", pushed.digest, b'{"schemaVersion": 2}')
        found = ask(reference=IMAGE.at(pushed.digest))
        assert (found.digest, found.host) == (pushed.digest, "reg.io")

    def test_mirror_whose_tag_is_not_what_it_says_is_passed_over(self, ask, fleet):
        fleet["mirror.io"].push_image("team/app", "v1")
        fleet["mirror.io"].content_digest = sha256(b"another")
        fleet["reg.io"].push_image("team/app", "v1")
        assert ask().host == "reg.io"

    def test_blob_with_other_bytes_is_had_from_the_next_host(self, run, mirrored, fleet, call):
        digest = fleet["reg.io"].push_blob("team/app", b"{}")
        fleet["mirror.io"].push_blob("team/app", b"{}")
        fleet["mirror.io"].tamper("team/app", digest, b"[]")
        client = mirrored({"reg.io": MIRROR})
        assert run(client.blob(IMAGE, Descriptor(media_types.OCI_CONFIG, digest, 2), 100, call)) == b"{}"
        assert call.host == "reg.io"

    def test_last_hosts_word_stands_and_the_others_are_named(self, refused, fleet):
        fleet["mirror.io"].fail("any", 503)
        error = refused()
        assert error.reason is Reason.NOT_FOUND
        assert error.message.endswith("reg.io does not know it (status 404); asked before: mirror.io: status 503")

    def test_mirror_that_says_no_is_no_absence_while_the_registry_is_away(self, refused, fleet):
        fleet["reg.io"].fail("any", how="unreachable")
        error = refused()
        assert error.reason is Reason.REGISTRY_UNAVAILABLE
        assert "asked before: mirror.io: status 404" in error.message

    def test_nobody_else_is_asked_when_the_time_is_over(self, refused, fleet, make_call):
        fleet["mirror.io"].fail("any", how="silent")
        assert refused(call=make_call(seconds=1.0)).reason is Reason.TIMEOUT
        assert [asked.split()[0] for asked in fleet.asked] == ["mirror.io"]

    def test_steps_say_which_host_is_a_mirror(self, ask, fleet, call):
        fleet["reg.io"].push_image("team/app", "v1")
        call.recorder = StepList()
        ask()
        assert [(step.source, step.host, step.status) for step in call.recorder.steps] == [
            ("mirror", "mirror.io", 404),
            ("registry", "reg.io", 200),
        ]

    def test_round_trips_of_all_hosts_count(self, ask, fleet, call):
        fleet["reg.io"].push_image("team/app", "v1")
        ask()
        assert call.round_trips == 2


class TestCapabilities:
    def test_tag_is_resolved_by_the_registry_and_pulled_from_a_mirror_that_may_only_pull(self, ask, fleet):
        pushed = fleet["reg.io"].push_image("team/app", "v1")
        fleet["mirror.io"].push_image("team/app", "v1")
        fleet["mirror.io"].push_image("team/app", "v1", created="2020-01-01T00:00:00Z")
        found = ask(PULLER)
        assert (found.digest, found.host) == (pushed.digest, "mirror.io")
        assert fleet.asked == [
            "reg.io HEAD /v2/team/app/manifests/v1",
            f"mirror.io GET /v2/team/app/manifests/{pushed.digest}?ns=reg.io",
        ]

    def test_mirror_that_may_resolve_does(self, ask, fleet):
        fleet["mirror.io"].push_image("team/app", "v1")
        assert ask(RESOLVER).host == "mirror.io"

    def test_mirror_that_may_only_push_is_asked_nothing(self, ask, fleet):
        fleet["reg.io"].push_image("team/app", "v1")
        assert ask('[host."https://mirror.io"]\ncapabilities = ["push"]\n').host == "reg.io"
        assert [asked.split()[0] for asked in fleet.asked] == ["reg.io"]

    def test_registry_that_does_not_answer_head_is_asked_by_get(self, ask, fleet):
        fleet["reg.io"].push_image("team/app", "v1")
        fleet["reg.io"].fail("manifest", 405, times=1)
        assert ask(PULLER).host == "reg.io"

    def test_nobody_may_resolve_is_said(self, refused, fleet):
        error = refused(f'server = "https://other.io"\ncapabilities = ["pull"]\n{PULLER}')
        assert error.reason is Reason.REGISTRY_UNAVAILABLE
        assert "no host of reg.io has the capability `resolve` in its hosts.toml" in error.message
        assert fleet.asked == []

    def test_head_that_differs_from_get_gives_the_content_of_the_digest_or_none(self, refused, fleet):
        class Liar(RegistrySimulator):
            def answer(self, method, host, target, headers, body):
                self.content_digest = sha256(b"another") if method == "HEAD" else None
                return super().answer(method, host, target, headers, body)

        fleet["mirror.io"] = Liar()
        fleet["mirror.io"].push_image("team/app", "v1")
        fleet["reg.io"].push_image("team/app", "v1")
        text = '[host."https://mirror.io"]\ncapabilities = ["resolve"]\n'
        assert refused(text).reason is Reason.NOT_FOUND


class TestReferrers:
    DIGEST = "sha256:" + "1" * 64

    def refer(self, registry, number):
        registry.referrers_page = 2
        subject = {"mediaType": media_types.OCI_MANIFEST, "digest": self.DIGEST, "size": 1}
        for index in range(number):
            registry.push_manifest(
                "team/app", None, {"schemaVersion": 2, "subject": subject, "artifactType": str(index)}
            )

    def store(self, mirrored, clock, observer, text):
        return Store(mirrored({"reg.io": text}), clock, observer, memory_bytes=limits.MIB, tag_ttl=30)

    def test_further_pages_come_from_the_host_of_the_first(self, run, mirrored, fleet, clock, observer, call):
        self.refer(fleet["mirror.io"], 3)
        store = self.store(mirrored, clock, observer, '[host."https://mirror.io/hub"]\n')
        fleet["mirror.io"].answer = self.under_hub(fleet["mirror.io"].answer)
        found = run(store.referrers(IMAGE.at(self.DIGEST), call))
        assert found.count == 3
        assert fleet.asked == [
            f"mirror.io GET /hub/v2/team/app/referrers/{self.DIGEST}?ns=reg.io",
            f"mirror.io GET /hub/v2/team/app/referrers/{self.DIGEST}?last=2&ns=reg.io",
        ]

    @staticmethod
    def under_hub(answer):
        """The same API under a path of its own."""

        def under(method, host, target, headers, body):
            found = answer(method, host, target.removeprefix("/hub"), headers, body)
            if "Link" in found.headers:
                found.headers["Link"] = found.headers["Link"].replace("</v2", "</hub/v2")
            return found

        return under

    def test_mirror_without_the_interface_or_with_an_empty_list_leaves_it_to_the_registry(
        self, run, mirrored, fleet, clock, observer, call
    ):
        self.refer(fleet["reg.io"], 1)
        fleet["empty.io"].referrers_page = 2
        text = '[host."https://without.io"]\n[host."https://empty.io"]\n'
        assert run(self.store(mirrored, clock, observer, text).referrers(IMAGE.at(self.DIGEST), call)).count == 1

    def test_mirror_that_may_not_resolve_is_not_asked_what_refers(self, run, mirrored, fleet, clock, observer, call):
        self.refer(fleet["mirror.io"], 2)
        assert run(self.store(mirrored, clock, observer, PULLER).referrers(IMAGE.at(self.DIGEST), call)).absent


class TestCredentials:
    CHALLENGE = 'Basic realm="x"'

    def test_mirror_is_shown_its_own_credentials_and_never_the_registrys(self, ask, fleet, make_call):
        theirs, ours = Credential("mirror", "m-secret"), Credential("me", "secret")
        for name, one in (("mirror.io", theirs), ("reg.io", ours)):
            fleet[name].challenge, fleet[name].authorizations = self.CHALLENGE, {one.basic}
        fleet["reg.io"].push_image("team/app", "v1")
        assert ask(call=make_call(mirror_io=theirs, reg_io=ours)).host == "reg.io"
        shown = {(one.origin.host, one.headers.get("Authorization")) for one in fleet.sent}
        assert shown == {("mirror.io", None), ("mirror.io", theirs.basic), ("reg.io", None), ("reg.io", ours.basic)}

    def test_what_one_gets_by_the_mirrors_credential_another_does_not_without_it(
        self, run, mirrored, fleet, clock, observer, make_call
    ):
        theirs = Credential("mirror", "m-secret")
        fleet["mirror.io"].challenge, fleet["mirror.io"].authorizations = self.CHALLENGE, {theirs.basic}
        pushed = fleet["mirror.io"].push_image("team/app", "v1")
        store = Store(mirrored({"reg.io": MIRROR}), clock, observer, memory_bytes=limits.MIB, tag_ttl=30)
        assert run(store.manifest(IMAGE.at(pushed.digest), make_call(mirror_io=theirs))).body
        with pytest.raises(ImageError) as caught:
            run(store.manifest(IMAGE.at(pushed.digest), make_call()))
        assert caught.value.reason is Reason.NOT_FOUND

    @pytest.fixture(params=["manifest", "blob"])
    def read(self, request, run, mirrored, fleet, clock, observer, make_call):
        """Reads what somebody who may has read before: a manifest, or a blob."""
        ours = Credential("me", "secret")
        fleet["reg.io"].challenge, fleet["reg.io"].authorizations = self.CHALLENGE, {ours.basic}
        pushed = fleet["reg.io"].push_image("team/app", "v1")
        store = Store(mirrored({"reg.io": MIRROR}), clock, observer, memory_bytes=limits.MIB, tag_ttl=30)
        image = IMAGE.at(pushed.digest)
        config = json.loads(run(store.manifest(image, make_call(reg_io=ours))).body)["config"]
        blob = Descriptor(media_types.OCI_CONFIG, config["digest"], config["size"])

        def read(call):
            manifest = request.param == "manifest"
            return run(store.manifest(image, call) if manifest else store.blob(image, blob, limits.MIB, call))

        assert read(make_call(reg_io=ours))
        fleet.asked.clear()
        return read

    @staticmethod
    def how(fleet):
        return [asked.partition(" /")[0] for asked in fleet.asked]

    def test_mirror_that_says_yes_to_every_head_proves_nobodys_right(self, read, fleet, make_call):
        answer = fleet["mirror.io"].answer

        def yes(method, host, target, headers, body):
            return Answer(200, {}, b"") if method == "HEAD" else answer(method, host, target, headers, body)

        fleet["mirror.io"].answer = yes
        with pytest.raises(ImageError) as caught:
            read(make_call())
        assert caught.value.reason is Reason.UNAUTHORIZED

    def test_mirror_proves_a_right_by_sending_the_bytes_while_the_registry_is_away(self, read, fleet, make_call):
        fleet["mirror.io"].push_image("team/app", "v1")
        fleet["reg.io"].fail("any", how="unreachable")
        assert read(make_call())
        assert self.how(fleet) == ["mirror.io GET"]

    @pytest.mark.parametrize("body", [b"", b"{}", b"x" * 5_000_000], ids=["none", "other", "more"])
    def test_mirror_that_sends_other_bytes_proves_nothing(self, read, fleet, make_call, body):
        fleet["mirror.io"].answer = lambda *_: Answer(200, {}, body)
        with pytest.raises(ImageError) as caught:
            read(make_call())
        assert caught.value.reason is Reason.UNAUTHORIZED

    def test_registry_proves_a_right_by_its_word(self, read, fleet, make_call):
        other = Credential("other", "o-secret")
        fleet["reg.io"].authorizations.add(other.basic)
        assert read(make_call(reg_io=other))
        assert set(self.how(fleet)) == {"mirror.io GET", "reg.io HEAD"}

    def test_headers_of_the_file_go_to_their_host_and_no_other(self, ask, fleet):
        fleet["reg.io"].push_image("team/app", "v1")
        ask(f'{MIRROR}[host."https://mirror.io".header]\nx-key = "k-secret"\nx-two = ["a", "b"]\n')
        assert [one.headers.get("X-Key") for one in fleet.sent] == ["k-secret", None]
        assert fleet.sent[0].headers["X-Two"] == "a, b"

    def test_redirect_of_a_mirror_loses_the_headers_of_the_file(self, run, mirrored, fleet, call):
        digest = fleet["mirror.io"].push_blob("team/app", b"{}")
        fleet["mirror.io"].blob_location = lambda name: f"https://blobs.io/store/{name}"
        fleet["blobs.io"].push_blob("any", b"{}")
        client = mirrored({"reg.io": f'{MIRROR}[host."https://mirror.io".header]\nx-key = "k-secret"\n'})
        assert run(client.blob(IMAGE, Descriptor(media_types.OCI_CONFIG, digest, 2), 100, call)) == b"{}"
        assert [(one.origin.host, "X-Key" in one.headers) for one in fleet.sent] == [
            ("mirror.io", True),
            ("blobs.io", False),
        ]

    def test_plain_mirror_may_redirect_to_itself_and_to_nothing_else_in_the_clear(self, run, mirrored, fleet, call):
        digest = fleet["mirror.io"].push_blob("team/app", b"{}")
        client = mirrored({"reg.io": '[host."http://mirror.io"]\n'})
        blob = Descriptor(media_types.OCI_CONFIG, digest, 2)
        fleet["mirror.io"].blob_location = lambda name: f"/store/{name}"
        assert run(client.blob(IMAGE, blob, 100, call)) == b"{}"
        fleet["mirror.io"].blob_location = lambda name: f"http://blobs.io/store/{name}"
        with pytest.raises(ImageError) as caught:
            run(client.blob(IMAGE, blob, 100, call))
        assert "mirror.io: AddressRefused" in caught.value.message


def test_platforms_of_an_index_are_those_of_its_digest_though_the_tag_has_moved(
    run, mirrored, fleet, clock, observer, call
):
    child = fleet["reg.io"].push_image("team/app")
    index = fleet["mirror.io"].push_index("team/app", "v1", [child])
    store = Store(mirrored({"reg.io": MIRROR}), clock, observer, memory_bytes=limits.MIB, tag_ttl=30)
    document = run(store.resolve(IMAGE, call)).document
    for registry in ("mirror.io", "reg.io"):
        fleet[registry].push_image("team/app", "v1", created="2020-01-01T00:00:00Z")
    assert document.digest == index.digest
    found = run(store.manifest(IMAGE.at(child.digest), call))
    assert (found.digest, found.host) == (child.digest, "reg.io")
