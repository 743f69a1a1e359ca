"""Reading files: several forms, and everything that a stranger may put into one."""

from __future__ import annotations

import io
import json

import pytest

from gatekeeper.documents.document import DocumentError, parse_documents, read_documents, readable_documents
from provider import limits

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n"


def values(text: str | bytes):
    content = text if isinstance(text, bytes) else text.encode()
    return [document.value for document in parse_documents(content, "file")]


def refused(text: str | bytes) -> str:
    with pytest.raises(DocumentError) as caught:
        values(text)
    return str(caught.value)


def test_several_documents_are_read_in_order_and_empty_ones_are_skipped():
    documents = parse_documents(f"---\n{POD}---\n# nothing\n---\n{POD}".encode(), "file")
    assert [(document.index, document.several, document.line) for document in documents] == [(1, True, 2), (3, True, 8)]


def test_a_separator_with_a_comment_separates_too():
    assert len(values(f"{POD}--- # the next\n{POD}")) == 2


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n---\n", "null\n"])
def test_a_file_without_documents_holds_none(text):
    assert values(text) == []


def test_a_list_is_replaced_by_its_items_with_their_paths():
    text = "apiVersion: v1\nkind: List\nitems:\n- {kind: Pod, apiVersion: v1}\n- {kind: Job, apiVersion: batch/v1}\n"
    documents = parse_documents(text.encode(), "file")
    assert [(document.kind, document.prefix) for document in documents] == [("Pod", "items[0]"), ("Job", "items[1]")]


def test_the_items_of_a_typed_list_get_its_type():
    (document,) = parse_documents(b"{apiVersion: v1, kind: PodList, items: [{metadata: {name: a}}]}", "file")
    assert (document.api_version, document.kind, document.name) == ("v1", "Pod", "a")


def test_an_item_that_is_no_object_is_refused_by_its_path():
    assert "items[1]: is text" in refused("apiVersion: v1\nkind: List\nitems: [{}, x]\n")


def test_member_of_a_list_that_is_null_is_empty_and_no_number() -> None:
    assert "items[1]: is empty, not a Kubernetes object" in refused("apiVersion: v1\nkind: List\nitems: [{}, null]\n")


def test_list_in_a_list_is_read_to_its_members() -> None:
    text = "kind: List\nitems: [{kind: List, items: [{kind: Pod, metadata: {name: a}}]}]\n"
    (found,) = parse_documents(text.encode(), "f.yaml")
    assert (found.kind, found.prefix) == ("Pod", "items[0].items[0]")


@pytest.mark.parametrize(
    ("text", "is_object"),
    [
        ("apiVersion: v2\nname: chart\nversion: 1.0.0\n", False),
        ("apiVersion: v1\nmetadata: {name: a}\n", True),
        ("apiVersion: v1\nspec: {}\n", True),
        ("kind: Pod\n", True),
    ],
)
def test_file_of_another_program_is_no_object(text: str, is_object: bool) -> None:
    (found,) = parse_documents(text.encode(), "Chart.yaml")
    assert found.is_object == is_object


def test_json_is_read_as_json_with_its_escapes_and_tabs():
    assert values('{\n\t"a": "\\ud83d\\ude00\\/", "b": [1, 2.5, true, null]}') == [
        {"a": "😀/", "b": [1, 2.5, True, None]}
    ]


def test_half_of_a_surrogate_pair_becomes_the_replacement_character():
    assert values('{"a\\ud800": ["\\udfff"]}') == [{"a\ufffd": ["\ufffd"]}]


def test_a_byte_order_mark_is_no_text():
    assert values("\ufeffa: 1\n") == [{"a": 1}]


def test_anchors_aliases_and_merges_work():
    text = "base: &base {a: 1, b: [x]}\nsame: *base\nmore: {<<: *base, a: 2}\nboth: {<<: [{c: 3}, *base]}\n"
    (value,) = values(text)
    assert value["same"] == {"a": 1, "b": ["x"]}
    assert value["more"] == {"a": 2, "b": ["x"]}
    assert value["both"] == {"c": 3, "a": 1, "b": ["x"]}


