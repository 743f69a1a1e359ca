"""Whom libcurl believes: the authorities of the moment, the right name, and nobody else."""

import asyncio
import ssl

import pytest
import trustme

from provider import limits
from provider.clock import Deadline
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry import origin
from provider.registry.reference import parse
from provider.registry.transport.ca_bundle import CABundle
from provider.registry.transport.transport import Cause, Request, TLSError, UnreachableError
from tests.integration.registry.conftest import gather, get, server_context
from tests.simulators.clock import FakeClock
from tests.simulators.raw_server import RawServer

pytestmark = pytest.mark.integration

IMAGE = "team/app:v1"


def answer_all(connection):
    while connection.ask():
        connection.answer()


@pytest.fixture
def other(tmp_path):
    """Another authority."""
    made = trustme.CA()
    made.file = tmp_path / "other.pem"
    made.cert_pem.write_to_path(made.file)
    return made


class TestTrust:
    def test_registry_that_a_trusted_authority_vouches_for_is_believed(self, run, registry, make_transport, authority):
        registry.push_image("team/app", "v1")
        with registry.serve(server_context(authority, "reg.test")) as address:
            host = f"reg.test:{address.rpartition(':')[2]}"
            transport = make_transport(ca_path=authority.file, named_registries={host})
            assert run(get(transport, f"https://{host}")).status == 200
            assert registry.requests[0].host == host

    def test_registry_by_its_address_is_believed_when_its_certificate_says_so(self, run, make_transport, authority):
        with RawServer(answer_all, context=server_context(authority, "127.0.0.1")) as server:
            host = f"127.0.0.1:{server.port}"
            transport = make_transport(ca_path=authority.file, named_registries={host})
            assert run(get(transport, f"https://{host}")).status == 200

    def test_registry_that_nobody_vouches_for_is_not_believed(self, run, registry, make_client, authority, call):
        registry.push_image("team/app", "v1")
        with registry.serve(server_context(authority, "localhost")) as address:
            name = f"localhost:{address.rpartition(':')[2]}"
            with pytest.raises(ImageError) as caught:
                run(make_client(named_registries={name}).manifest(parse(f"{name}/{IMAGE}"), call))
        assert caught.value.reason is Reason.REGISTRY_UNAVAILABLE
        assert "TLS" in caught.value.message
        assert registry.requests == []

    def test_certificate_for_another_name_is_not_believed(self, run, registry, make_client, authority, call):
        with registry.serve(server_context(authority, "other.test")) as address:
            name = f"localhost:{address.rpartition(':')[2]}"
            client = make_client(named_registries={name}, ca_file=authority.file)
            with pytest.raises(ImageError) as caught:
                run(client.manifest(parse(f"{name}/{IMAGE}"), call))
        assert "TLS" in caught.value.message
        assert registry.requests == []

    def test_authorities_of_the_file_are_believed_beside_the_systems(self, run, registry, make_client, authority, call):
        registry.push_image("team/app", "v1")
        with registry.serve(server_context(authority, "localhost")) as address:
            name = f"localhost:{address.rpartition(':')[2]}"
            client = make_client(named_registries={name}, ca_file=authority.file)
            assert run(client.manifest(parse(f"{name}/{IMAGE}"), call)).body

    def test_command_finds_that_a_registry_on_this_machine_speaks_tls(
        self, run, registry, make_client, authority, call
    ):
        registry.push_image("team/app", "v1")
        with registry.serve(server_context(authority, "localhost")) as address:
            name = f"localhost:{address.rpartition(':')[2]}"
            client = make_client(allow_loopback_http=True, ca_file=authority.file)
            assert run(client.manifest(parse(f"{name}/{IMAGE}"), call)).body

    def test_bundle_that_is_not_there_lets_nobody_in(self, run, make_transport, authority):
        with RawServer(answer_all, context=server_context(authority, "reg.test")) as server:
            host = f"reg.test:{server.port}"
            transport = make_transport(ca_path="/nowhere/ca.pem", named_registries={host})
            with pytest.raises(TLSError):
                run(get(transport, f"https://{host}"))
            assert server.requests == []

    def test_environment_names_no_authorities(self, run, make_transport, authority, other, monkeypatch):
        for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE"):
            monkeypatch.setenv(name, str(authority.file))
        with RawServer(answer_all, context=server_context(authority, "reg.test")) as server:
            host = f"reg.test:{server.port}"
            transport = make_transport(ca_path=other.file, named_registries={host})
            with pytest.raises(TLSError):
                run(get(transport, f"https://{host}"))

    def test_version_of_tls_that_is_too_old_is_not_spoken(self, run, make_transport, authority):
        context = server_context(authority, "reg.test")
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        with RawServer(answer_all, context=context) as server:
            host = f"reg.test:{server.port}"
            transport = make_transport(ca_path=authority.file, named_registries={host})
            with pytest.raises(TLSError):
                run(get(transport, f"https://{host}"))

    def test_registry_that_speaks_no_tls_is_not_asked_in_the_clear(self, run, registry, make_client, call):
        with registry.serve() as address, pytest.raises(ImageError) as caught:
            run(make_client(named_registries={address}).manifest(parse(f"{address}/{IMAGE}"), call))
        assert caught.value.reason is Reason.REGISTRY_UNAVAILABLE
        assert registry.requests == []

    @pytest.mark.parametrize(("seconds", "cause"), [(10.0, Cause.TIMEOUT), (0.3, Cause.BUDGET)])
    def test_registry_that_shakes_no_hands_takes_no_connection(
        self, run, make_transport, authority, monkeypatch, seconds, cause
    ):
        monkeypatch.setattr(limits, "CONNECT_SECONDS", 0.5)
        with RawServer(lambda connection: connection.stopping.wait(20)) as server:
            host = f"reg.test:{server.port}"
            transport = make_transport(ca_path=authority.file, named_registries={host})
            with pytest.raises(UnreachableError) as caught:
                run(get(transport, f"https://{host}", seconds=seconds))
        assert caught.value.cause is cause


