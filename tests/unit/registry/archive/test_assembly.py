"""The shared store is built of settings: everything that is wrong with its files is said at the start."""

import subprocess
import sys

import pytest
import trustme

from provider.cache.shared.settings import StoreSettings
from provider.errors import SettingsError
from provider.observer import NullObserver
from provider.registry.archive import assembly
from provider.registry.archive.assembly import assemble_archive
from tests.simulators.clock import FakeClock

ADDRESSES = (("store.test", 6379),)


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "store.key"
    path.write_bytes(b"k" * 32)
    return path


def assembled(observer=None, **settings):
    return assemble_archive(StoreSettings(ADDRESSES, **settings), FakeClock(), observer or NullObserver(), 30.0)


def problems(**settings):
    with pytest.raises(SettingsError) as caught:
        assembled(**settings)
    return caught.value.problems


def test_nothing_is_sent_and_files_are_looked_at(key, tmp_path):
    password = tmp_path / "password"
    password.write_text("secret\n")
    assert len(assembled(key_file=key, password_file=password).looks) == 2


def test_everything_that_is_wrong_is_said_at_once(tmp_path):
    empty, short, latin = (tmp_path / name for name in ("empty", "short", "latin"))
    empty.write_text("\n")
    short.write_text("short")
    latin.write_bytes(b"\xff\xfe")
    found = problems(
        key_file=short, password_file=empty, sentinel_password_file=latin, ca_file=tmp_path / "none", cert_file=short
    )
    assert found == (
        f"store_key: {short}: its key has 5 bytes, and needs 32 at least",
        f"store_password: {empty}: it is empty",
        f"store_sentinel_password: {latin}: it is no text",
        f"store_ca: {tmp_path}/none: cannot be used: No such file or directory",
        "store_cert, store_cert_key: both, or none of them",
    )


def test_certificate_that_is_none_is_named(key, tmp_path):
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    assert problems(key_file=key, ca_file=broken)[0].startswith(f"store_ca: {broken}: cannot be used")
    assert problems(key_file=key, cert_file=broken, cert_key_file=broken)[0].startswith(f"store_cert: {broken}: cannot")


def test_certificates_that_are_good_are_taken(key, tmp_path):
    authority = trustme.CA()
    certificate = authority.issue_cert("bestbefore.test")
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    certificate.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "own.pem"))
    own = tmp_path / "own.pem"
    assembled(key_file=key, tls=True, ca_file=tmp_path / "ca.pem", cert_file=own, cert_key_file=own)


def test_key_that_is_replaced_by_none_stays_in_force(key):
    rejected = []

    class Observer(NullObserver):
        def file_rejected(self, setting, name, problem):
            rejected.append((str(setting), problem))

    looks = assembled(Observer(), key_file=key).looks
    key.write_text("short")
    for look in looks:
        look()
    assert rejected == [("store_key", f"store_key: {key}: its key has 5 bytes, and needs 32 at least")]


def test_missing_library_is_a_sentence(key, monkeypatch):
    monkeypatch.setitem(sys.modules, "redis", None)
    monkeypatch.delitem(sys.modules, "provider.cache.shared.redis_store", raising=False)
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    assert problems(key_file=key) == (assembly.WITHOUT_LIBRARY,)


def test_who_shares_nothing_does_not_load_the_library():
    script = (
        "import sys; from provider.clock import SystemClock; import provider.images.assembly as a;"
        "from provider.registry.settings import RegistrySettings;"
        "a.assemble(RegistrySettings(), SystemClock()); sys.exit('redis' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
