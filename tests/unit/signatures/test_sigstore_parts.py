"""The parts of sigstore's client that are not its public interface are where they were, and mean what they did."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import replace

import pytest

from provider.signatures.evidence import keyring, sigstore_parts
from provider.signatures.evidence.sigstore_parts import VerificationError
from provider.signatures.formats.bundle_format import read
from provider.signatures.trust import public_good, trust_root
from provider.signatures.trust.transparency_log import TransparencyLog
from tests.simulators.signing import NOW, canonical


@pytest.fixture
def entry(case):
    return read(canonical(case.bundle())).entries[0]


def keys(case, **changes):
    return keyring.LogKeys([replace(log, **changes) for log in case.root.logs])


def test_inclusion_is_verified_with_the_checkpoint(case, entry):
    sigstore_parts.verify_inclusion(entry, entry.proof, keys(case))
    other = replace(entry.proof, root=hashlib.sha256(b"").digest())
    with pytest.raises(VerificationError):
        sigstore_parts.verify_inclusion(entry, other, keys(case))
    with pytest.raises(VerificationError):
        sigstore_parts.verify_inclusion(replace(entry, body=b"other"), entry.proof, keys(case))
    with pytest.raises(VerificationError):
        sigstore_parts.verify_inclusion(entry, entry.proof, keyring.LogKeys([]))


def test_sct_is_verified_against_the_logs_given(case):
    path = [case.world.ca.certificate, case.world.ca.root]
    sigstore_parts.verify_sct(case.ann.certificate, path, keyring.LogKeys(case.root.ct_logs))
    with pytest.raises(VerificationError):
        sigstore_parts.verify_sct(case.ann.certificate, path, keyring.LogKeys(case.root.logs))
    with pytest.raises(VerificationError):
        sigstore_parts.verify_sct(case.ann.certificate, path[::-1], keyring.LogKeys(case.root.ct_logs))


def test_log_is_found_by_its_id_alone_and_only_while_it_is_believed(case):
    log: TransparencyLog = case.root.logs[0]
    data = b"data"
    signature = case.world.log.key.sign(data, _ecdsa())
    keyring.LogKeys([log], [NOW]).verify(key_id=log.key_id, signature=signature, data=data)
    with pytest.raises(VerificationError, match="no log of this id"):
        keyring.LogKeys([log]).verify(key_id=b"\0" * 32, signature=signature, data=data)
    with pytest.raises(VerificationError, match="no log of this id"):
        keyring.LogKeys([log], [NOW - dt.timedelta(days=901)]).verify(key_id=log.key_id, signature=signature, data=data)


def test_public_good_trust_root_is_shipped_and_in_force():
    root = trust_root.read(public_good.trusted_root())
    assert root.usable(NOW)
    assert len(root.authorities) >= 1
    assert {log.url for log in root.logs} >= {"https://rekor.sigstore.dev"}
    assert root.ct_logs
    assert root.timestamp_authorities


def _ecdsa():
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    return ec.ECDSA(hashes.SHA256())
