"""What registries are documented to do, each simulated: docs/reference/registries.md names these tests.

A habit is how a registry asks who we are, and where it keeps blobs. None of these registries is asked here: what they
do in truth may have changed since their pages were read.
"""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

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
from tests.simulators.registry import descriptor

READER = Credential("reader", "secret")


@dataclass(frozen=True)
class Habit:
    """How a registry is documented to behave.

    Attributes:
        image: an image there.
        challenge: what its 401 asks for; empty where anybody may read.
        blobs: host that it redirects blobs to; empty where it sends them itself.
        credential: as its users have one.
        settings: what an administrator has to set for it.
    """

    image: str
    challenge: str = ""
    blobs: str = ""
    credential: Credential = READER
    settings: RegistrySettings = field(default_factory=RegistrySettings)

    @property
    def realm(self):
        return self.challenge.partition('realm="')[2].partition('"')[0]


def bearer(realm, service="", scope="repository:{repository}:pull"):
    parts = {"realm": realm, "service": service, "scope": scope}
    return "Bearer " + ",".join(f'{name}="{value}"' for name, value in parts.items() if value)


HABITS = {
    "distribution": Habit("registry.example:5000/team/app:v1", 'Basic realm="Registry Realm"'),
    "zot": Habit("zot.example/team/app:v1", 'Basic realm="zot"'),
    "harbor": Habit(
        "harbor.example/team/app:v1", bearer("https://harbor.example/service/token", "harbor-registry"), ""
    ),
    "quay": Habit("quay.io/team/app:v1", bearer("https://quay.io/v2/auth", "quay.io"), "cdn01.quay.io"),
    "artifactory": Habit(
        "shop.jfrog.io/docker/app:v1",
        bearer("https://shop.jfrog.io/artifactory/api/docker/null/v2/token", "shop.jfrog.io", "*"),
        "shop-blobs.s3.amazonaws.com",
    ),
    "gitlab.com": Habit(
        "registry.gitlab.com/team/app:v1",
        bearer("https://gitlab.com/jwt/auth", "container_registry"),
        "cdn.registry.gitlab-static.net",
    ),
    "gitlab of one's own": Habit(
        "gitlab.example.com:5050/team/app:v1", bearer("https://gitlab.example.com/jwt/auth", "container_registry")
    ),
    "gitlab in another domain": Habit(
        "registry.example:5050/team/app:v1",
        bearer("https://gitlab.example/jwt/auth", "container_registry"),
        settings=RegistrySettings(credential_hosts=frozenset({("registry.example:5050", "gitlab.example")})),
    ),
    "ghcr": Habit(
        "ghcr.io/team/app:v1",
        bearer("https://ghcr.io/token", "ghcr.io", "repository:user/image:pull"),
        "pkg-containers.githubusercontent.com",
    ),
    "ecr": Habit(
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:v1",
        'Basic realm="https://123456789012.dkr.ecr.eu-west-1.amazonaws.com/",service="ecr.amazonaws.com"',
        "prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com",
        Credential("AWS", "secret"),
    ),
    "ecr public": Habit(
        "public.ecr.aws/team/app:v1",
        bearer("https://public.ecr.aws/token/", "public.ecr.aws", "aws"),
        "d2glxqk2uabbnd.cloudfront.net",
    ),
    "gar": Habit(
        "europe-docker.pkg.dev/project/team/app:v1",
        bearer("https://europe-docker.pkg.dev/v2/token", "europe-docker.pkg.dev"),
        credential=Credential("_json_key", "{secret}"),
    ),
    "acr": Habit(
        "shop.azurecr.io/app:v1",
        bearer("https://shop.azurecr.io/oauth2/token", "shop.azurecr.io"),
        "eusmanaged1.blob.core.windows.net",
        Credential(identity_token="secret"),
    ),
    "docker hub": Habit(
        "index.docker.io/team/app:v1",
        bearer("https://auth.docker.io/token", "registry.docker.io"),
        "production.cloudflare.docker.com",
    ),
    "mcr": Habit("mcr.microsoft.com/team/app:v1", "", "westeurope.data.mcr.microsoft.com"),
}