def test_lines_of_fields_are_kept_where_asked_for():
    (document,) = parse_documents(b"# first\nspec:\n  images:\n  - glob: a\n  - glob: b\n", "file", with_lines=True)
    assert document.line_of("spec.images[1].glob") == 5
    assert document.line_of("spec.images[1].other") == 5
    assert document.line_of("status") == 2


def test_very_many_documents_are_refused():
    assert "holds more than 10000 documents" in refused("---\na: 1\n" * 10_001)


def test_very_many_values_are_refused(monkeypatch):
    monkeypatch.setattr(limits, "DOCUMENT_NODES", 1000)
    assert "holds more than 1000 values" in refused("a: [" + "a," * 1000 + "]")


def test_lines_of_very_long_paths_are_not_kept():
    text = (
        "\n".join(" " * i + "k" * 900 + ":" for i in range(50))
        + "\n"
        + "\n".join(" " * 50 + f"a{i}: 1" for i in range(1000))
    )
    (document,) = parse_documents(text.encode(), "file", with_lines=True)
    assert document.lines == {}
    assert document.line_of("spec") == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3: the key 'a' stands twice"),
        ("{a: 1, 'a': 2}", "the key 'a' stands twice"),
        ('{"a": {"b": 1, "b": 2}}', "the key 'b' stands twice"),
        ("true: 1\non: 2\n", "the key 'true' stands twice"),
        ("{]", "is not YAML: did not find expected node content"),
        ("a:\n\tb: 1\n", "line 2: is not YAML: found character that cannot start any token"),
        ("a: 'x", "is not YAML: found unexpected end of stream"),
        ("a: b: c", "is not YAML: mapping values are not allowed in this context"),
        ("a: \x00", "is not YAML: control characters are not allowed"),
        ("a: *b\n", "the alias *b has no anchor before it"),
        ("a: &a [*a]\n", "the alias *a has no anchor before it"),
        ("{<<: 1}", "what `<<` merges is no mapping"),
        ("? [a]\n: b\n", "as a key has no meaning"),
        ("? {a: b}\n: b\n", "as a key has no meaning"),
        ("a: &x y\n*x : b\n", "an alias as a key has no meaning"),
        ("? \n: x\n", "a key is missing before the colon"),
        ("a: !!python/object/apply:os.system [x]", "has no meaning in a Kubernetes object"),
        ("a: !secret x", "the tag '!secret' has no meaning"),
        ("a: !!binary aGk=", "has no meaning in a Kubernetes object"),
        ("a: !!int x", "cannot read 'x' as int"),
        ("a: .inf", ".inf is no number that Kubernetes knows"),
        ('{"a": 1e999}', "holds a number that is larger"),
        ("- a", "is a list, not a Kubernetes object"),
        ("a", "is text, not a Kubernetes object"),
        ("7", "is a number, not a Kubernetes object"),
        ("true", "is a boolean, not a Kubernetes object"),
        (f"{POD}---\nx\n", "file: document 2: is text"),
        (b"a: \xff", "is not UTF-8 text (byte 3, line 1)"),
        ("a: 1".encode("utf-16"), "is not UTF-8 text but UTF-16 (PowerShell's `>` writes it so; save it as UTF-8)"),
    ],
)
def test_what_is_no_kubernetes_object_is_refused_in_a_sentence(text, words):
    assert words in refused(text)


@pytest.mark.parametrize(
    "text",
    ["[" * 50_000, '{"a":' * 50_000, '{"a":' * 150 + "1" + "}" * 150, "".join(" " * i + "a:\n" for i in range(150))],
    ids=["lists", "mappings", "json", "block"],
)
def test_deep_nesting_is_refused_without_recursion(text):
    assert "nest" in refused(text)


def test_nesting_through_aliases_counts_as_nesting():
    text = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 150))
    assert "is nested more than 100 deep" in refused(text)


