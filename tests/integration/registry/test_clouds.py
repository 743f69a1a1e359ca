"""What clouds' libraries send goes out through `FixedWeb`: on real sockets, with servers that do as they like."""

import asyncio
import ssl
import subprocess
import sys

import pytest
import trustme

from provider import limits
from provider.clock import SystemClock
from provider.images.assembly import assemble
from provider.observer import NullObserver
from provider.registry.clouds import amazon, azure, google, places, switched_on
from provider.registry.clouds.amazon import AmazonLibrary
from provider.registry.clouds.azure import AzureLibrary
from provider.registry.clouds.cloud import CloudError
from provider.registry.clouds.google import GoogleLibrary
from provider.registry.clouds.places import CloudName
from provider.registry.clouds.web import FixedWeb
from provider.registry.settings import RegistrySettings
from provider.registry.transport.ca_bundle import system_authorities
from tests.programs import ROOT
from tests.simulators.clouds import ECR_PASSWORD, ENTRA_TOKEN, GOOGLE_TOKEN, CloudAPI
from tests.simulators.raw_server import RawServer
from tests.unit.registry.clouds.conftest import library, token_file  # noqa: F401 - fixtures

pytestmark = pytest.mark.integration

SECRET = "s3cr3t"


@pytest.fixture
def serve():
    """Starts servers that a test says; gives what may speak with them alone, and the URL."""
    running = []

    def serve(handle, **options):
        server = RawServer(handle, **options)
        running.append(server.__enter__())
        return server

    yield serve
    for server in running:
        server.__exit__()


def web(*servers, authorities=None):
    ports = {server.port for server in servers}
    return FixedWeb(lambda where: where.port in ports, authorities or system_authorities())


def send(server, path="/", scheme="http", **options):
    return web(server, **options).send("GET", f"{scheme}://localhost:{server.port}{path}", {"X-Test": "1"})


def test_answer_comes_back_whole(serve):
    server = serve(lambda connection: (connection.ask(), connection.answer(b"hello", headers="X-Own: 2\r\n")))
    answer = send(server, "/a?b=c")
    assert (answer.status, answer.body, answer.headers["X-Own"]) == (200, b"hello", "2")
    assert server.requests[0].startswith(b"GET /a?b=c HTTP/1.1\r\n")
    assert b"X-Test: 1" in server.requests[0]


def test_redirect_is_not_followed(serve):
    other = serve(lambda connection: (connection.ask(), connection.answer()))
    location = f"Location: http://localhost:{other.port}/\r\n"
    server = serve(lambda connection: (connection.ask(), connection.answer(status="302 Found", headers=location)))
    assert web(server, other).send("GET", f"http://localhost:{server.port}/", {}).status == 302
    assert other.requests == []


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
def test_proxy_of_the_environment_sees_no_metadata(serve, monkeypatch, variable):
    proxy = serve(lambda connection: (connection.ask(), connection.answer()))
    monkeypatch.setenv(variable, f"http://localhost:{proxy.port}")
    server = serve(lambda connection: (connection.ask(), connection.answer(b"own")))
    assert send(server).body == b"own"
    assert proxy.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:1/",
        "http://user@localhost/",
        "ftp://localhost/",
        "https://localhost/",
        "file:///etc/passwd",
        "",
    ],
)
def test_host_that_is_none_of_the_clouds_is_not_asked(serve, url):
    server = serve(lambda connection: connection.ask())
    with pytest.raises(CloudError, match="its library was to ask"):
        web(server).send("GET", url, {})
    assert server.connections == []


@pytest.mark.parametrize(
    "handle",
    [
        lambda _: None,
        lambda connection: connection.send(b"no http\r\n\r\n"),
        lambda connection: connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}"),
        lambda connection: connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        lambda connection: connection.answer(SECRET.encode(), status="500 No"),
        lambda connection: connection.answer(SECRET.encode(), status="429 No"),
        lambda connection: connection.answer(b"x" * (limits.CLOUD_BYTES + 1)),
        lambda connection: connection.send(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n"),
    ],
    ids=range(8),
)
def test_answer_that_is_none_is_told_without_its_text(serve, handle):
    server = serve(lambda connection: (connection.ask(), handle(connection)))
    with pytest.raises(CloudError) as caught:
        send(server)
    assert SECRET not in str(caught.value)
    assert f"localhost:{server.port}" in str(caught.value)


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"], ids=["silent", "half"])
def test_server_that_says_nothing_more_costs_its_time(serve, monkeypatch, first):
    monkeypatch.setattr(limits, "CLOUD_READ_SECONDS", 0.2)
    server = serve(lambda connection: (connection.ask(), connection.send(first), connection.stopping.wait(20)))
    with pytest.raises(CloudError, match="cannot be reached, or did not answer in time"):
        send(server)


def test_server_that_drips_is_cut_off(serve, monkeypatch):
    monkeypatch.setattr(limits, "CLOUD_SECONDS", 0.3)

    def drip(connection):
        connection.ask()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not connection.stopping.wait(0.05):
            connection.send(b"x")

    with pytest.raises(CloudError, match="took too long"):
        send(serve(drip))


