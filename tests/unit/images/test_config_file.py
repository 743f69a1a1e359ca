"""The document that policies find in `input.config`."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider import limits
from provider.golang.decoding import DecodeError, Room
from provider.images.config_file import LimitError, decode

HASH = "sha256:" + "ab" * 32
ZERO = "0001-01-01T00:00:00Z"
EMPTY = {
    "architecture": "",
    "created": ZERO,
    "os": "",
    "rootfs": {"type": "", "diff_ids": None},
    "config": {},
}


def document(**fields):
    return decode(json.dumps(fields).encode())[1]


def problem(text):
    body = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(DecodeError) as caught:
        decode(body)
    return str(caught.value)


@pytest.mark.parametrize("body", [b"{}", b"null", b'{"name": "chart", "version": "0.1.0"}'])
def test_document_without_known_fields_is_zero(body):
    assert decode(body) == ("", EMPTY)


def test_full_configuration_comes_back():
    fields = {
        "architecture": "arm",
        "author": "Jane",
        "container": "c",
        "created": "2024-03-01T12:00:00.5+01:00",
        "docker_version": "1",
        "history": [
            {"created": "2024-03-01T12:00:00Z", "created_by": "RUN", "author": "J", "comment": "c", "empty_layer": True}
        ],
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [HASH, "sha512:" + "0" * 128]},
        "config": {
            "AttachStderr": True,
            "Cmd": ["a", ""],
            "Healthcheck": {"Test": ["NONE"], "Interval": 5, "Timeout": 6, "StartPeriod": 7, "Retries": -1},
            "Env": ["A=<&>"],
            "Labels": {"a": ""},
            "Volumes": {"/x": {}},
            "ExposedPorts": {"1/tcp": {}},
            "User": "1",
            "Shell": ["sh"],
        },
        "os.version": "1",
        "variant": "v7",
        "os.features": ["f"],
    }
    assert decode(json.dumps(fields).encode()) == ("linux/arm/v7:1", fields)


def test_unknown_fields_are_gone_at_every_depth():
    found = document(vendor=1, config={"X-Team": "blue"}, history=[{"x": 1}], rootfs={"x": 1})
    assert found == EMPTY | {"history": [{"created": ZERO}]}


@pytest.mark.parametrize(
    "config",
    [
        {"User": ""},
        {"User": None},
        {"Cmd": []},
        {"Labels": {}},
        {"Labels": None},
        {"Tty": False},
        {"Tty": None},
        {"Healthcheck": None},
        {"Volumes": {}},
        None,
    ],
)
def test_empty_values_are_left_out(config):
    assert document(config=config)["config"] == {}


def test_values_that_are_never_left_out_are_there():
    assert document(config={"Healthcheck": {}})["config"] == {"Healthcheck": {}}
    assert document(config={"Healthcheck": {"Retries": None}})["config"] == {"Healthcheck": {}}
    assert document(rootfs={"diff_ids": []})["rootfs"] == {"type": "", "diff_ids": []}


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63), 0, -1])
def test_number_of_64_bits_is_taken(number):
    assert document(config={"Healthcheck": {"Interval": number}})["config"]["Healthcheck"].get("Interval", 0) == number


def test_keys_match_in_any_case():
    found = document(OS="linux", Architecture="amd64", CONFIG={"user": "root", "LABELS": {"Maintainer": "x"}})
    assert (found["os"], found["architecture"]) == ("linux", "amd64")
    assert found["config"] == {"User": "root", "Labels": {"Maintainer": "x"}}


def test_last_of_two_equal_keys_counts():
    assert decode(b'{"os": "a", "os": "b"}')[1]["os"] == "b"
    assert decode(b'{"os": "a", "OS": "b"}')[1]["os"] == "b"
    assert decode(b'{"os": "a", "os": null}')[1]["os"] == "a"


def test_objects_of_equal_keys_are_merged():
    found = decode(b'{"config": {"User": "a", "Labels": {"x": "1"}}, "config": {"Cmd": ["c"], "Labels": {"y": "2"}}}')[
        1
    ]
    assert found["config"] == {"Cmd": ["c"], "Labels": {"x": "1", "y": "2"}, "User": "a"}


@pytest.mark.parametrize("created", [None, ZERO])
def test_absent_time_is_the_first_year(created):
    assert document(created=created)["created"] == ZERO
    assert document(history=[{"created": created}])["history"] == [{"created": ZERO}]


def test_time_is_written_as_go_writes_it():
    assert document(created="2024-03-01T12:00:00,500Z")["created"] == "2024-03-01T12:00:00.5Z"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "json: cannot unmarshal array into Go value of type v1.ConfigFile"),
        ('"x"', "json: cannot unmarshal string into Go value of type v1.ConfigFile"),
        ("7", "json: cannot unmarshal number into Go value of type v1.ConfigFile"),
        ("true", "json: cannot unmarshal bool into Go value of type v1.ConfigFile"),
        ('{"os": 7}', "json: cannot unmarshal number into Go struct field ConfigFile.os of type string"),
        ('{"OS": [7]}', "json: cannot unmarshal array into Go struct field ConfigFile.os of type string"),
        ('{"config": []}', "json: cannot unmarshal array into Go struct field ConfigFile.config of type v1.Config"),
        (
            '{"config": {"ExposedPorts": ["22/tcp"]}}',
            (
                "json: cannot unmarshal array into Go struct field Config.config.ExposedPorts "
                "of type map[string]struct {}"
            ),
        ),
        (
            '{"config": {"ExposedPorts": "x"}}',
            (
                "json: cannot unmarshal string into Go struct field Config.config.ExposedPorts "
                "of type map[string]struct {}"
            ),
        ),
        (
            '{"config": {"ExposedPorts": {"22/tcp": 7}}}',
            "json: cannot unmarshal number into Go struct field Config.config.ExposedPorts of type struct {}",
        ),
        (
            '{"config": {"Labels": {"a": 7}}}',
            "json: cannot unmarshal number into Go struct field Config.config.Labels of type string",
        ),
        (
            '{"config": {"Env": "A=b"}}',
            "json: cannot unmarshal string into Go struct field Config.config.Env of type []string",
        ),
        (
            '{"config": {"Env": ["a", {}]}}',
            "json: cannot unmarshal object into Go struct field Config.config.Env of type string",
        ),
        (
            '{"config": {"Tty": "yes"}}',
            "json: cannot unmarshal string into Go struct field Config.config.Tty of type bool",
        ),
        (
            '{"config": {"Healthcheck": 7}}',
            "json: cannot unmarshal number into Go struct field Config.config.Healthcheck of type v1.HealthConfig",
        ),
        (
            '{"config": {"Healthcheck": {"Interval": 1.5}}}',
            (
                "json: cannot unmarshal number 1.5 into Go struct field "
                "HealthConfig.config.Healthcheck.Interval of type time.Duration"
            ),
        ),
        (
            '{"config": {"Healthcheck": {"Retries": 9223372036854775808}}}',
            (
                "json: cannot unmarshal number 9223372036854775808 into Go struct field "
                "HealthConfig.config.Healthcheck.Retries of type int"
            ),
        ),
        (
            '{"config": {"Healthcheck": {"Retries": "3"}}}',
            "json: cannot unmarshal string into Go struct field HealthConfig.config.Healthcheck.Retries of type int",
        ),
        (
            '{"history": {}}',
            "json: cannot unmarshal object into Go struct field ConfigFile.history of type []v1.History",
        ),
        (
            '{"history": [7]}',
            "json: cannot unmarshal number into Go struct field ConfigFile.history of type v1.History",
        ),
        (
            '{"history": [{"comment": 7}]}',
            "json: cannot unmarshal number into Go struct field History.history.comment of type string",
        ),
        (
            '{"rootfs": {"diff_ids": "x"}}',
            "json: cannot unmarshal string into Go struct field RootFS.rootfs.diff_ids of type []v1.Hash",
        ),
        (
            '{"rootfs": {"diff_ids": [7]}}',
            "json: cannot unmarshal number into Go struct field RootFS.rootfs.diff_ids of type string",
        ),
        ('{"rootfs": {"diff_ids": ["md5:123"]}}', 'unsupported hash: "md5"'),
        ('{"rootfs": {"diff_ids": ["abc"]}}', 'cannot parse hash: "abc"'),
        ('{"rootfs": {"diff_ids": [null]}}', 'cannot parse hash: ""'),
        ('{"rootfs": {"diff_ids": ["sha256:AB"]}}', "found non-hex character in hash: A"),
        ('{"rootfs": {"diff_ids": ["sha256:ab"]}}', "wrong number of hex digits for sha256: ab"),
        ('{"created": 1700000000}', "Time.UnmarshalJSON: input is not a JSON string"),
        ('{"created": {}}', "Time.UnmarshalJSON: input is not a JSON string"),
        ('{"history": [{"created": false}]}', "Time.UnmarshalJSON: input is not a JSON string"),
        (
            '{"created": "yesterday"}',
            'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"',
        ),
        (
            '{"created": "2024-01-01T00:00:00+24:00"}',
            "json: error calling MarshalJSON for type v1.Time: Time.MarshalJSON: timezone hour outside of range [0,23]",
        ),
        ("", "EOF"),
        ('{"os": "linux"', "unexpected EOF"),
        ("this is not JSON", "invalid character 'h' in literal true (expecting 'r')"),
    ],
)
def test_configuration_that_go_would_not_decode_is_refused_in_its_words(text, words):
    assert problem(text) == words


def test_first_wrong_type_is_told():
    assert problem('{"os": 7, "author": true}').endswith("ConfigFile.os of type string")


def test_place_of_a_wrong_type_is_not_that_of_the_values_before_it():
    words = problem('{"config": {"User": "a"}, "history": [{"comment": "x"}, {"comment": 7}]}')
    assert words == "json: cannot unmarshal number into Go struct field History.history.comment of type string"
    words = problem('{"config": {"User": "a", "Healthcheck": {"Test": ["x"]}}, "os": 7}')
    assert words == "json: cannot unmarshal number into Go struct field ConfigFile.os of type string"


def test_failed_decoder_of_a_type_comes_before_a_wrong_type():
    assert problem('{"os": 7, "created": 7}') == "Time.UnmarshalJSON: input is not a JSON string"


def test_wrong_type_in_an_unknown_field_does_not_matter():
    assert decode(b'{"vendor": {"os": 7}, "config": {"X": [[[]]]}}')[1] == EMPTY


def test_what_follows_the_document_does_not_matter():
    assert decode(b'{"os": "linux"} trailing')[0] == "linux"


@pytest.mark.parametrize("size", [100, 100_000])
def test_long_values_are_cut_in_the_message(size):
    words = problem('{"config": {"Healthcheck": {"Interval": %s}}}' % ("9" * size))
    assert words.startswith("json: cannot unmarshal number 999")
    assert len(words) < 4 * limits.SHOWN_CHARACTERS
    text = "\x1b" + "x" * size
    for fields in (
        {"created": text},
        {"rootfs": {"diff_ids": [text]}},
        {"rootfs": {"diff_ids": ["sha256:" + "a" * size]}},
    ):
        words = problem(json.dumps(fields))
        assert len(words) < 6 * limits.SHOWN_CHARACTERS
        assert words.isprintable()


_KEYS = st.sampled_from(
    [
        "os",
        "created",
        "config",
        "rootfs",
        "diff_ids",
        "history",
        "Labels",
        "Env",
        "Healthcheck",
        "Interval",
        "User",
        "x",
    ]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4) | st.just(HASH),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=15,
)


@given(_JSON)
def test_any_document_is_decoded_or_refused(value):
    try:
        name, found = decode(json.dumps(value).encode())
    except DecodeError as error:
        assert str(error)  # noqa: PT017 - or it passes
    else:
        assert isinstance(name, str)
        again = decode(json.dumps(found).encode())
        assert again == (name, found)


# What one may cost.


def many(field, item, count):
    return b'{"os": "linux", "config": {}, "%s": [%s]}' % (field, b",".join([item] * count))


@pytest.mark.parametrize(
    "body",
    [
        many(b"history", b"{}", 8_000),
        many(b"history", b"null", 8_000),
        many(b"history", b'{"created_by": "' + b"x" * 30_000 + b'"}', 9),
        many(b"os.features", b'""', 17_000),
        many(b"history", b'{"created": "2024-03-01T12:00:00+01:00"}', 900),
        b'{"rootfs": {"diff_ids": [%s]}}' % b",".join([b'"%s"' % HASH.encode()] * 4_000),
        b"{%s}" % b",".join([b'"created": "2024-03-01T12:00:00+01:00"'] * 1_000),
        b'{"config": {"Labels": {%s}}}' % b",".join(b'"k%d": ""' % number for number in range(17_000)),
        b'{"config": {"Volumes": {%s}}}' % b",".join(b'"%d": {}' % number for number in range(17_000)),
        b'{"os": "%s"}' % (b"x" * limits.ITEM_BYTES),
        b'{"config": {"Labels": {%s}}}' % b",".join(b'"%s%d": ""' % (b"x" * 30_000, number) for number in range(9)),
        b"{%s}" % b",".join([b'"config": {"User": ""}'] * 9_000),
    ],
)
def test_document_that_no_answer_could_hold_is_refused_while_it_is_made(body):
    with pytest.raises(LimitError, match=r"^it is larger than an answer may be, 262144 bytes$"):
        decode(body)


def test_room_is_for_all_documents_of_an_answer():
    room = Room(limits.ITEM_BYTES)
    body = many(b"history", b'{"created_by": "RUN"}', 1_000)
    documents = [decode(body, room)[1] for _ in range(3)]
    assert all(len(document["history"]) == 1_000 for document in documents)
    assert room.bytes < limits.ITEM_BYTES - 3 * 50_000
    with pytest.raises(LimitError):
        [decode(body, room) for _ in range(10)]


@pytest.mark.parametrize("vendor", [b"[%s]" % b",".join([b'{"a": 1}'] * 30_000), b'"%s"' % (b"x" * 1_900_000)])
def test_unknown_field_takes_no_room(vendor):
    assert decode(b'{"os": "linux", "vendor": %s}' % vendor)[0] == "linux"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (many(b"history", b"{}", 500_000), "it has more than 65536 values"),
        (b'{"vendor": %s1%s}' % (b"[" * 600, b"]" * 600), "it is nested deeper than 100 levels"),
    ],
)
def test_document_that_holds_more_than_anybodys_is_refused_before_it_is_read(body, words):
    with pytest.raises(LimitError, match=rf"^{words}$"):
        decode(body)


def test_equal_keys_do_not_share_what_they_hold():
    body = b'{"history": [null, null], "history": [{"comment": "a"}, {"comment": "b"}], "history": [{}, {}]}'
    assert [entry["comment"] for entry in decode(body)[1]["history"]] == ["a", "b"]
    longer = b'{"history": [{"comment": "a"}], "history": [{}, {"comment": "b"}]}'
    assert [entry["comment"] for entry in decode(longer)[1]["history"]] == ["a", "b"]
    merged = b'{"config": {"Healthcheck": {"Retries": 1}}, "config": {"Healthcheck": {"Interval": 2}}}'
    assert decode(merged)[1]["config"] == {"Healthcheck": {"Interval": 2, "Retries": 1}}
    assert decode(b"{}")[1] == EMPTY
