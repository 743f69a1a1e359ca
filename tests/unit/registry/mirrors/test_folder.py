"""The folder of `hosts.toml` files, and when it is read again."""

import shutil
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from provider import limits
from provider.registry.mirrors.host import UPSTREAM
from provider.registry.origin import Origin

MIRROR = '[host."https://mirror.io"]\n'


def names(hosts, registry="reg.io"):
    return [host.name(registry) for host in hosts]


class TestWhichFolder:
    @pytest.mark.parametrize(
        ("folder", "registry"),
        [
            ("reg.io", "reg.io"),
            ("reg.io_5000_", "reg.io:5000"),
            ("reg.io:5000", "reg.io:5000"),
            ("docker.io", "index.docker.io"),
            ("[::1]_5000_", "[::1]:5000"),
            ("[::1]:5000", "[::1]:5000"),
            ("192.0.2.1_5000_", "192.0.2.1:5000"),
            ("_default", "reg.io"),
            ("_default", "reg.io:5000"),
        ],
    )
    def test_registry_has_the_hosts_of_its_folder(self, write, make_folder, folder, registry):
        write(folder, MIRROR)
        assert names(make_folder().of(registry), registry) == ["mirror.io", registry]

    @pytest.mark.parametrize(
        ("folder", "registry"),
        [("reg.io", "reg.io:5000"), ("reg.io_5000_", "reg.io"), ("reg.io", "sub.reg.io"), (".hidden", "reg.io")],
    )
    def test_other_registrys_folder_says_nothing(self, write, make_folder, folder, registry):
        write(folder, MIRROR)
        assert make_folder().of(registry) == UPSTREAM

    def test_underscores_come_before_the_colon_and_both_before_the_default(self, write, make_folder):
        for name in ("_default", "reg.io:5000", "reg.io_5000_"):
            write(name, f'[host."https://{name.strip("_").replace(":", "-").replace("_", ".")}.mirror.io"]\n')
        assert names(make_folder().of("reg.io:5000"))[0] == "reg.io.5000.mirror.io"

    def test_registry_with_a_folder_of_its_own_has_not_the_default(self, write, make_folder):
        write("_default", MIRROR)
        write("reg.io", "", "ca.txt")
        assert names(make_folder().of("reg.io")) == ["reg.io"]

    def test_hosts_of_all_files_are_named_and_no_others(self, write, make_folder):
        write("reg.io", f'server = "http://server.lab:8080"\n{MIRROR}')
        folder = make_folder()
        assert folder.names(Origin("https", "mirror.io", 443))
        assert folder.names(Origin("http", "server.lab", 8080))
        for other in (
            Origin("http", "mirror.io", 80),
            Origin("https", "mirror.io", 8443),
            Origin("https", "reg.io", 443),
        ):
            assert not folder.names(other)


class TestChanges:
    def test_file_that_is_written_later_comes_into_force(self, write, make_folder):
        write("other.io", MIRROR)
        folder = make_folder()
        write("reg.io", MIRROR)
        folder.look()
        assert names(folder.of("reg.io")) == ["mirror.io", "reg.io"]

    def test_file_that_is_replaced_comes_into_force(self, write, make_folder):
        write("reg.io", MIRROR)
        folder = make_folder()
        write("reg.io", '[host."https://another.io"]\n')
        folder.look()
        assert names(folder.of("reg.io")) == ["another.io", "reg.io"]
        assert not folder.names(Origin("https", "mirror.io", 443))

    def test_configmap_that_is_swapped_comes_into_force(self, tmp_path, make_folder):
        root = tmp_path / "certs.d"
        for version in ("..1", "..2"):
            (root / version / "reg.io").mkdir(parents=True)
            (root / version / "reg.io" / "hosts.toml").write_text(f'[host."https://v{version[2:]}.io"]\n')
        (root / "..data").symlink_to("..1")
        (root / "reg.io").symlink_to("..data/reg.io")
        folder = make_folder()
        assert names(folder.of("reg.io"))[0] == "v1.io"
        (root / "..new").symlink_to("..2")
        (root / "..new").replace(root / "..data")
        folder.look()
        assert names(folder.of("reg.io"))[0] == "v2.io"

    def test_file_that_is_gone_is_in_force_no_more(self, write, make_folder):
        path = write("reg.io", MIRROR)
        folder = make_folder()
        path.unlink()
        folder.look()
        assert names(folder.of("reg.io")) == ["reg.io"]
        shutil.rmtree(path.parent)
        folder.look()
        assert folder.of("reg.io") == UPSTREAM

    def test_file_that_cannot_be_used_keeps_the_one_before(self, write, make_folder, observer):
        write("reg.io", MIRROR)
        folder = make_folder()
        path = write("reg.io", "server = ")
        folder.look()
        assert names(folder.of("reg.io")) == ["mirror.io", "reg.io"]
        ((setting, problem),) = observer.files_rejected
        assert setting == "hosts_dir"
        assert str(path.parent) in problem
        assert folder.problems == [problem]
        write("reg.io", MIRROR)
        folder.look()
        assert folder.problems == []

    def test_nothing_is_read_or_told_again_without_a_change(self, write, make_folder, observer):
        write("reg.io", "server = ")
        write("other.io", MIRROR + "speed = 3\n")
        folder = make_folder()
        before = (list(observer.files_rejected), list(observer.unusable))
        folder.look()
        assert (observer.files_rejected, observer.unusable) == before

    def test_folder_that_vanishes_keeps_what_was_read(self, write, make_folder, tmp_path, observer):
        write("reg.io", MIRROR)
        folder = make_folder()
        (tmp_path / "certs.d").rename(tmp_path / "away")
        folder.look()
        folder.look()
        assert names(folder.of("reg.io")) == ["mirror.io", "reg.io"]
        assert len(observer.files_rejected) == 1


