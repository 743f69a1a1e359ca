"""A short cut past the patterns never lets a secret through."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from provider.telemetry import redaction

_PIECES = st.sampled_from(
    [
        "-----BEGIN PRIVATE KEY-----",
        "Basic ",
        "BEARER ",
        "https://",
        "u:p@",
        "?q=1",
        "PassWord=",
        "passwd:",
        "ToKen=",
        "secret",
        "abcdef",
        " ",
        "\u017fecret=abcdef",
    ]
)


@given(st.lists(_PIECES | st.text(max_size=5), max_size=6).map("".join))
def test_text_comes_out_as_all_patterns_leave_it(text: str) -> None:
    wanted = text
    for secret in redaction._SECRET_TEXTS:
        wanted = secret.pattern.sub(secret.replacement, wanted)
    assert redaction.redact(None, "", {"msg": text}) == {"msg": wanted}