class TestReplacedAuthorities:
    """libcurl keeps what it has read by the path it read it from."""

    @pytest.fixture
    def clock(self):
        return FakeClock()

    @pytest.fixture
    def ca_file(self, tmp_path, authority):
        path = tmp_path / "registries.pem"
        path.write_bytes(authority.cert_pem.bytes())
        return path

    @pytest.fixture
    def bundle(self, tmp_path, ca_file, clock, monkeypatch):
        nobody = tmp_path / "nobody.pem"
        nobody.write_bytes(trustme.CA().cert_pem.bytes())
        monkeypatch.setenv("SSL_CERT_FILE", str(nobody))
        bundle = CABundle(ca_file, clock, pytest.fail)
        yield bundle
        bundle.close()

    def test_new_one_is_believed_at_once_and_the_old_one_no_more(
        self, run, make_transport, bundle, ca_file, authority, other, clock
    ):
        with (
            RawServer(answer_all, context=server_context(authority, "old.test")) as old,
            RawServer(answer_all, context=server_context(other, "new.test")) as new,
        ):
            hosts = {f"old.test:{old.port}", f"new.test:{new.port}"}
            transport = make_transport(ca_path=bundle.path, named_registries=hosts)
            assert run(get(transport, f"https://old.test:{old.port}")).status == 200
            with pytest.raises(TLSError):
                run(get(transport, f"https://new.test:{new.port}"))
            ca_file.write_bytes(other.cert_pem.bytes())
            clock.advance(limits.CA_FILE_SECONDS)
            assert run(get(transport, f"https://new.test:{new.port}")).status == 200
            # Nor is the connection used that was made when it was still believed.
            with pytest.raises(TLSError):
                run(get(transport, f"https://old.test:{old.port}"))
            assert len(old.requests) == 1

    def test_replacement_fails_no_request_that_is_under_way(
        self, run, make_transport, bundle, ca_file, authority, clock
    ):
        with RawServer(answer_all, context=server_context(authority, "reg.test")) as server:
            host = f"reg.test:{server.port}"
            transport = make_transport(ca_path=bundle.path, named_registries={host})

            async def replaced_meanwhile():
                results = []
                for number in range(10):
                    posts = [get(transport, f"https://{host}", method="POST", body=b"") for _ in range(3)]
                    tasks = [asyncio.ensure_future(post) for post in posts]
                    # They have the path now, and have not read what is there.
                    await asyncio.sleep(0)
                    ca_file.write_bytes(authority.cert_pem.bytes() + b"# %d\n" % number)
                    clock.advance(limits.CA_FILE_SECONDS)
                    results += await gather(*tasks, get(transport, f"https://{host}"))
                return results

            results = run(replaced_meanwhile())
            assert [result for result in results if isinstance(result, Exception)] == []

    def test_connection_is_used_again_while_authorities_stay(self, run, make_transport, bundle, authority, clock):
        with RawServer(answer_all, context=server_context(authority, "reg.test")) as server:
            host = f"reg.test:{server.port}"
            transport = make_transport(ca_path=bundle.path, named_registries={host})
            for _ in range(3):
                run(get(transport, f"https://{host}"))
                clock.advance(limits.CA_FILE_SECONDS)
            assert len(server.connections) == 1


def test_plain_connection_is_not_used_for_tls(run, make_transport, authority, monkeypatch):
    """Though host and port are the same."""
    monkeypatch.setattr(limits, "CONNECT_SECONDS", 0.3)
    with RawServer(answer_all) as server:
        host = f"reg.test:{server.port}"
        transport = make_transport(ca_path=authority.file, insecure_registries={host})
        assert run(get(transport, f"http://{host}")).status == 200
        request = Request("GET", origin.of_url(f"https://{host}"), "/")
        with pytest.raises((TLSError, UnreachableError)):
            run(transport.send(request, 100, Deadline.after(transport._clock, 5)))
        assert len(server.requests) == 1