@pytest.fixture(params=HABITS)
def habit(request, registry):
    """A registry with a habit and an index of two platforms in it."""
    habit = HABITS[request.param]
    image = parse(habit.image)
    children = [registry.push_image(image.repository, architecture=name) for name in ("amd64", "arm64")]
    registry.push_index(image.repository, "v1", [descriptor(child) for child in children])
    if habit.challenge:
        basic = habit.challenge.startswith("Basic")
        registry.challenge = habit.challenge
        registry.authorizations = {habit.credential.basic} if basic else {f"Bearer t-{_scope(habit, image)}"}
        registry.token_answer = {"token": "t-{scope}", "expires_in": 300}
        registry.token_paths = set() if basic else {urlsplit(habit.realm).path}
    if habit.blobs:
        registry.blob_location = lambda digest: f"https://{habit.blobs}/store/{digest}?X-Signature=s"
    return habit


def _scope(habit, image):
    """For which scope the token has to be: a placeholder names nobody's repository."""
    scope = habit.challenge.partition('scope="')[2].partition('"')[0]
    ours = f"repository:{image.repository}:pull"
    return ours if "repository:" in scope else scope


@pytest.fixture
def read(habit, run, make_client, make_call):
    """Reads the index with all below it; gives how many platforms were there."""

    def read(credential=habit.credential):
        image = parse(habit.image)
        store = Store(make_client(habit.settings), FakeClock(), NullObserver(), memory_bytes=1 << 20, tag_ttl=30)
        call = make_call()
        call.credentials.by_registry[image.registry] = credential
        found = run(store.resolve(image, call))
        tree = Tree(store, Pace(), config=True)
        return len(run(tree.leaves(image, found.document, call)))

    return read


def test_image_is_read_with_its_users_credential(read, habit, registry):
    assert read() == 2


def test_least_is_asked_of_it(read, habit, registry):
    read()
    asked = [one for one in registry.requests if one.kind not in {"token", "store"}]
    without = [one for one in asked if "Authorization" not in one.headers]
    assert len(without) == (1 if habit.challenge else 5)
    assert registry.counts["token"] <= 1 + ("user/image" in habit.challenge)


def test_credential_goes_to_the_registry_and_its_token_service_alone(read, habit, registry):
    read()
    own = {parse(habit.image).registry, urlsplit(habit.realm).netloc}
    shown = {one.host for one in registry.requests if "Authorization" in one.headers or b"secret" in one.body}
    assert shown <= own
    assert habit.blobs not in shown


def test_wrong_credential_is_unauthorized_and_shows_no_secret(read, habit, registry):
    registry.challenge = registry.challenge or 'Basic realm="x"'
    registry.authorizations = {"Bearer other"}
    with pytest.raises(ImageError) as caught:
        read()
    assert caught.value.reason is Reason.UNAUTHORIZED
    assert "secret" not in caught.value.message


def _page(registry, habit):
    """A captive portal, or an error page, with status 200."""
    registry.fail("any", 200, headers={"Content-Type": "text/html"}, body=b"<html>sign in, secret</html>")


def _token_page(registry, habit):
    registry.fail("token", 200, headers={"Content-Type": "text/html"}, body=b"<html>sign in</html>")


def _challenge(header):
    def broken(registry, habit):
        registry.authorizations = {"Bearer nobody's"}
        registry.challenge = header

    return broken


def _blobs(location):
    def broken(registry, habit):
        repository = parse(habit.image).repository
        registry.blob_location = lambda digest: location.format(digest=digest, repository=repository)

    return broken


def _other_bytes(registry, habit):
    for kind in ("blob", "store"):
        registry.fail(kind, 200, body=b"x" * 100)


def _fault(kind, *arguments, **fields):
    return lambda registry, _: registry.fail(kind, *arguments, **fields)


U, A, T, R = Reason.UNAUTHORIZED, Reason.REGISTRY_UNAVAILABLE, Reason.THROTTLED, Reason.ADDRESS_REFUSED