class TestFaults:
    def test_file_of_ten_megabytes_is_not_read(self, write, make_folder):
        write("reg.io", "# " + "x" * 10 * limits.MIB)
        write("other.io", MIRROR)
        folder = make_folder()
        assert f"it has more than {limits.HOSTS_FILE_BYTES} bytes" in folder.problems[0]
        assert names(folder.of("reg.io")) == ["reg.io"]
        assert names(folder.of("other.io"), "other.io") == ["mirror.io", "other.io"]

    def test_folder_that_is_not_there_is_said(self, make_folder):
        folder = make_folder()
        assert "cannot read it: No such file or directory" in folder.problems[0]
        assert folder.of("reg.io") == UPSTREAM

    def test_file_that_is_a_folder_is_said(self, write, make_folder):
        write("reg.io/hosts.toml", "x", "y")
        assert "hosts.toml: cannot read it: Is a directory" in make_folder().problems[0]

    def test_folders_have_a_number(self, write, make_folder, monkeypatch):
        monkeypatch.setattr(limits, "HOST_FOLDERS", 2)
        for number in range(3):
            write(f"reg{number}.io", MIRROR)
        assert "it has 3 folders, more than 2" in make_folder().problems[0]

    def test_entries_that_are_passed_over_are_told(self, write, make_folder, observer):
        write("reg.io", MIRROR + "speed = 3\n")
        make_folder()
        assert "reg.io: host 'https://mirror.io': 'speed' is no field" in observer.unusable[-1]


