"""Whom registries must be certified by."""

import errno
import os
import ssl
from pathlib import Path

import certifi
import pytest
import trustme

from provider import limits
from provider.errors import SettingsError
from provider.registry.transport.ca_bundle import CABundle


@pytest.fixture(scope="module")
def authorities():
    """Three of them, as PEM."""
    return [trustme.CA().cert_pem.bytes() for _ in range(3)]


@pytest.fixture
def system(tmp_path, monkeypatch, authorities):
    """The machine's own file: it has the first."""
    path = tmp_path / "system.pem"
    path.write_bytes(authorities[0])
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return path


@pytest.fixture
def ca_file(tmp_path, authorities):
    """The administrator's file: it has the second."""
    path = tmp_path / "ca.pem"
    path.write_bytes(authorities[1])
    return path


@pytest.fixture
def make_bundle(clock, observer, system):
    bundles = []

    def make(ca_file=None):
        bundles.append(CABundle(ca_file, clock, observer.registry_ca_rejected, observer.unusable.extend))
        return bundles[-1]

    yield make
    for bundle in bundles:
        bundle.close()


def replace(path, content):
    """As Kubernetes does: another file under the same name."""
    new = path.with_name("new")
    new.write_bytes(content)
    new.replace(path)


def open_descriptors():
    """How many there are."""
    return len(list(Path("/proc/self/fd").iterdir()))


def read(path):
    return Path(path).read_bytes()


class TestContent:
    def test_systems_authorities_are_believed(self, make_bundle, authorities):
        assert read(make_bundle().path()) == authorities[0]

    def test_those_of_the_file_are_believed_beside_them(self, make_bundle, ca_file, authorities):
        content = read(make_bundle(ca_file).path())
        assert authorities[0] in content
        assert authorities[1] in content
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=content.decode())
        assert len(context.get_ca_certs()) == 2

    def test_system_without_a_file_of_its_own_has_those_of_certifi(self, make_bundle, monkeypatch, tmp_path):
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))
        monkeypatch.setattr("provider.registry.transport.ca_bundle._SYSTEM", ())
        paths = ssl.get_default_verify_paths()
        monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths._replace(cafile=None))
        assert read(make_bundle().path()) == Path(certifi.where()).read_bytes()

    @pytest.mark.parametrize("comment", ["# Főtanúsítvány\n", "\n\n# Issuer: CN=x\n"])
    def test_comments_in_any_language_are_no_fault(self, make_bundle, ca_file, authorities, comment):
        ca_file.write_bytes(comment.encode() + authorities[1])
        assert authorities[1] in read(make_bundle(ca_file).path())

    @pytest.mark.parametrize(
        "content",
        [
            None,
            b"",
            b" \n",
            b"no certificate",
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            b"-----BEGIN CERTIFICATE-----\n" + "é".encode() + b"\n-----END CERTIFICATE-----\n",
            b"x" * (limits.CA_FILE_BYTES + 1),
        ],
    )
    def test_file_without_authorities_is_a_problem_of_the_settings(self, make_bundle, tmp_path, content):
        path = tmp_path / "wrong.pem"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(SettingsError, match=r"registry_ca .*wrong\.pem"):
            make_bundle(path)

    def test_file_that_is_not_there_is_named_with_the_systems_words(self, make_bundle, tmp_path):
        with pytest.raises(SettingsError) as caught:
            make_bundle(tmp_path / "none.pem")
        assert caught.value.problems == (
            f"registry_ca {tmp_path / 'none.pem'}: cannot read it: No such file or directory",
        )

    def test_certificate_under_openssls_older_label_is_believed(self, make_bundle, ca_file, authorities, observer):
        older = authorities[1].replace(b"BEGIN CERT", b"BEGIN X509 CERT").replace(b"END CERT", b"END X509 CERT")
        for content in (older, older + authorities[2][:200]):
            ca_file.write_bytes(content)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(make_bundle(ca_file).path())
            assert len(context.get_ca_certs()) == 2
        assert observer.unusable == [f"registry_ca {ca_file}: certificate 2 of 2 cannot be read"]

    @pytest.mark.parametrize("bad", [b"AAAA", "é".encode(), b""])
    def test_certificate_that_cannot_be_read_is_named_and_those_beside_it_are_believed(
        self, make_bundle, ca_file, authorities, observer, bad
    ):
        damaged = b"-----BEGIN CERTIFICATE-----\n" + bad + b"\n-----END CERTIFICATE-----\n"
        ca_file.write_bytes(authorities[1] + damaged + authorities[2])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(make_bundle(ca_file).path())
        assert len(context.get_ca_certs()) == 3
        assert observer.unusable == [f"registry_ca {ca_file}: certificate 2 of 3 cannot be read"]

    def test_certificate_that_is_cut_short_is_named_and_those_before_it_are_believed(
        self, make_bundle, ca_file, authorities, observer
    ):
        ca_file.write_bytes(authorities[1] + authorities[2][:200])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(make_bundle(ca_file).path())
        assert len(context.get_ca_certs()) == 2
        assert observer.unusable == [f"registry_ca {ca_file}: certificate 2 of 2 cannot be read"]


