"""Who we are at the registries of a cloud: asked once, kept, renewed, and no cloud spoils another."""

import asyncio

import pytest

from provider import limits
from provider.clock import Deadline
from provider.errors import ImageError
from provider.images.assembly import assemble
from provider.reasons import Reason
from provider.registry.call import Call
from provider.registry.clouds.cloud import CloudError, CloudToken
from provider.registry.clouds.credentials import CloudCredentials
from provider.registry.clouds.places import CloudName
from provider.registry.credentials.credential import Credential
from provider.registry.credentials.credentials import NoCredentials
from provider.registry.reference import parse
from provider.registry.settings import RegistrySettings
from provider.registry.store import Store
from provider.registry.turns.claim import Claim
from tests.unit.registry.conftest import Credentials, RecordingObserver

ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
OTHER_ECR = "999999999999.dkr.ecr.eu-west-1.amazonaws.com"
US_ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
GAR = "europe-docker.pkg.dev"
ACR = "shop01.azurecr.io"
HOUR = 3600.0


class CloudSimulator:
    """Gives what a test put in: seconds that a token is good for, or why there is none; may take its time."""

    def __init__(self, name, clock, seconds=12 * HOUR, takes=0.0):
        self.name, self.clock, self.seconds, self.takes = name, clock, seconds, takes
        self.error = ""
        self.asked = []

    async def token(self, place):
        self.asked.append(place)
        await asyncio.sleep(self.takes)
        if self.error:
            raise CloudError(self.error)
        secret = f"secret-{len(self.asked)}"
        credential = Credential("AWS", secret, principal=f"{place}", confined=True, name=self.name.value)
        return CloudToken(credential, self.clock.now() + self.seconds)


class CloudObserver(RecordingObserver):
    """Remembers what it was told of clouds."""

    def __init__(self):
        super().__init__()
        self.clouds = []

    def cloud_asked(self, cloud, problem):
        self.clouds.append((cloud, problem))


@pytest.fixture
def observer():
    return CloudObserver()


@pytest.fixture
def ecr(clock):
    return CloudSimulator(CloudName.ECR, clock)


@pytest.fixture
def google(clock):
    return CloudSimulator(CloudName.GOOGLE, clock)


@pytest.fixture
def make(clock, ecr, google, observer):
    """Makes credentials: ECR and Google are switched on."""

    def make(own=None, settings=None):
        return CloudCredentials(own or NoCredentials(), [ecr, google], settings or RegistrySettings(), clock, observer)

    return make


@pytest.fixture
def ask(run, make):
    """The credential of a registry."""
    found = make()

    def ask(registry, repository="app"):
        run(found.prepare(registry, repository))
        return found.of(registry, repository)

    return ask


def test_cloud_is_asked_for_its_own_registry(ask, ecr):
    found = ask(ECR)
    assert (found.username, found.password, found.name, found.confined) == ("AWS", "secret-1", "ecr", True)
    assert [place.region for place in ecr.asked] == ["eu-west-1"]


@pytest.mark.parametrize(
    "registry",
    ["index.docker.io", "ghcr.io", f"{ECR}.attacker.test", f"{ACR}.attacker.test", f"{ECR}:444", "10.0.0.1:443", ACR],
)
def test_registry_of_nobody_and_of_a_cloud_that_is_off_gets_nothing(ask, ecr, google, registry):
    assert ask(registry).anonymous
    assert ecr.asked == google.asked == []


def test_registry_that_is_reached_without_tls_gets_nothing(run, make, ecr):
    found = make(settings=RegistrySettings(insecure_registries=frozenset({ECR})))
    run(found.prepare(ECR, "app"))
    assert found.of(ECR, "app").anonymous
    assert ecr.asked == []


def test_what_somebody_wrote_down_comes_first(run, make, ecr):
    found = make(Credentials(**{ECR: Credential("me", "mine")}))
    run(found.prepare(ECR, "app"))
    assert found.of(ECR, "app").username == "me"
    assert ecr.asked == []


def test_token_is_good_for_all_registries_of_a_region_and_no_other_region(ask, ecr):
    assert ask(ECR).password == ask(OTHER_ECR, "other/app").password == "secret-1"
    assert ask(US_ECR).password == "secret-2"
    assert len(ecr.asked) == 2


def test_many_questions_share_one_request(loop, make, ecr):
    ecr.takes = 1.0
    found = make()
    tasks = [loop.create_task(found.prepare(ECR, f"app{number}")) for number in range(50)]
    loop.run_for(2)
    assert all(task.done() for task in tasks)
    assert len(ecr.asked) == 1


def test_who_gives_up_spoils_it_for_nobody(loop, make, ecr):
    ecr.takes = 1.0
    found = make()
    first, second = (loop.create_task(found.prepare(ECR, "app")) for _ in range(2))
    loop.run_for(0.5)
    first.cancel()
    loop.run_for(1)
    assert second.done()
    assert found.of(ECR, "app").password == "secret-1"
    assert len(ecr.asked) == 1


