"""Trust roots of the cluster's objects, in a folder that changes while we run as a mounted ConfigMap does."""

from __future__ import annotations

import copy
import json

import pytest

from provider import limits
from provider.clock import Clock
from provider.errors import FileError, ImageError
from provider.images.assembly import assemble
from provider.observer import NullObserver
from provider.questions.proof_question import TrustRootName
from provider.reasons import Reason
from provider.registry.settings import RegistrySettings
from provider.signatures.trust import document, root_index
from provider.signatures.trust.root_folder import RootFolder
from provider.signatures.trust.root_index import INDEX, RootIndex, file_name
from provider.signatures.trust.trust_roots import TrustRoots
from tests.simulators.clock import FakeClock
from tests.simulators.signing import canonical


class RejectedFiles(NullObserver):
    def __init__(self):
        self.problems = []

    def file_rejected(self, setting, name, problem):
        self.problems.append((str(setting), name, problem))


class ProviderFolder:
    """A folder as the controller fills it."""

    def __init__(self, path, clock: Clock) -> None:
        self.path = path
        self.observer = RejectedFiles()
        self.folder = RootFolder(path, clock, self.observer)
        self.roots = TrustRoots({}, clock, self.observer, self.folder)

    def put(self, name, *documents, body=b""):
        """A trust root of this name, the first one in force; its digests."""
        digests = [document.digest_of(each) for each in documents]
        for each, digest in zip(documents, digests, strict=True):
            (self.path / file_name(name, digest)).write_bytes(body or canonical(each))
        index = root_index.read((self.path / INDEX).read_bytes()) if (self.path / INDEX).exists() else RootIndex()
        self.write(RootIndex({**index.digests, name: digests}).text())
        return digests

    def write(self, text):
        (self.path / INDEX).write_text(text)
        self.folder.look()

    def found(self, name, digest=""):
        return self.roots.find(TrustRootName(name, digest)).digest


@pytest.fixture
def mounted(tmp_path):
    return ProviderFolder(tmp_path, FakeClock())


@pytest.fixture
def old(world):
    return copy.deepcopy(world.trust_root)


@pytest.fixture
def new(old):
    return {**copy.deepcopy(old), "ctlogs": []}


def test_folder_that_is_empty_or_not_there_yet_is_no_fault(tmp_path, mounted):
    nowhere = RootFolder(tmp_path / "none", FakeClock(), mounted.observer)
    assert (nowhere.digests(), mounted.folder.digests(), mounted.observer.problems) == ({}, {}, [])


def test_old_and_new_root_of_a_name_are_found_by_their_digests_and_the_first_without_one(mounted, old, new):
    before, after = mounted.put("own", old, new)
    assert [mounted.found("own", each) for each in (before, after, "")] == [before, after, before]
    assert mounted.folder.digests() == {"own": (before, after)}


def test_question_of_a_root_that_is_not_loaded_is_stale(mounted, old, new):
    [before] = mounted.put("own", old)
    with pytest.raises(ImageError, match=f"is {before} here, the policy was made for") as refused:
        mounted.found("own", document.digest_of(new))
    assert refused.value.reason is Reason.TRUST_ROOT_STALE


def test_root_that_the_index_names_no_more_is_not_believed_any_more(mounted, old, new):
    before, after = mounted.put("own", old, new)
    mounted.put("own", new)
    assert mounted.found("own") == after
    with pytest.raises(ImageError):
        mounted.found("own", before)


def test_index_that_is_gone_or_damaged_changes_nothing(mounted, old):
    [digest] = mounted.put("own", old)
    for text in ("{", "[]", '{"v":2,"roots":{}}', '{"v":1,"roots":{"own":["x"]}}', '{"v":1,"roots":{"../x":[]}}'):
        mounted.write(text)
        mounted.folder.look()
        assert mounted.found("own") == digest
    assert len(mounted.observer.problems) == 4, "each damage once, and two that are one sentence once"
    (mounted.path / INDEX).unlink()
    mounted.folder.look()
    assert mounted.found("own") == digest


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "it is neither JSON nor YAML"),
        (b'{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"}', "names no authority"),
        (b" " * (limits.FILE_BYTES + 1), "it has more than"),
    ],
    ids=["damaged", "empty", "large"],
)
def test_root_that_cannot_be_used_disables_itself_alone(mounted, old, new, body, said):
    [good] = mounted.put("good", old)
    [bad] = mounted.put("bad", new, body=body)
    assert mounted.found("good") == good
    with pytest.raises(ImageError, match=said) as refused:
        mounted.found("bad", bad)
    assert refused.value.reason is Reason.TRUST_ROOT_STALE
    mounted.folder.look()
    [(setting, name, problem)] = mounted.observer.problems
    assert (setting, name) == ("trust_root_dir", "bad")
    assert said in problem


def test_file_that_holds_another_root_than_its_name_says_is_not_used(mounted, old, new):
    [digest] = mounted.put("own", old, body=canonical(new))
    with pytest.raises(ImageError, match=f"it holds {document.digest_of(new)}"):
        mounted.found("own", digest)


def test_file_that_comes_after_the_index_is_read_at_the_next_look(mounted, old):
    digest = document.digest_of(old)
    mounted.write(RootIndex({"own": [digest]}).text())
    assert mounted.folder.digests() == {}
    (mounted.path / file_name("own", digest)).write_bytes(canonical(old))
    mounted.folder.look()
    assert mounted.found("own") == digest
    assert mounted.folder.problems == []


def test_file_of_the_settings_comes_first_where_a_question_names_no_digest(mounted, old, new, tmp_path):
    file = tmp_path / "file"
    file.write_bytes(canonical(new))
    [digest] = mounted.put("own", old)
    roots = TrustRoots({"own": file}, FakeClock(), folder=mounted.folder)
    assert roots.find(TrustRootName("own")).digest == document.digest_of(new)
    assert roots.find(TrustRootName("own", digest)).digest == digest


@pytest.mark.parametrize(
    "name",
    ["", "Own", "a/b", "..", "a" * 181, "-a", "a\n"],
    ids=["empty", "upper", "slash", "dots", "long", "dash", "line"],
)
def test_no_other_name_can_be_in_a_folder(name):
    assert not root_index.is_name(name)
    with pytest.raises(FileError):
        root_index.read(RootIndex({name: ["sha256:" + 64 * "0"]}).text().encode())


def test_index_has_bounds():
    digest = "sha256:" + 64 * "0"
    many = {f"n{number}": [digest] for number in range(limits.TRUST_ROOTS + 1)}
    for found in (many, {"own": [digest] * (limits.TRUST_ROOT_VERSIONS + 1)}):
        with pytest.raises(FileError):
            root_index.read(RootIndex(found).text().encode())


def test_assembled_provider_says_what_it_has_loaded(tmp_path, mounted, old):
    assembly = assemble(RegistrySettings(), FakeClock(), trust_root_folder=tmp_path)
    assert assembly.trust_roots() == {}
    [digest] = mounted.put("own", old)
    for look in assembly.looks:
        look()
    assert json.dumps(assembly.trust_roots()) == json.dumps({"own": [digest]})
