"""The document that policy-controller puts into `input.config`, one for each platform.

It is go-containerregistry's `v1.ConfigFile`: the image's configuration decoded into Go structs and encoded again.
Unknown fields are gone, keys match without regard to case, `created` is always there and written as Go writes it,
null and absent values are zero. Policies were written against exactly that, so it is made exactly so; and a
configuration that Go would not decode is refused in Go's words. The name of the platform is the configuration's own
(`v1.Platform.String`).
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

from provider import limits
from provider.foreign_text import shown
from provider.golang import encoding_json, rfc3339
from provider.golang.decoding import DecodeError, MismatchError, Room, RoomError, kind
from provider.golang.decoding import decode as decode_into
from provider.golang.structs import Custom, Field, Flag, Integer, Map, Pointer, Slice, Struct, Text
from provider.registry.content.manifest import Platform

_HEX: Final = re.compile(r"[0-9a-f]*")
_USUAL_HASH: Final = re.compile(r"sha256:[0-9a-f]{64}")
_UNUSUAL_TIME_BYTES: Final = 256
"""What a time counts as that is not written as Go writes it, because it takes ten times as long to read."""
_ALGORITHMS: Final = {"sha256": hashlib.sha256, "sha512": hashlib.sha512}


class LimitError(DecodeError):
    """A configuration that holds more than anybody's: `LimitExceeded`. The message is a sentence about "it"."""


def _read_time(value: Any, old: str | rfc3339.Moment, room: Room) -> str | rfc3339.Moment:  # noqa: ANN401
    """A time, as text where it is written as Go writes it; nearly all are."""
    if value is None:
        return old
    if not isinstance(value, str):
        raise DecodeError("Time.UnmarshalJSON: input is not a JSON string")
    if rfc3339.is_canonical(value):
        return value
    room.take(_UNUSUAL_TIME_BYTES)
    try:
        return rfc3339.read(value)
    except rfc3339.UnreadableTimeError as error:
        raise DecodeError(str(error)) from error


def _write_time(value: str | rfc3339.Moment) -> str:
    if isinstance(value, str):
        return value
    try:
        return value.render()
    except rfc3339.UnreadableTimeError as error:
        raise DecodeError(f"json: error calling MarshalJSON for type v1.Time: {error}") from error


def _read_hash(value: Any, _: str, __: Room) -> str:  # noqa: ANN401 - any JSON value
    text = "" if value is None else value
    if not isinstance(text, str):
        raise MismatchError(kind(value), "string")
    if _USUAL_HASH.fullmatch(text):
        return text
    algorithm, colon, digits = text.partition(":")
    if not (colon and algorithm and digits):
        raise DecodeError(f'cannot parse hash: "{shown(text)}"')
    end = _HEX.match(digits)
    rest = digits[end.end() :] if end else digits
    if rest:
        raise DecodeError(f"found non-hex character in hash: {shown(rest[0])}")
    if algorithm not in _ALGORITHMS:
        raise DecodeError(f'unsupported hash: "{shown(algorithm)}"')
    if len(digits) != _ALGORITHMS[algorithm]().digest_size * 2:
        raise DecodeError(f"wrong number of hex digits for {algorithm}: {shown(digits)}")
    return text


_TEXT: Final = Text()
_FLAG: Final = Flag()
_TEXTS: Final = Slice(_TEXT)
_SET: Final = Map(Struct("struct {}"))
_DURATION: Final = Integer("time.Duration")
_ZERO: Final = rfc3339.ZERO.render()
_TIME: Final = Custom("v1.Time", _ZERO, _read_time, _write_time, least=len(f'"{_ZERO}"'))
_HASH: Final = Custom("v1.Hash", ":", _read_hash, str, least=len('"sha256:"') + 64)