def test_token_is_kept_until_shortly_before_its_end(ask, clock, ecr):
    assert ask(ECR).password == "secret-1"
    clock.advance(12 * HOUR - limits.CLOUD_MARGIN_SECONDS - limits.CLOUD_RENEWAL_SECONDS - 1)
    assert ask(ECR).password == "secret-1"
    assert len(ecr.asked) == 1


def test_token_is_renewed_before_its_end_and_nobody_waits_for_that(loop, make, clock, ecr):
    found = make()
    loop.run(found.prepare(ECR, "app"))
    clock.advance(12 * HOUR - limits.CLOUD_MARGIN_SECONDS - limits.CLOUD_RENEWAL_SECONDS + 1)
    ecr.takes = 4.0
    task = loop.create_task(found.prepare(ECR, "app"))
    loop.settle()
    assert task.done()
    assert found.of(ECR, "app").password == "secret-1"
    loop.run_for(5)
    assert found.of(ECR, "app").password == "secret-2"


def test_token_is_used_no_more_at_its_end(run, make, clock, ecr):
    found = make()
    run(found.prepare(ECR, "app"))
    clock.advance(12 * HOUR - limits.CLOUD_MARGIN_SECONDS)
    assert found.of(ECR, "app").anonymous
    run(found.prepare(ECR, "app"))
    assert found.of(ECR, "app").password == "secret-2"


def test_token_that_cannot_be_renewed_is_used_until_its_end(loop, make, clock, ecr, observer):
    found = make()
    loop.run(found.prepare(ECR, "app"))
    ecr.error = "no"
    for _ in range(12):
        clock.advance(HOUR - limits.CLOUD_MARGIN_SECONDS / 12 - 0.1)
        loop.run(found.prepare(ECR, "app"))
        loop.settle()
        assert found.of(ECR, "app").password == "secret-1"
    clock.advance(2)
    assert found.of(ECR, "app").anonymous


def test_short_token_is_not_asked_for_all_the_time(run, make, clock, google):
    google.seconds = 90
    found = make()
    for _ in range(40):
        run(found.prepare(GAR, "app"))
        clock.advance(1)
    assert len(google.asked) == 1


@pytest.mark.parametrize("seconds", [0, -5, limits.CLOUD_MARGIN_SECONDS, float("-inf")])
def test_token_without_time_is_none(ask, ecr, seconds):
    ecr.seconds = seconds
    found = ask(ECR)
    assert found.anonymous
    assert "at its end already" in found.absence


def test_token_for_ever_is_kept_for_hours(ask, clock, ecr):
    ecr.seconds = 1e12
    ask(ECR)
    clock.advance(limits.CLOUD_TOKEN_SECONDS)
    assert ask(ECR).password == "secret-2"


class TestFailure:
    """A cloud that gives nothing is asked again in the background, and we are nobody there."""

    def test_reason_stands_in_the_credential_and_is_told_once(self, ask, clock, ecr, observer):
        ecr.error = "give it the right ecr:GetAuthorizationToken"
        for _ in range(3):
            found = ask(ECR)
            clock.advance(limits.CLOUD_FAILED_SECONDS + 1)
        assert found.anonymous
        assert found.absence == f"`cloud_credentials` ecr gave none: {ecr.error}"
        assert observer.clouds == [("ecr", f"cloud_credentials ecr: {ecr.error}")]

    def test_nobody_waits_for_it_again(self, loop, make, clock, ecr):
        found = make()
        ecr.error, ecr.takes = "no", 4.0
        loop.run(found.prepare(ECR, "app"))
        for _ in range(3):
            clock.advance(limits.CLOUD_FAILED_SECONDS)
            task = loop.create_task(found.prepare(ECR, "app"))
            loop.settle()
            assert task.done()
            loop.run_for(5)
        assert len(ecr.asked) == 4

    def test_it_is_asked_every_ten_seconds_at_most(self, ask, clock, ecr):
        ecr.error = "no"
        for _ in range(9):
            ask(ECR)
            clock.advance(1)
        assert len(ecr.asked) == 1

    def test_it_comes_back_by_itself(self, loop, make, clock, ecr, observer):
        found = make()
        ecr.error = "no"
        loop.run(found.prepare(ECR, "app"))
        ecr.error = ""
        clock.advance(limits.CLOUD_FAILED_SECONDS)
        loop.run(found.prepare(ECR, "app"))
        loop.settle()
        assert found.of(ECR, "app").password == "secret-2"
        assert observer.clouds[-1] == ("ecr", "")

    def test_one_that_hangs_costs_its_time_once_and_its_neighbour_nothing(self, loop, make, ecr, observer):
        ecr.takes = 10_000.0
        found = make()
        hung, good = loop.create_task(found.prepare(ECR, "app")), loop.create_task(found.prepare(GAR, "app"))
        loop.settle()
        assert good.done()
        assert found.of(GAR, "app").name == "google"
        loop.run_for(limits.CLOUD_SECONDS + 0.1)
        assert hung.done()
        assert "did not come within 5 seconds" in found.of(ECR, "app").absence
        assert [cloud for cloud, problem in observer.clouds if problem] == ["ecr"]

    def test_stranger_who_names_registries_of_nobody_is_no_fault_of_the_cloud(self, loop, make, clock, ecr, observer):
        found = make()
        loop.run(found.prepare(ECR, "app"))
        ecr.error = "its library knows no region"
        for number in range(limits.CLOUD_PLACES + 20):
            region = f"zz-{'abcdefghij'[number % 10] * 2}-{number // 10}"
            loop.run(found.prepare(f"123456789012.dkr.ecr.{region}.amazonaws.com", "x"))
        assert len(ecr.asked) > limits.CLOUD_PLACES
        assert found.of(ECR, "app").password == "secret-1"
        assert observer.clouds == [("ecr", "")]

    def test_public_image_is_read_all_the_same_and_a_private_one_says_why(
        self, run, client, registry, make, clock, ecr
    ):
        ecr.error = "install it"
        registry.push_image("app", "v1")
        call = Call(Deadline.after(clock, 30), Claim(object()), make())
        image = parse(f"{ECR}/app:v1")
        assert run(client.manifest(image, call)).body
        registry.challenge, registry.authorizations = 'Basic realm="x"', {"other"}
        with pytest.raises(
            ImageError, match="wants credentials, and `cloud_credentials` ecr gave none: install it"
        ) as caught:
            run(client.manifest(image, call))
        assert caught.value.reason is Reason.UNAUTHORIZED


