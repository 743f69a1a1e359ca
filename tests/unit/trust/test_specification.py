"""What TrustRoot objects say, and the webhook's words for what is wrong with them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from gatekeeper.trust import specification
from gatekeeper.trust.specification import Inline, PackedMirror, Repository, TufMirror

ROOT = json.dumps({"signatures": [], "signed": {"version": 5, "keys": {}}}).encode()


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def read(spec: Any) -> tuple[Any, list[str]]:
    source, problems = specification.read({"kind": "TrustRoot", "metadata": {"name": "own"}, "spec": spec})
    return source, [f"{problem.path}: {problem.text}" for problem in problems]


def refused(spec: Any) -> str:
    source, problems = read(spec)
    assert source is None
    return "\n".join(problems)


def remote(**fields: Any) -> dict[str, Any]:
    return {"remote": {"mirror": "https://tuf.example.test", "root": b64(ROOT), **fields}}


def old_root(version: int = 4, expires: str = "2022-05-11T19:09:02Z", public: str = "04cb") -> bytes:
    """As sigstore's first ones: keys in hexadecimal, or an end with fractions of seconds."""
    keys = {"x": {"keytype": "ecdsa-sha2-nistp256", "keyval": {"public": public}}}
    return json.dumps({"signatures": [], "signed": {"version": version, "expires": expires, "keys": keys}}).encode()


def test_each_form_says_where_the_root_is_from() -> None:
    assert read(remote()) == (TufMirror("https://tuf.example.test", Repository(ROOT)), [])
    named = remote(trustedRootTarget="tenant.trusted_root.json", targets="keys", mirror="https://h.test:8443/a/b")
    assert read(named)[0] == TufMirror("https://h.test:8443/a/b", Repository(ROOT, "tenant.trusted_root.json", "keys"))
    packed = {"repository": {"root": b64(ROOT), "mirrorFS": b64(b"x")}}
    assert read(packed)[0] == PackedMirror(b"x", Repository(ROOT))
    assert read({"trustedRootJSON": b64(b"{}")})[0] == Inline(b"{}", "trustedRootJSON")
    keys = read({"sigstoreKeys": {"certificateAuthorities": [{}]}})[0]
    assert json.loads(keys.body)["metadata"] == {"name": "own"}


def test_base64_may_stand_in_lines() -> None:
    text = "\n".join(b64(ROOT)[start : start + 10] for start in range(0, len(b64(ROOT)), 10)) + "\r\n"
    assert read(remote(root=text))[0].repository.root == ROOT


@pytest.mark.parametrize("spec", [None, {}, [], "x", {"remote": None}])
def test_object_without_a_source_is_refused(spec: Any) -> None:
    named = "spec.remote, spec.repository, spec.sigstoreKeys, spec.trustedRootJSON"
    assert refused(spec) == f"spec: expected exactly one, got neither: {named}"


def test_object_with_two_sources_is_refused_as_nobody_knows_which_it_means() -> None:
    assert "expected exactly one, got both: spec.remote, spec.rep" in refused({**remote(), "repository": {}})


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        (remote(mirror=""), "spec.remote.mirror: missing field(s): spec.remote.mirror"),
        (remote(root=""), "spec.remote.root: missing field(s): spec.remote.root"),
        (remote(root="%%%"), "expected base64"),
        (remote(root=b64(b"{")), "invalid value: failed to unmarshal: spec.remote.root"),
        (remote(root=b64(b"[]")), "invalid value: missing signatures in root.json: spec.remote.root\nno signatures"),
        (remote(root=b64(b"{}")), "invalid value: missing signatures in root.json: spec.remote.root\nno signatures"),
        (remote(root=b64(b" " * 600_000)), "a root may have 512000 bytes at most"),
        (remote(mirrors="x"), "this field is not known"),
        (remote(targets=7), "expected a text"),
        ({"remote": 7}, "expected an object"),
        ({"repository": {"root": b64(ROOT)}}, "mirrorFS: missing field(s): spec.repository.repository"),
        ({"repository": {"root": b64(ROOT), "mirrorFS": "%"}}, "expected base64"),
        (
            {"sigstoreKeys": {"tLogs": [{}]}},
            "got neither: spec.sigstoreKeys.certificateAuthority, spec.sigstoreKeys.timestampAuthorities",
        ),
        ({"sigstoreKeys": {"certificateAuthorities": [{}]}, "x": 1}, "spec.x: invalid value: : spec.x"),
    ],
    ids=lambda value: value[:60] if isinstance(value, str) else "",
)
def test_what_is_wrong_is_said_in_the_webhooks_words(spec: Any, sentence: str) -> None:
    assert sentence in refused(spec)


@pytest.mark.parametrize(
    "url",
    [
        "http://tuf.example.test",
        "file:///etc",
        "tuf.example.test",
        "https://",
        "https://h.test/?x",
        "https://h.test/#x",
        "https://user:secret@h.test/",
        "https://h.test/%zz",
        "https://h.test/\n",
    ],
)
def test_mirror_is_at_an_https_url_and_nothing_more(url: str) -> None:
    said = refused(remote(mirror=url))
    assert said.startswith("spec.remote.mirror: invalid value: ")
    assert "secret" not in said


@pytest.mark.parametrize("name", ["../x", "/x", "a/../x", "a//x", "./x", "a\\x", "a\nx", "x?y", "%2e%2e/x", "https:x"])
@pytest.mark.parametrize("field", ["trustedRootTarget", "targets"])
def test_name_of_a_file_that_is_a_path_is_refused(name: str, field: str) -> None:
    assert f"spec.remote.{field}: invalid value" in refused(remote(**{field: name}))


@pytest.mark.parametrize(
    "root", [old_root(1, "2021-12-18T13:28:12.99008-06:00"), old_root(), old_root(2, public="x")], ids=["1", "4", "2"]
)
def test_roots_that_sigstore_began_with_are_named(root: bytes) -> None:
    said = refused(remote(root=b64(root)))
    assert "sigstore's own roots 1 to 4 are so: take root 5 or a later one" in said


def test_other_young_roots_are_taken() -> None:
    pem = "-----BEGIN PUBLIC KEY-----\nx"
    assert read(remote(root=b64(old_root(1, public=pem))))[1] == []
    assert read(remote(root=b64(old_root(5))))[1] == []