_HISTORY: Final = Struct(
    "v1.History",
    (
        Field("author", _TEXT),
        Field("created", _TIME, omitempty=False),
        Field("created_by", _TEXT),
        Field("comment", _TEXT),
        Field("empty_layer", _FLAG),
    ),
)
_ROOT_FS: Final = Struct(
    "v1.RootFS", (Field("type", _TEXT, omitempty=False), Field("diff_ids", Slice(_HASH), omitempty=False))
)
_HEALTH: Final = Struct(
    "v1.HealthConfig",
    (
        Field("Test", _TEXTS),
        Field("Interval", _DURATION),
        Field("Timeout", _DURATION),
        Field("StartPeriod", _DURATION),
        Field("Retries", Integer()),
    ),
)
_CONFIG: Final = Struct(
    "v1.Config",
    (
        Field("AttachStderr", _FLAG),
        Field("AttachStdin", _FLAG),
        Field("AttachStdout", _FLAG),
        Field("Cmd", _TEXTS),
        Field("Healthcheck", Pointer(_HEALTH)),
        Field("Domainname", _TEXT),
        Field("Entrypoint", _TEXTS),
        Field("Env", _TEXTS),
        Field("Hostname", _TEXT),
        Field("Image", _TEXT),
        Field("Labels", Map(_TEXT)),
        Field("OnBuild", _TEXTS),
        Field("OpenStdin", _FLAG),
        Field("StdinOnce", _FLAG),
        Field("Tty", _FLAG),
        Field("User", _TEXT),
        Field("Volumes", _SET),
        Field("WorkingDir", _TEXT),
        Field("ExposedPorts", _SET),
        Field("ArgsEscaped", _FLAG),
        Field("NetworkDisabled", _FLAG),
        Field("MacAddress", _TEXT),
        Field("StopSignal", _TEXT),
        Field("Shell", _TEXTS),
    ),
)
_CONFIG_FILE: Final = Struct(
    "v1.ConfigFile",
    (
        Field("architecture", _TEXT, omitempty=False),
        Field("author", _TEXT),
        Field("container", _TEXT),
        Field("created", _TIME, omitempty=False),
        Field("docker_version", _TEXT),
        Field("history", Slice(_HISTORY)),
        Field("os", _TEXT, omitempty=False),
        Field("rootfs", _ROOT_FS, omitempty=False),
        Field("config", _CONFIG, omitempty=False),
        Field("os.version", _TEXT),
        Field("variant", _TEXT),
        Field("os.features", _TEXTS),
    ),
)

FIELDS: Final = frozenset(each.key for each in _CONFIG_FILE.fields)
"""What a configuration may hold; policy-controller drops any other field."""
CONFIG_FIELDS: Final = frozenset(each.key for each in _CONFIG.fields)
"""The same of its member `config`."""


def too_large() -> LimitError:
    """What is said of a document that no answer could hold."""
    return LimitError(f"it is larger than an answer may be, {limits.ITEM_BYTES} bytes")


def decode(body: bytes, room: Room | None = None) -> tuple[str, dict[str, Any]]:
    """Make the document of one configuration.

    Args:
        body: the configuration as the registry holds it, checked against its digest.
        room: what the documents of one answer may take together; each takes its part. `limits.ITEM_BYTES` where it is
            not given: what is larger could not be answered.

    Returns:
        The platform's name (empty without an `os`) and the document.

    Raises:
        LimitError: it holds more than anybody's, or than there is room for.
        DecodeError: in Go's words; of the document's own text at most `limits.SHOWN_CHARACTERS` characters a value.
    """
    try:
        document = encoding_json.scan(body)
        found = decode_into(document, _CONFIG_FILE, room or Room(limits.ITEM_BYTES))
    except encoding_json.SyntaxProblemError as error:
        raise DecodeError(str(error)) from error
    except encoding_json.WeightError as error:
        raise LimitError(str(error)) from error
    except RoomError as error:
        raise too_large() from error
    platform = Platform(found["os"], found["architecture"], found["variant"], found["os.version"])
    return platform.name, _CONFIG_FILE.encode(found)
