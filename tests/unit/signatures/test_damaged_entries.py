"""One entry beside a good one, damaged everywhere in every way: the good one is found."""

from __future__ import annotations

import copy
import json

import pytest

from provider.registry.content import media_types
from tests.unit.signatures.test_verifier import BUNDLE, EMPTY, REPOSITORY, bundles, here, root_file

__all__ = ["here", "root_file"]

VALUES = (None, True, 7, -1, 1.5, "", "x", [], [None], {}, {"a": 1, "A": 2}, "\ud800", "\0\n", 10**400, "A" * 100_000)


def paths(value, path=()):
    """The path of everything in a document."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in children:
        yield (*path, name)
        yield from paths(child, (*path, name))


def damaged(document):
    """The document, with another value at each place; and other values instead of it."""
    for path in paths(document):
        for value in VALUES:
            changed = copy.deepcopy(document)
            *parents, last = path
            place = changed
            for name in parents:
                place = place[name]
            place[last] = value
            yield changed
    yield from VALUES


def test_layer_of_signatures(here):
    one, good = here.unlike(2)
    more = {"platform": {"os": "linux", "architecture": "amd64"}, "artifactType": "x", "urls": ["u"]}
    for bad in damaged(one | more):
        here.attach([bad, good])
        here.clock.advance(31)
        assert here.prove(here.key()).proofs


def test_entry_of_referrers(here):
    good, one = (
        here.refer(here.signing.bundle(here.digest, here.signing.key, entry=None), notes={"number": number})
        for number in "12"
    )
    more = {"artifactType": BUNDLE, "annotations": {"a": "b"}, "platform": {"os": "linux"}}
    for bad in damaged({"mediaType": one.media_type, "digest": one.digest, "size": one.size} | more):
        entry = {"mediaType": good.media_type, "digest": good.digest, "size": good.size}
        listed = {"schemaVersion": 1, "mediaType": media_types.OCI_INDEX, "manifests": [bad, entry]}
        here.registry.heal()
        headers = {"Content-Type": media_types.OCI_INDEX}
        here.registry.fail("referrer", 200, headers=headers, body=json.dumps(listed).encode())
        here.clock.advance(31)
        assert here.prove(bundles(here.key())).proofs


@pytest.mark.parametrize("what", ["manifest", "bundle"])
def test_bundle_beside_a_good_one(here, what):
    good = here.refer(here.signing.bundle(here.digest, here.signing.key, entry=None))
    bundle = here.signing.bundle(here.digest, here.signing.key)
    digest = here.registry.push_blob(REPOSITORY, json.dumps(bundle).encode())
    manifest = {
        "schemaVersion": 2,
        "mediaType": media_types.OCI_MANIFEST,
        "artifactType": BUNDLE,
        "config": EMPTY,
        "layers": [{"mediaType": BUNDLE, "digest": digest, "size": len(json.dumps(bundle))}],
        "subject": {"mediaType": media_types.OCI_MANIFEST, "digest": here.digest, "size": 1},
        "annotations": {"a": "b"},
    }
    for bad in damaged(manifest if what == "manifest" else bundle):
        body = json.dumps(bad).encode()
        push = here.registry.push_manifest
        pushed = push(REPOSITORY, None, body) if what == "manifest" else here.refer(body)
        here.list_referrers(pushed, good, artifactType=BUNDLE)
        here.clock.advance(31)
        assert here.prove(bundles(here.key())).proofs
