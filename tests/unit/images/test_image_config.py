"""What a configuration says of itself."""

import pytest

from provider.errors import ImageError
from provider.images.image_config import ImageConfig, read
from provider.reasons import Reason
from provider.registry.content.manifest import Platform


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"{}", ImageConfig(None, Platform())),
        (
            b'{"created": "x", "os": "linux", "architecture": "arm", "variant": "v7", "os.version": "1"}',
            ImageConfig("x", Platform("linux", "arm", "v7", "1")),
        ),
        (b'{"created": 1700000000, "os": 7}', ImageConfig(None, Platform())),
        (b'{"created": null}', ImageConfig(None, Platform())),
        (b'{"created": ""}', ImageConfig("", Platform())),
        (b'{"Created": "x", "OS": "linux"}', ImageConfig("x", Platform("linux"))),
        (b'{"created": "old", "CREATED": "new"}', ImageConfig("new", Platform())),
        (b'{"created": "old", "created": null}', ImageConfig("old", Platform())),
        (b'{"config": {"created": "x"}}', ImageConfig(None, Platform())),
    ],
)
def test_configuration_is_read_as_runtimes_read_it(body, expected):
    assert read(body, "configuration of reg.io/app") == expected


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b"null", b'"x"', b"7", b"[" * 50, b"\xef\xbb\xbf{}"])
def test_configuration_that_is_no_object_is_refused(body):
    with pytest.raises(ImageError) as caught:
        read(body, "configuration of reg.io/app")
    assert caught.value.reason is Reason.CONTENT_INVALID
    assert "reg.io/app" in caught.value.message


@pytest.mark.parametrize("body", [b"[" * 100_000, b"[" * 101 + b"]" * 101, b'{"x": [' + b"{}," * 50_000 + b"{}]}"])
def test_configuration_that_holds_more_than_anybodys_is_refused(body):
    with pytest.raises(ImageError) as caught:
        read(body, "configuration of reg.io/app")
    assert caught.value.reason is Reason.LIMIT_EXCEEDED
    assert caught.value.message.startswith("configuration of reg.io/app: it ")


def test_heavy_part_that_nobody_reads_does_not_matter():
    body = b'{"os": "linux", "vendor": [' + b"{}," * 32_000 + b"{}]}"
    assert read(body, "configuration of reg.io/app") == ImageConfig(None, Platform("linux"))
