"""How each registry is reached."""

import pytest

from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.client import RegistryClient
from provider.registry.credentials.credential import Credential
from provider.registry.reference import parse
from provider.registry.settings import RegistrySettings
from provider.registry.transport.transport import BrokenError, Response, TLSError

LOCAL = parse("localhost:5000/team/app:v1")
ME = Credential("me", "secret")


class TLSOnly:
    """A registry on this machine that speaks TLS, and says so as servers do."""

    def __init__(self, registry, plain=400, trusted=True):
        self.registry, self.plain, self.trusted = registry, plain, trusted
        self.asked = []

    async def send(self, request, limit, deadline):
        self.asked.append((request.origin.scheme, "Authorization" in request.headers))
        if not request.origin.secure:
            if self.plain == "broken":
                raise BrokenError("it is no HTTP")
            return Response(self.plain, {}, b"Client sent an HTTP request to an HTTPS server.")
        if not self.trusted:
            raise TLSError
        return await self.registry.send(request, limit, deadline)

    async def close(self):
        pass

    @property
    def schemes(self):
        return [scheme for scheme, _ in self.asked]


@pytest.fixture
def ask(registry, clock, observer, run, make_call):
    """Asks for a manifest by a transport, as a command does."""
    registry.push_image("team/app", "v1")
    clients = {}

    def ask(transport, image=LOCAL, settings=None, **credentials):
        settings = settings or RegistrySettings(allow_loopback_http=True)
        client = clients.setdefault(id(transport), RegistryClient(settings, transport, clock, observer))
        call = make_call()
        call.credentials.by_registry["localhost:5000"] = credentials.get("credential", call.credentials.of("", ""))
        return run(client.manifest(image, call))

    return ask


@pytest.mark.parametrize("plain", [400, "broken"])
def test_registry_on_this_machine_that_speaks_tls_is_asked_over_tls_from_then_on(ask, registry, plain):
    transport = TLSOnly(registry, plain)
    assert ask(transport).body
    assert ask(transport).body
    assert transport.schemes == ["http", "https", "https"]


def test_credential_is_shown_over_tls_alone(ask, registry):
    registry.challenge, registry.authorizations = 'Basic realm="x"', {ME.basic}
    transport = TLSOnly(registry)
    assert ask(transport, credential=ME).body
    assert [scheme for scheme, shown in transport.asked if shown] == ["https"]


def test_certificate_that_nobody_vouches_for_is_told(ask, registry):
    with pytest.raises(ImageError, match="certificate is not trusted") as caught:
        ask(TLSOnly(registry, trusted=False))
    assert caught.value.reason is Reason.REGISTRY_UNAVAILABLE


def test_registry_that_spoke_plain_http_is_not_asked_over_tls(ask, registry, run):
    assert ask(registry).body
    registry.fail("manifest", 400)
    with pytest.raises(ImageError):
        ask(registry)
    registry.heal()
    assert ask(registry).body
    assert len(registry.requests) == 3


@pytest.mark.parametrize(
    ("image", "settings"),
    [
        ("reg.io:5000/team/app:v1", RegistrySettings(insecure_registries=frozenset({"reg.io:5000"}))),
        ("localhost:5000/team/app:v1", RegistrySettings(insecure_registries=frozenset({"localhost:5000"}))),
        (
            "localhost:5000/team/app:v1",
            RegistrySettings(insecure_registries=frozenset({"localhost:5000"}), allow_loopback_http=True),
        ),
    ],
)
def test_nothing_is_guessed_of_what_the_settings_name(ask, registry, image, settings):
    transport = TLSOnly(registry)
    with pytest.raises(ImageError):
        ask(transport, parse(image), settings)
    assert transport.schemes == ["http"]


def test_registry_over_tls_is_never_asked_in_the_clear(ask, registry):
    registry.fail("manifest", 400)
    with pytest.raises(ImageError):
        ask(registry, parse("reg.io/team/app:v1"))
    assert [asked.host for asked in registry.requests] == ["reg.io"]


def test_registry_that_cannot_be_reached_is_asked_once(ask, registry):
    registry.fail("any", how="unreachable")
    with pytest.raises(ImageError):
        ask(registry)
    assert len(registry.requests) == 1