def test_private_image_is_read_with_what_the_cloud_gave(run, client, registry, make, clock):
    registry.push_image("app", "v1")
    registry.challenge = 'Basic realm="x",service="ecr.amazonaws.com"'
    registry.authorizations = {Credential("AWS", "secret-1").basic}
    call = Call(Deadline.after(clock, 30), Claim(object()), make())
    assert run(client.manifest(parse(f"{ECR}/app:v1"), call)).body


def test_what_is_remembered_for_it_outlives_its_secret(run, client, registry, observer, make, clock):
    """Or each renewal would forget all tags and rights, and a restart during an outage would find nothing shared."""
    registry.push_image("app", "v1")
    found = make()
    store = Store(client, clock, observer, memory_bytes=1 << 20, tag_ttl=30 * HOUR)
    image = parse(f"{ECR}/app:v1")
    for _ in range(2):
        run(store.resolve(image, Call(Deadline.after(clock, 30), Claim(object()), found)))
        clock.advance(13 * HOUR)
    assert found.of(ECR, "app").anonymous
    run(found.prepare(ECR, "app"))
    assert found.of(ECR, "app").password == "secret-3"
    assert len(registry.requests) == 1


def test_principals_are_told_apart_and_are_nobodys_password():
    one = Credential("AWS", "x", principal="ecr eu-west-1 role-a")
    assert one.identity == Credential("AWS", "y", principal="ecr eu-west-1 role-a").identity
    others = [
        Credential("AWS", "x"),
        Credential("AWS", "x", principal="ecr eu-west-1 role-b"),
        Credential("ecr eu-west-1 role-a"),
        Credential("principal ", "", "", "ecr eu-west-1 role-a"),
    ]
    assert one.identity not in {other.identity for other in others}


def test_it_is_good_at_no_further_host_of_its_owner(run, client, registry, make, clock):
    """Whatever `credential_host` says."""
    settings = RegistrySettings(credential_hosts=frozenset({(ECR, "mirror.example")}))
    found = make(settings=settings)
    run(found.prepare(ECR, "app"))
    run(found.prepare("mirror.example", "app"))
    assert found.of("mirror.example", "app").anonymous


def test_secret_is_in_no_text(ask):
    assert "secret-1" not in repr(ask(ECR))


class TestAssembly:
    """From settings."""

    def test_nothing_is_switched_on_by_itself(self, clock):
        assert isinstance(assemble(RegistrySettings(), clock).credentials, NoCredentials)

    def test_library_that_is_missing_is_told_at_the_start_with_what_to_do(self, clock, monkeypatch, run, observer):
        monkeypatch.setattr("provider.registry.clouds.switched_on.find_spec", lambda _: None)
        made = assemble(RegistrySettings(clouds=frozenset({CloudName.ECR})), clock, observer)
        sentence = "cloud_credentials ecr: its library is not installed: pip install 'bestbefore[ecr]'"
        assert list(made.problems) == [sentence]
        assert observer.clouds == [("ecr", sentence)]
        run(made.credentials.prepare(ECR, "app"))
        assert "pip install 'bestbefore[ecr]'" in made.credentials.of(ECR, "app").absence