# What breaks, and what may be said of it; by which kinds of habit: "any", "token", "challenge".
BROKEN = {
    "a page in place of everything": ("any", _page, {A}),
    "the registry fails": ("any", _fault("any", 503), {A}),
    "the registry breaks off": ("any", _fault("any", how="cut"), {A}),
    "nothing answers": ("any", _fault("any", how="unreachable"), {A}),
    "too many requests": ("any", _fault("any", 429), {T}),
    "a manifest that is none": ("any", _fault("manifest", 200, body=b"{"), {A}),
    "a manifest of other bytes": ("any", _fault("manifest", 200, body=b'{"schemaVersion": 2}'), {A}),
    "blobs of other bytes": ("any", _other_bytes, {A}),
    "blobs in the clear": ("any", _blobs("http://blobs.example/{digest}"), {R}),
    "blobs at an address with a user": ("any", _blobs("https://me:secret@blobs.example/{digest}"), {A}),
    "blobs nowhere": ("any", _blobs("nowhere:"), {A}),
    "blobs round and round": ("any", _blobs("/v2/{repository}/blobs/{digest}"), {A}),
    "a page in place of a token": ("token", _token_page, {A}),
    "an empty token": ("token", lambda registry, _: setattr(registry, "token_answer", {"token": ""}), {A}),
    "a token service that fails": ("token", _fault("token", 500), {A}),
    "a token service that is not there": ("token", _fault("token", 404), {A}),
    "a token service that refuses": ("token", _fault("token", 401), {U}),
    "a token service that leads elsewhere": ("token", _fault("token", 302, headers={"Location": "https://x.io"}), {A}),
    "a refusal that says nothing": ("challenge", _challenge(""), {U}),
    "a challenge without a realm": ("challenge", _challenge("Bearer"), {U}),
    "a challenge of another kind": ("challenge", _challenge('Negotiate, Digest realm="secret"'), {U}),
    "a realm that is no URL": ("challenge", _challenge('Bearer realm="token"'), {U}),
    "a realm in the clear": ("challenge", _challenge('Bearer realm="http://auth.example/token"'), {U}),
    "a realm of a stranger": ("challenge", _challenge('Bearer realm="https://evil.example/token",service="x"'), {U}),
    "an open quotation": ("challenge", _challenge('Bearer realm="https://auth.example/token'), {U}),
}


def _has(habit, what):
    """Whether a registry with this habit has a token service, or asks at all."""
    return {"any": True, "token": habit.challenge.startswith("Bearer"), "challenge": bool(habit.challenge)}[what]


class TestBroken:
    """Each habit in its broken forms: no answer is taken for one, nobody else is shown anything, and it may pass."""

    @pytest.fixture
    def reasons(self, request, registry, habit):
        _, break_it, reasons = BROKEN[request.param]
        break_it(registry, habit)
        return reasons

    @pytest.mark.parametrize(
        ("habit", "reasons"),
        [(name, form) for form in BROKEN for name in HABITS if _has(HABITS[name], BROKEN[form][0])],
        indirect=True,
    )
    def test_it_is_no_answer_and_may_pass(self, habit, reasons, read, registry):
        with pytest.raises(ImageError) as caught:
            read()
        error = caught.value
        assert error.reason in reasons, error.message
        assert not error.reason.durable
        assert "secret" not in error.message
        assert error.message.isprintable()
        own = {parse(habit.image).registry, urlsplit(habit.realm).netloc}
        shown = {one.host for one in registry.requests if "Authorization" in one.headers or b"secret" in one.body}
        assert shown <= own


class TestOthers:
    """Habits beside who we are."""

    def test_policy_of_harbor_is_no_outage(self, run, client, registry, make_call):
        """412 for what a scan found."""
        registry.fail("manifest", 412)
        with pytest.raises(ImageError) as caught:
            run(client.manifest(parse("harbor.example/team/app:v1"), make_call()))
        assert caught.value.reason is Reason.PULL_REFUSED

    def test_registry_of_kubernetes_leads_to_one_that_wants_a_token(self, run, client, registry, make_call):
        """registry.k8s.io keeps no manifests: it redirects to Artifact Registry."""
        registry.push_image("k8s-artifacts-prod/images/pause", "3.9")
        registry.require_token("https://us-west1-docker.pkg.dev/v2/token")
        registry.token_paths, registry.public = {"/v2/token"}, {"pause"}
        where = "https://us-west1-docker.pkg.dev/v2/k8s-artifacts-prod/images/pause/manifests/3.9"
        registry.fail("manifest", 307, headers={"Location": where}, match="/v2/pause/")
        assert run(client.manifest(parse("registry.k8s.io/pause:3.9"), make_call())).body
        [token] = [one for one in registry.requests if one.kind == "token"]
        assert token.query["scope"] == ["repository:k8s-artifacts-prod/images/pause:pull"]
        assert "Authorization" not in token.headers

    def test_docker_hub_that_is_asked_too_often_is_left_alone(self, run, client, registry, make_call):
        registry.fail("manifest", 429, headers={"Retry-After": "60"})
        for _ in range(3):
            with pytest.raises(ImageError) as caught:
                run(client.manifest(parse("alpine"), make_call()))
            assert caught.value.reason is Reason.THROTTLED
        assert len(registry.requests) == 1