class TestReload:
    def test_what_could_not_be_read_for_now_is_read_again(
        self, make_bundle, ca_file, authorities, observer, monkeypatch
    ):
        bundle = make_bundle(ca_file)
        before = bundle.path()
        replace(ca_file, authorities[2])

        def none_left(*_, **__):
            raise OSError(errno.EMFILE, "Too many open files")

        with monkeypatch.context() as moment:
            moment.setattr(Path, "open", none_left)
            bundle.look()
            bundle.look()
        assert len(observer.rejected) == 1
        assert bundle.path() == before
        bundle.look()
        assert authorities[2] in Path(bundle.path()).read_bytes()

    def test_replacement_that_is_bad_is_told_without_being_asked_for(self, make_bundle, ca_file, observer):
        bundle = make_bundle(ca_file)
        replace(ca_file, b"")
        bundle.look()
        assert len(observer.rejected) == 1

    def test_replaced_file_is_another_path_with_its_content(self, make_bundle, ca_file, authorities, clock):
        """libcurl keeps what it has read by the path."""
        bundle = make_bundle(ca_file)
        before = bundle.path()
        replace(ca_file, authorities[2])
        clock.advance(limits.CA_FILE_SECONDS)
        after = bundle.path()
        assert after != before
        assert authorities[2] in read(after)
        assert authorities[1] not in read(after)

    def test_systems_file_is_looked_at_as_well(self, make_bundle, system, authorities, clock):
        bundle = make_bundle()
        before = bundle.path()
        replace(system, authorities[2])
        clock.advance(limits.CA_FILE_SECONDS)
        assert read(bundle.path()) == authorities[2]
        assert bundle.path() != before

    def test_file_is_looked_at_now_and_then_only(self, make_bundle, ca_file, authorities, clock):
        bundle = make_bundle(ca_file)
        before = bundle.path()
        replace(ca_file, authorities[2])
        clock.advance(limits.CA_FILE_SECONDS - 0.1)
        assert bundle.path() == before

    def test_file_that_was_only_touched_keeps_its_path(self, make_bundle, ca_file, authorities, clock):
        bundle = make_bundle(ca_file)
        before = bundle.path()
        replace(ca_file, authorities[1])
        clock.advance(limits.CA_FILE_SECONDS)
        assert bundle.path() == before

    def test_every_path_is_another_one_and_none_gets_long(self, make_bundle, ca_file, authorities, clock):
        bundle = make_bundle(ca_file)
        paths = [bundle.path()]
        for number in range(300):
            replace(ca_file, authorities[1 + number % 2] + b"# %d\n" % number)
            clock.advance(limits.CA_FILE_SECONDS)
            paths.append(bundle.path())
        assert len(set(paths)) == 301
        assert max(map(len, paths)) < 100

    def test_path_that_was_given_is_still_there_after_the_next_replacement(
        self, make_bundle, ca_file, authorities, clock
    ):
        """A connection may have been given it just before, and read it just after."""
        bundle = make_bundle(ca_file)
        before = bundle.path()
        content = read(before)
        replace(ca_file, authorities[2])
        clock.advance(limits.CA_FILE_SECONDS)
        bundle.path()
        assert read(before) == content

    def test_descriptors_do_not_add_up(self, make_bundle, ca_file, authorities, clock):
        bundle = make_bundle(ca_file)
        bundle.path()
        before = open_descriptors()
        for number in range(20):
            replace(ca_file, authorities[1] + b"# %d\n" % number)
            clock.advance(limits.CA_FILE_SECONDS)
            bundle.path()
        assert open_descriptors() <= before + 1
        bundle.close()
        assert open_descriptors() == before - 1

    @pytest.mark.parametrize("content", [b"", b"half a fi", b"-----BEGIN CERTIFICATE-----\nMIIB"])
    def test_replacement_that_is_bad_changes_nothing_and_is_told_once(
        self, make_bundle, ca_file, authorities, clock, observer, content
    ):
        bundle = make_bundle(ca_file)
        before = bundle.path()
        replace(ca_file, content)
        for _ in range(3):
            clock.advance(limits.CA_FILE_SECONDS)
            assert bundle.path() == before
        assert authorities[1] in read(before)
        [problem] = observer.rejected
        assert "ca.pem" in problem

    def test_file_that_vanishes_changes_nothing_and_is_told(self, make_bundle, ca_file, clock, observer):
        bundle = make_bundle(ca_file)
        before = bundle.path()
        ca_file.unlink()
        clock.advance(limits.CA_FILE_SECONDS)
        assert bundle.path() == before
        assert len(observer.rejected) == 1

    def test_systems_file_that_vanishes_changes_nothing_and_is_told(self, make_bundle, system, clock, observer):
        """As it does for a moment when the system's package is updated."""
        bundle = make_bundle()
        before = bundle.path()
        system.unlink()
        clock.advance(limits.CA_FILE_SECONDS)
        assert bundle.path() == before
        assert len(observer.rejected) == 1

    def test_good_file_after_a_bad_one_is_believed(self, make_bundle, ca_file, authorities, clock):
        bundle = make_bundle(ca_file)
        replace(ca_file, b"")
        clock.advance(limits.CA_FILE_SECONDS)
        bundle.path()
        replace(ca_file, authorities[2])
        clock.advance(limits.CA_FILE_SECONDS)
        assert authorities[2] in read(bundle.path())


class TestMemoryFile:
    def test_bundle_lies_in_memory_for_a_pods_file_system_is_read_only(self, make_bundle, ca_file):
        path = make_bundle(ca_file).path()
        assert path.startswith("/proc/self/fd/")
        assert "memfd:" in str(Path(path).readlink())

    def test_bundle_is_kept_from_programs_that_we_start(self, make_bundle):
        descriptor = int(make_bundle().path().rpartition("/")[2])
        assert not os.get_inheritable(descriptor)

    def test_nothing_is_written_before_it_is_asked_for(self, make_bundle):
        before = open_descriptors()
        make_bundle()
        assert open_descriptors() == before
