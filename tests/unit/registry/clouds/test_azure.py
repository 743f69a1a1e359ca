"""ACR: Entra ID by the real azure-identity, and the exchange at the registry."""

import asyncio
import base64
import json
import time
from urllib.parse import parse_qs

import pytest

from provider import limits
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.clouds import azure, places
from provider.registry.clouds.azure import AzureCloud, AzureLibrary
from provider.registry.clouds.cloud import AccessToken, CloudError
from provider.registry.clouds.threads import CloudThreads
from provider.registry.origin import of_url
from provider.registry.transport.transport import Cause, Response, SilentError, TooLargeError, UnreachableError
from tests.simulators.clock import FakeClock
from tests.simulators.clouds import ENTRA_TOKEN, TENANT

ACR = places.find("shop01.azurecr.io")


class TestIdentity:
    """The real library."""

    @pytest.fixture(autouse=True)
    def azure_identity(self, library):
        library("azure", azure.EXTRA)

    @pytest.fixture
    def workload(self, monkeypatch, token_file):
        """As the webhook of Azure sets it."""
        monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(token_file))
        monkeypatch.setenv("AZURE_TENANT_ID", TENANT)
        monkeypatch.setenv("AZURE_CLIENT_ID", "22222222-2222-2222-2222-222222222222")
        monkeypatch.setenv("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.com/")

    def test_workload_identity_gives_a_token_for_registries_alone(self, workload, api):
        token = AzureLibrary(api).token()
        assert token.text == ENTRA_TOKEN
        assert 3000 < token.ends_at - time.time() < 3700
        assert api.asked == [f"POST https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token"]
        fields = parse_qs(api.sent[0][1])
        assert fields["scope"] == ["https://containerregistry.azure.net/.default"]
        assert fields["client_assertion"] == ["header.claims-of-the-pod.signature"]

    def test_identity_of_the_node_gives_a_token(self, api):
        assert AzureLibrary(api).token().text == ENTRA_TOKEN
        [asked] = api.asked
        assert asked.startswith("GET http://169.254.169.254/metadata/identity/oauth2/token")

    def test_library_keeps_it(self, workload, api):
        library = AzureLibrary(api)
        assert library.token().text == library.token().text
        assert len(api.asked) == 1

    def test_all_that_it_asks_is_allowed(self, workload, api, monkeypatch):
        AzureLibrary(api).token()
        monkeypatch.delenv("AZURE_FEDERATED_TOKEN_FILE")
        AzureLibrary(api).token()
        assert all(azure.allowed(of_url(asked.split()[1])) for asked in api.asked)

    @pytest.mark.parametrize("status", [400, 401, 403])
    def test_nobody_is_told_how_to_be_somebody(self, workload, api, status):
        api.fail("login.", status, '{"error": "invalid_client", "error_description": "foreign text"}')
        with pytest.raises(CloudError, match=r"azure\.workload\.identity/client-id") as caught:
            AzureLibrary(api).token()
        assert "foreign" not in str(caught.value)

    def test_half_set_up_identity_is_told(self, monkeypatch, token_file, api):
        monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(token_file))
        with pytest.raises(CloudError, match=r"azure\.workload\.identity/client-id"):
            AzureLibrary(api).token()


class RegistryTransport:
    """A registry that exchanges tokens."""

    def __init__(self, status=200, body=b"", error=None):
        self.status, self.body, self.error = status, body, error
        self.requests = []

    async def send(self, request, limit, deadline):
        self.requests.append((request, limit))
        if self.error:
            raise self.error
        return Response(self.status, {}, self.body)

    async def close(self):
        pass


def refresh(**claims):
    part = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"header.{part}.signature"


def answer(token):
    return json.dumps({"refresh_token": token}).encode()


class TestExchange:
    """What a registry makes of an identity."""

    @pytest.fixture
    def exchange(self):
        """The registry's token, and what it was asked."""

        def exchange(**answered):
            clock, transport = FakeClock(), RegistryTransport(**answered)

            async def go():
                cloud = AzureCloud(lambda: AccessToken(ENTRA_TOKEN, 0.0), CloudThreads(), transport, clock)
                return await cloud.token(ACR)

            return asyncio.run(go()), transport.requests, clock

        return exchange

    def test_identity_is_shown_to_the_registry_and_its_token_is_an_identity_token(self, exchange):
        token, [(request, limit)], clock = exchange(body=answer(refresh(exp=FakeClock().now() + 3 * 3600)))
        assert (request.method, request.url) == ("POST", "https://shop01.azurecr.io/oauth2/exchange")
        fields = {"grant_type": ["access_token"], "service": ["shop01.azurecr.io"], "access_token": [ENTRA_TOKEN]}
        assert parse_qs(request.body.decode()) == fields
        assert limit == limits.TOKEN_BYTES
        assert token.credential.identity_token.startswith("header.")
        assert (token.credential.confined, token.credential.name) == (True, "azure")
        assert token.ends_at == clock.now() + 3 * 3600

    @pytest.mark.parametrize(
        "text",
        [
            "opaque",
            "a.b",
            "a.!!.c",
            "a..c",
            refresh(),
            refresh(exp="soon"),
            refresh(exp=True),
            f"a.{'[' * 60_000}.c"[:30000],
        ],
        ids=range(8),
    )
    def test_token_that_does_not_say_its_end_is_kept_for_a_while(self, exchange, text):
        token, _, clock = exchange(body=answer(text))
        assert token.ends_at == clock.now() + limits.CLOUD_TOKEN_DEFAULT_SECONDS

    def test_token_for_ever_is_kept_for_hours(self, exchange):
        token, _, clock = exchange(body=answer(refresh(exp=10**300)))
        assert token.ends_at == clock.now() + limits.CLOUD_TOKEN_SECONDS

    @pytest.mark.parametrize(
        ("answered", "sentence"),
        [
            ({"status": 401}, "give it the role AcrPull"),
            ({"status": 403, "body": b"foreign secret"}, "give it the role AcrPull"),
            ({"status": 404}, r"exchanges no token \(status 404\)"),
            ({"status": 307}, r"exchanges no token \(status 307\)"),
            ({"status": 500}, r"exchanges no token \(status 500\)"),
            ({"body": b"secret"}, "no usable token"),
            ({"body": b"[]"}, "no usable token"),
            ({"body": b'{"refresh_token": ""}'}, "no usable token"),
            ({"body": b'{"refresh_token": ["secret"]}'}, "no usable token"),
            ({"body": answer("s" * (limits.CREDENTIAL_CHARACTERS + 1))}, "no usable token"),
            ({"body": b"[" * 60_000}, "no usable token"),
            ({"error": SilentError(own=True)}, "cannot be reached, or did not answer in time"),
            ({"error": UnreachableError(Cause.NAME)}, "cannot be reached"),
            ({"error": TooLargeError(1)}, "cannot be reached"),
            ({"error": ImageError(Reason.ADDRESS_REFUSED, "x")}, "cannot be reached"),
        ],
        ids=range(15),
    )
    def test_registry_that_gives_none_is_told(self, exchange, answered, sentence):
        with pytest.raises(CloudError, match=sentence) as caught:
            exchange(**answered)
        assert "secret" not in str(caught.value)
        assert "shop01.azurecr.io" in str(caught.value)
