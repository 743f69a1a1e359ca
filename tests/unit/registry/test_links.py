"""Where the next page of a list is."""

import pytest

from provider.registry.links import following
from provider.registry.origin import of_registry

WHERE = of_registry("https", "reg.example")
PATH = "/v2/team/app/referrers/sha256:a"


@pytest.mark.parametrize(
    ("header", "page"),
    [
        ("", ""),
        (f'<{PATH}?last=b>; rel="next"', f"{PATH}?last=b"),
        (f"<{PATH}>; rel=next", f"{PATH}"),
        (f'<https://reg.example{PATH}?n=1&last=b>; rel="next"', f"{PATH}?n=1&last=b"),
        ('<sha256:a?page=2>; rel="next"; title="x"', ""),
        ('<?page=2>; rel="next"', f"{PATH}?page=2"),
        ('</v2/team/app/referrers/sha256%3Aa?last=b%3Ac>; rel="next"', f"{PATH}?last=b%3Ac"),
        (f'<https://reg.example:443{PATH}>; rel="next"', f"{PATH}"),
        (f'<{PATH}?last=a>; rel="prev", <{PATH}?last=c>; rel="next"', f"{PATH}?last=c"),
        (f'<{PATH}?last=c>; rel="next", <{PATH}?last=d>; rel="last"', f"{PATH}?last=c"),
        (f'<{PATH}?last=b>; type="a, b; rel=prev"; rel="last next"', f"{PATH}?last=b"),
        (f"<{PATH}?last=b>; REL=Next", f"{PATH}?last=b"),
        (f"<{PATH}?last=b,c>;rel=next", f"{PATH}?last=b,c"),
    ],
)
def test_next_page_is_on_the_same_list(header, page):
    if "title" in header:
        # Relative to the list: `sha256:` looks like a scheme, so it leads elsewhere.
        with pytest.raises(ValueError):
            following(header, WHERE, PATH)
    else:
        assert following(header, WHERE, PATH) == page


@pytest.mark.parametrize(
    "header",
    [
        "x",
        f'<{PATH}a>; rel="prev"',
        f'<https://evil.example{PATH}a>; rel="next"',
        f'<http://reg.example{PATH}a>; rel="next"',
        f'<https://user@reg.example{PATH}a>; rel="next"',
        f'<//evil.example{PATH}a>; rel="next"',
        '</v2/other/referrers/a>; rel="next"',
        f'<{PATH}../../../../token>; rel="next"',
        f'<{PATH}/%2E%2E/%2E%2E/manifests/1>; rel="next"',
        '</v2/team/app/referrers/sha256:b>; rel="next"',
        '</v2/team/app/referrers/sha256%253Aa>; rel="next"',
        '</v2/team/app/referrers/sha256%3Aa%2F..>; rel="next"',
        '</token>; rel="next"',
        # Whole URLs come out of joining as they are, dots and all.
        f'<https://reg.example{PATH}../../../../token>; rel="next"',
        f'<https://reg.example{PATH}..>; rel="next"',
        f'<//reg.example{PATH}../x>; rel="next"',
        f'<https://reg.example{PATH}a/../../b?last=1>; rel="next"',
        f'<{PATH}{"a" * 3000}>; rel="next"',
        f'<https://reg.example:99999{PATH}a>; rel="next"',
        f'<https://[::1{PATH}a>; rel="next"',
        f'<{PATH}a b>; rel="next"',
        f'<{PATH}?last=a>; rel="prev", <https://evil.example{PATH}>; rel="next"',
        f'<{PATH}?last=a>; rel="next',
        f'<{PATH}?last=a>; rel="nextish"',
        f'<{PATH}?last=a>; title="rel=next"',
        f'<{PATH}?last=a>; rel="next" x',
        "<a>; rel=x, " * 2000,
    ],
)
def test_page_elsewhere_is_refused(header):
    with pytest.raises(ValueError):
        following(header, WHERE, PATH)