class TestTLS:
    @pytest.fixture
    def pems(self, write):
        """Writes an authority and a client's certificate into a registry's folder."""
        authority = trustme.CA()
        client = authority.issue_cert("client.test")
        chain = client.cert_chain_pems[0].bytes().decode()
        key = client.private_key_pem.bytes().decode()
        write("reg.io", authority.cert_pem.bytes().decode(), "ca.crt")
        write("reg.io", chain, "client.cert")
        write("reg.io", key, "client.key")
        write("reg.io", chain + key, "both.pem")
        return authority

    def read(self, connection):
        return Path(connection.ca_path()).read_bytes()

    def test_without_a_hosts_toml_the_certificates_are_those_of_docker(self, pems, make_folder, tmp_path):
        (host,) = make_folder().of("reg.io")
        assert pems.cert_pem.bytes().strip() in self.read(host.connection)
        assert host.connection.key_pair.certificate == tmp_path / "certs.d" / "reg.io" / "client.cert"
        assert host.connection.key_pair.key == tmp_path / "certs.d" / "reg.io" / "client.key"
        assert host.origin is None

    def test_first_client_certificate_that_can_be_used_is_shown(self, pems, write, make_folder, observer):
        write("reg.io", f'{MIRROR}client = ["ca.crt", "both.pem"]\n')
        host = make_folder().of("reg.io")[0]
        assert host.connection.key_pair.certificate.name == "both.pem"
        assert "ca.crt: it is no certificate with its key" in observer.unusable[-1]

    def test_key_with_a_passphrase_is_asked_of_nobody(self, pems, write, make_folder, observer, tmp_path):
        path = tmp_path / "certs.d" / "reg.io" / "client.key"
        key = serialization.load_pem_private_key(path.read_bytes(), None)
        locked = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"hunter2"),
        )
        path.write_bytes(locked)
        (host,) = make_folder().of("reg.io")
        assert host.connection.key_pair is None
        assert "client.cert: it is no certificate with its key" in observer.unusable[-1]

    def test_authorities_that_cannot_be_read_are_told_and_nobody_is_believed_more(self, write, make_folder, observer):
        write("reg.io", f'{MIRROR}ca = ["missing.pem", "junk.pem"]\n')
        write("reg.io", "junk", "junk.pem")
        host = make_folder().of("reg.io")[0]
        assert b"junk" not in self.read(host.connection)
        assert "missing.pem: cannot read it" in observer.unusable[-1]
        assert "junk.pem: it has no PEM certificate" in observer.unusable[-1]

    def test_authority_that_is_replaced_is_believed_and_the_one_before_no_more(self, pems, write, make_folder):
        folder = make_folder()
        before = self.read(folder.of("reg.io")[0].connection)
        other = trustme.CA().cert_pem.bytes()
        write("reg.io", other.decode(), "ca.crt")
        folder.look()
        after = self.read(folder.of("reg.io")[0].connection)
        assert other.strip() in after
        assert pems.cert_pem.bytes().strip() in before
        assert pems.cert_pem.bytes().strip() not in after

    def test_file_elsewhere_that_is_replaced_is_seen(self, write, make_folder, tmp_path):
        (tmp_path / "ca.pem").write_bytes(trustme.CA().cert_pem.bytes())
        write("reg.io", f'{MIRROR}ca = "{tmp_path}/ca.pem"\n')
        folder = make_folder()
        other = trustme.CA().cert_pem.bytes()
        (tmp_path / "ca.pem").write_bytes(other)
        folder.look()
        assert other.strip() in self.read(folder.of("reg.io")[0].connection)

    def test_two_bundles_never_have_the_same_path(self, pems, write, make_folder):
        write("other.io", trustme.CA().cert_pem.bytes().decode(), "ca.crt")
        folder = make_folder()
        paths = {folder.of(name)[0].connection.ca_path() for name in ("reg.io", "other.io")}
        assert len(paths) == 2

    @pytest.mark.parametrize(
        ("folder", "text", "verified"),
        [
            ("reg.io", "skip_verify = true\n", [False]),
            ("reg.io", f"{MIRROR}skip_verify = true\n", [False, True]),
            ("_default", f"{MIRROR}skip_verify = true\n", [False, True]),
            ("_default", 'server = "https://mirror.io"\nskip_verify = true\n', [False]),
            ("_default", "skip_verify = true\n", [True]),
        ],
    )
    def test_certificates_are_not_looked_at_of_hosts_by_name_only(
        self, write, make_folder, observer, folder, text, verified
    ):
        write(folder, text)
        found = make_folder().of("reg.io")
        assert [host.connection is None or host.connection.verify for host in found] == verified
        told = "`skip_verify` is for hosts by name" in observer.unusable[-1]
        assert told == ((folder, text) == ("_default", "skip_verify = true\n"))

    @pytest.mark.parametrize(
        ("folder", "text", "sent"),
        [
            ("reg.io", "", [True]),
            ("_default", 'server = "https://mirror.io"\n', [True]),
            ("_default", MIRROR, [False, True]),
            ("_default", "", [False]),
        ],
    )
    def test_headers_are_sent_to_hosts_by_name_only(self, write, make_folder, observer, folder, text, sent):
        write(folder, f'{text}header.Authorization = "Basic secret"\n')
        found = make_folder().of("evil.example" if folder == "_default" else "reg.io")
        assert [bool(host.headers) for host in reversed(found)] == sent
        assert ("`header` is for hosts by name" in str(observer.unusable)) == ((folder, text) == ("_default", ""))
        assert "secret" not in str(observer.unusable)

    @pytest.fixture
    def pair(self, tmp_path):
        """A file with a client's certificate and its key."""
        client = trustme.CA().issue_cert("client.test")
        path = tmp_path / "pair.pem"
        path.write_bytes(client.private_key_and_cert_chain_pem.bytes())
        return path

    @pytest.mark.parametrize(
        ("folder", "text", "shown"),
        [
            ("reg.io", "", [True]),
            ("_default", 'server = "https://mirror.io"\n', [True]),
            ("_default", MIRROR, [False, True]),
            ("_default", "", [False]),
        ],
    )
    def test_certificate_is_shown_to_hosts_by_name_only(self, write, make_folder, observer, pair, folder, text, shown):
        write(folder, f'{text}client = "{pair}"\n')
        found = make_folder().of("evil.example" if folder == "_default" else "reg.io")
        assert [bool(host.connection and host.connection.key_pair) for host in reversed(found)] == shown
        [told] = [one for one in observer.unusable if "`client` is for hosts by name" in str(one)] or [None]
        assert (told is not None) == ((folder, text) == ("_default", ""))

    def test_certificate_beside_a_default_without_a_file_is_shown_to_nobody(self, write, make_folder, observer, pair):
        for name in ("client.cert", "client.key"):
            write("_default", pair.read_text(), name)
        [host] = make_folder().of("evil.example")
        assert host.connection is None or host.connection.key_pair is None
        assert "`client` is for hosts by name" in str(observer.unusable)

    def test_file_of_one_registry_that_breaks_the_reader_spoils_no_other(self, write, make_folder):
        write("a.io", "x = " + "1" * 5_000)
        write("reg.io", MIRROR)
        assert len(make_folder().of("reg.io")) == 2