def test_aliases_that_explode_are_refused():
    lines = ["a: &a [" + ",".join(["laugh"] * 10) + "]"]
    lines += [
        f"{new}: &{new} [" + ",".join([f"*{old}"] * 10) + "]" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    assert "aliases expand to more than" in refused("\n".join(lines))


def test_an_alias_of_a_long_text_counts_with_its_length():
    text = f"a: &a '{'x' * 100_000}'\nb: [" + ",".join(["*a"] * 20) + "]\n"
    assert "aliases expand to more than" in refused(text)


def test_a_file_beyond_the_limit_is_refused_by_its_size(tmp_path):
    path = tmp_path / "large.yaml"
    path.write_text("a: '" + "x" * 10 * limits.MIB + "'\n")
    with pytest.raises(DocumentError) as caught:
        read_documents([path])
    assert str(caught.value) == f"{path}: is larger than 4096 KiB, which is the most that is read"


def test_a_larger_limit_can_be_given(tmp_path):
    path = tmp_path / "pods.json"
    path.write_text(json.dumps({"a": "x" * 5 * limits.MIB}))
    assert len(read_documents([path], file_bytes=6 * limits.MIB)) == 1


def test_a_directory_gives_its_yaml_and_json_files_sorted(tmp_path):
    for name in ("b.yml", "a.yaml", "c.json", "d.txt"):
        (tmp_path / name).write_text('{"a": 1}')
    (tmp_path / "e.yaml").mkdir()
    assert [document.file for document in read_documents([tmp_path])] == [
        str(tmp_path / name) for name in ("a.yaml", "b.yml", "c.json")
    ]


def test_folders_of_a_directory_are_read_and_hidden_ones_are_not(tmp_path):
    for name in ("b/c/d.yaml", "a.yaml", "b/a.json", ".git/x.yaml", "b/..data/x.yaml", ".hidden.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text('{"a": 1}')
    (tmp_path / "b" / "up").symlink_to(tmp_path)
    found = read_documents([tmp_path])
    files = ("a.yaml", "b/a.json", "b/c/d.yaml")
    assert [document.file for document in found] == [str(tmp_path / each) for each in files]
    assert all(document.in_directory for document in found)


@pytest.mark.parametrize("target", ["elsewhere", "here/.hidden/team"])
def test_a_link_to_a_folder_that_is_not_read_is_told(tmp_path, target):
    for name in ("here/a.yaml", "elsewhere/b.yaml", "here/.hidden/team/c.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text('{"a": 1}')
    link = tmp_path / "here" / "team"
    link.symlink_to(tmp_path / target)
    documents, problems = readable_documents([tmp_path / "here"])
    assert [document.file for document in documents] == [str(tmp_path / "here" / "a.yaml")]
    (problem,) = problems
    assert str(problem).startswith(f"{link}: is a link to another folder, and links to folders are not followed (")
    assert problem.hint == f"name {tmp_path / target} itself, or take the link away"


def test_a_list_in_a_directory_is_no_object_and_no_fault(tmp_path):
    (tmp_path / "patch.yaml").write_text("- op: add")
    (document,) = read_documents([tmp_path])
    assert (document.value, document.is_object) == ({}, False)
    with pytest.raises(DocumentError, match="is a list"):
        read_documents([tmp_path / "patch.yaml"])


def test_a_directory_of_too_many_files_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "DIRECTORY_FILES", 1)
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("{}")
    with pytest.raises(DocumentError, match="more than 1 files"):
        read_documents([tmp_path])


def test_a_directory_without_such_files_is_refused(tmp_path):
    with pytest.raises(DocumentError, match="holds no"):
        read_documents([tmp_path])


def test_standard_input_is_named_by_a_dash():
    (document,) = read_documents(["-"], io.BytesIO(POD.encode()))
    assert (document.file, document.name) == ("-", "web")


@pytest.mark.parametrize("name", ["missing.yaml", "with\0nul"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, name):
    with pytest.raises(DocumentError) as caught:
        read_documents([str(tmp_path / name)])
    assert caught.value.problems[0].file == str(tmp_path / name)


def test_the_problems_of_all_files_are_told_at_once(tmp_path):
    (tmp_path / "a.yaml").write_text("{]")
    (tmp_path / "b.yaml").write_text("a: 1\na: 2")
    with pytest.raises(DocumentError) as caught:
        read_documents([tmp_path, tmp_path / "c.yaml"])
    assert [problem.file.rpartition("/")[2] for problem in caught.value.problems] == ["a.yaml", "b.yaml", "c.yaml"]