class TestTLS:
    """Hosts over TLS."""

    @pytest.fixture
    def secured(self, serve, tmp_path):
        """A server with a certificate for `localhost`, and the file of who certified it."""
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        path = tmp_path / "ca.pem"
        path.write_bytes(authority.cert_pem.bytes())
        return serve(lambda connection: (connection.ask(), connection.answer(b"own")), context=context), path

    def test_certified_host_is_asked(self, secured):
        server, path = secured
        assert send(server, scheme="https", authorities=path).body == b"own"

    def test_host_that_nobody_certifies_is_told_nothing(self, secured):
        server, _ = secured
        with pytest.raises(CloudError, match="cannot be reached"):
            send(server, scheme="https")
        assert server.requests == []

    def test_certificate_of_another_name_is_none(self, secured):
        server, path = secured
        with pytest.raises(CloudError, match="cannot be reached"):
            web(server, authorities=path).send("GET", f"https://127.0.0.1:{server.port}/", {})
        assert server.requests == []


class TestLibraries:
    """The real libraries over real sockets: what they are told by their documented variables leads to this machine."""

    @pytest.fixture
    def cloud(self, serve):
        """A server with all interfaces of `CloudAPI`."""
        api = CloudAPI()

        def handle(connection):
            while request := connection.ask():
                head, _, body = request.partition(b"\r\n\r\n")
                line, *rest = head.decode().split("\r\n")
                headers = dict(each.split(": ", 1) for each in rest)
                answer = api.send(line.split()[0], f"http://{headers['Host']}{line.split()[1]}", headers, body)
                kept = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
                connection.answer(answer.body, status=f"{answer.status} x", headers=kept)

        server = serve(handle)
        server.api = api
        return server

    def test_ecr(self, cloud, library, monkeypatch):  # noqa: F811 - a fixture
        library("ecr", amazon.EXTRA)
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://127.0.0.1:{cloud.port}/v1/credentials")
        monkeypatch.setenv("AWS_ENDPOINT_URL_ECR", f"http://127.0.0.1:{cloud.port}")
        token = AmazonLibrary(web(cloud)).token(places.find("123456789012.dkr.ecr.eu-west-1.amazonaws.com"))
        assert token.credential.password == ECR_PASSWORD

    def test_ecr_is_led_nowhere_else_by_its_variables(self, cloud, library, monkeypatch):  # noqa: F811 - as above
        library("ecr", amazon.EXTRA)
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://127.0.0.1:{cloud.port}/v1/credentials")
        with pytest.raises(CloudError, match=r"was to ask 127\.0\.0\.1:\d+, which is none of its hosts"):
            AmazonLibrary(FixedWeb(amazon.allowed, system_authorities())).token(
                places.find("123456789012.dkr.ecr.eu-west-1.amazonaws.com")
            )
        assert cloud.connections == []

    def test_google(self, cloud, library, monkeypatch):  # noqa: F811 - as above
        library("google", google.EXTRA)
        monkeypatch.setattr("google.auth.compute_engine._metadata._GCE_METADATA_HOST", f"127.0.0.1:{cloud.port}")
        assert GoogleLibrary(web(cloud)).token(places.find("gcr.io")).credential.password == GOOGLE_TOKEN

    def test_azure(self, cloud, library, monkeypatch):  # noqa: F811 - as above
        library("azure", azure.EXTRA)
        monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", f"http://127.0.0.1:{cloud.port}")
        assert AzureLibrary(web(cloud)).token().text == ENTRA_TOKEN


def test_metadata_address_is_let_through_for_libraries_alone(library, monkeypatch):  # noqa: F811 - a fixture
    """A registry at that address is refused, as before; the library's own request is what is let through."""
    library("google", google.EXTRA)
    sent = []

    class Recorder(FixedWeb):
        def send(self, method, url, headers, body=None):
            sent.append(url)
            raise CloudError("nobody is there")

    monkeypatch.setattr(switched_on, "FixedWeb", Recorder)
    settings = RegistrySettings(clouds=frozenset({CloudName.GOOGLE}))
    made = assemble(settings, SystemClock(), NullObserver())

    async def go():
        await made.credentials.prepare("gcr.io", "app")
        try:
            return made.credentials.of("gcr.io", "app").absence
        finally:
            await made.store.close()

    assert "nobody is there" in asyncio.run(go())
    assert sent == [
        "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/?recursive=true"
    ]


def test_memory_of_each_library_is_bounded(library):  # noqa: F811 - as above
    """All three loaded and asked, beside all that a provider loads: docs/reference/performance.md."""
    for name, module in (("ecr", amazon.EXTRA), ("google", google.EXTRA), ("azure", azure.EXTRA)):
        library(name, module)
    done = subprocess.run([sys.executable, "-c", _LOADED], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout.split()[-1]) < 140


_LOADED = """
import provider.server.serving, provider.signatures.verifier, provider.registry.transport.curl_transport
from provider.registry.clouds import places
from provider.registry.clouds.amazon import AmazonLibrary
from provider.registry.clouds.azure import AzureLibrary
from provider.registry.clouds.google import GoogleLibrary
from tests.simulators.clouds import CloudAPI

api = CloudAPI()
for host in ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", "public.ecr.aws"):
    AmazonLibrary(api).token(places.find(host))
GoogleLibrary(api).token(places.find("gcr.io"))
AzureLibrary(api).token()
with open("/proc/self/statm") as file:
    print(int(file.read().split()[1]) * 4 // 1024)
"""
