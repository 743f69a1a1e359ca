"""Mirrors of a `hosts.toml`, real programs among them."""

import contextlib
import json
import os
import socket
import ssl
import subprocess
import sys
import threading

import pytest

from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.reference import parse
from tests.integration.registry.conftest import copy, server_context

# Nobody has this name (RFC 6761, section 6.4).
IMAGE = parse("registry.invalid/team/app:v1")


@pytest.fixture
def hosts_dir(tmp_path):
    """Writes the `hosts.toml` of a registry; gives the folder of all."""

    def write(text, registry="registry.invalid"):
        path = tmp_path / "certs.d" / registry / "hosts.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return tmp_path / "certs.d"

    return write


def test_registry_that_is_away_is_read_from_a_real_mirror(run, registry, real_registry, make_client, hosts_dir, call):
    pushed = registry.push_image("team/app", "v1")
    copy(registry, real_registry)
    client = make_client(hosts_dir=hosts_dir(f'[host."http://{real_registry}"]\n'))
    found = run(client.manifest(IMAGE, call))
    assert (found.digest, found.host) == (pushed.digest, real_registry)


def test_facts_come_from_the_mirror(registry, real_registry, hosts_dir, tmp_path):
    pushed = registry.push_image("team/app", "v1")
    copy(registry, real_registry)
    folder = hosts_dir(f'[host."http://{real_registry}"]\n')
    command = [sys.executable, "-m", "gatekeeper.cli", "facts", "--hosts-dir", folder, "--output", "json", IMAGE.text]
    environment = os.environ | {"HOME": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert pushed.digest in json.dumps(json.loads(done.stdout))


class TestTLS:
    """A mirror that speaks TLS as a `hosts.toml` says; each is reached as `localhost`."""

    @pytest.fixture
    def ask(self, run, make_client, hosts_dir, call):
        """The manifest, by a host of these fields."""

        def ask(address, fields):
            port = address.rpartition(":")[2]
            folder = hosts_dir(f'[host."https://localhost:{port}"]\n{fields}\n')
            return run(make_client(hosts_dir=folder).manifest(IMAGE, call))

        return ask

    def test_authority_of_the_host_is_believed(self, ask, registry, authority):
        pushed = registry.push_image("team/app", "v1")
        with registry.serve(server_context(authority, "localhost")) as address:
            assert ask(address, f'ca = "{authority.file}"').digest == pushed.digest

    @pytest.mark.parametrize("fields", ["", "skip_verify = false"])
    def test_without_it_the_host_is_not_believed(self, ask, registry, authority, fields):
        with registry.serve(server_context(authority, "localhost")) as address, pytest.raises(ImageError) as caught:
            ask(address, fields)
        assert "asked before: localhost:" in caught.value.message
        assert registry.requests == []

    def test_certificate_for_another_name_is_not_believed(self, ask, registry, authority):
        with registry.serve(server_context(authority, "other.test")) as address, pytest.raises(ImageError):
            ask(address, f'ca = "{authority.file}"')
        assert registry.requests == []

    def test_certificate_is_not_looked_at_where_the_file_says_so(self, ask, registry, authority):
        pushed = registry.push_image("team/app", "v1")
        with registry.serve(server_context(authority, "other.test")) as address:
            assert ask(address, "skip_verify = true").digest == pushed.digest

    @pytest.mark.parametrize("form", ["both.pem", "pair"])
    def test_client_certificate_is_shown_to_who_asks_for_one(self, ask, registry, authority, tmp_path, form):
        pushed = registry.push_image("team/app", "v1")
        client = authority.issue_cert("client.test")
        client.private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
        client.cert_chain_pems[0].write_to_path(tmp_path / "client.cert")
        client.private_key_pem.write_to_path(tmp_path / "client.key")
        forms = {
            "both.pem": f'client = "{tmp_path}/both.pem"',
            "pair": f'client = [["{tmp_path}/client.cert", "{tmp_path}/client.key"]]',
        }
        with registry.serve(self.asking(authority)) as address:
            assert ask(address, f'ca = "{authority.file}"\n{forms[form]}').digest == pushed.digest

    def test_without_one_it_is_refused(self, ask, registry, authority):
        with registry.serve(self.asking(authority)) as address, pytest.raises(ImageError):
            ask(address, f'ca = "{authority.file}"')
        assert registry.requests == []

    def test_authority_and_client_certificate_of_a_registry_stand_in_its_folder_as_dockers(
        self, run, registry, authority, make_client, tmp_path, call
    ):
        pushed = registry.push_image("team/app", "v1")
        client = authority.issue_cert("client.test")
        with registry.serve(self.asking(authority)) as address:
            name = f"localhost:{address.rpartition(':')[2]}"
            folder = tmp_path / "certs.d" / name
            folder.mkdir(parents=True)
            authority.cert_pem.write_to_path(folder / "ca.crt")
            client.cert_chain_pems[0].write_to_path(folder / "client.cert")
            client.private_key_pem.write_to_path(folder / "client.key")
            asker = make_client(hosts_dir=tmp_path / "certs.d", named_registries={name})
            assert run(asker.manifest(parse(f"{name}/team/app:v1"), call)).digest == pushed.digest

    @staticmethod
    def asking(authority):
        """A server that asks for a client certificate."""
        context = server_context(authority, "localhost")
        context.load_verify_locations(authority.file)
        context.verify_mode = ssl.CERT_REQUIRED
        return context


class TestAddresses:
    def test_host_of_the_file_may_be_a_private_one_and_its_neighbour_not(
        self, run, registry, make_client, hosts_dir, call
    ):
        pushed = registry.push_image("team/app", "v1")
        with registry.serve() as address:
            client = make_client(hosts_dir=hosts_dir(f'[host."http://{address}"]\n'))
            assert run(client.manifest(IMAGE, call)).digest == pushed.digest
            with pytest.raises(ImageError) as caught:
                run(client.manifest(parse(f"{address.replace('127.0.0.1', '127.0.0.2')}/team/app:v1"), call))
        assert caught.value.reason is Reason.ADDRESS_REFUSED

    def test_literal_of_ipv6_is_a_mirror_as_any_other(self, run, registry, make_client, hosts_dir, call):
        pushed = registry.push_image("team/app", "v1")
        with ipv6(registry) as address:
            client = make_client(hosts_dir=hosts_dir(f'[host."http://{address}"]\n'))
            found = run(client.manifest(IMAGE, call))
        assert (found.digest, found.host) == (pushed.digest, address)


@contextlib.contextmanager
def ipv6(registry):
    """The simulator at `[::1]:PORT`."""
    with registry.serve() as address, socket.socket(socket.AF_INET6) as listener:
        try:
            listener.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
        listener.listen()
        thread = threading.Thread(target=_relay, args=(listener, address), daemon=True)
        thread.start()
        yield f"[::1]:{listener.getsockname()[1]}"


def _relay(listener, address):
    """One request at a time."""
    host, _, port = address.rpartition(":")
    with contextlib.suppress(OSError):
        taken, _ = listener.accept()
        with taken, socket.create_connection((host, int(port))) as there:
            there.sendall(taken.recv(65536))
            taken.sendall(there.recv(65536))
            taken.sendall(there.recv(65536))
