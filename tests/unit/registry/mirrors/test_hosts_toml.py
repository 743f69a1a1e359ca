"""`hosts.toml` as containerd reads it."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider import limits
from provider.errors import FileError
from provider.registry.mirrors import hosts_toml
from provider.registry.origin import Origin
from provider.registry.transport.connection import KeyPair

FOLDER = Path("/etc/certs.d/reg.io")
BOTH = frozenset({"pull", "resolve", "push"})


def parse(text):
    return hosts_toml.parse(text.encode(), FOLDER)


def host(fields="", url="https://mirror.io"):
    """The one host of a file, and the problems."""
    found = parse(f'[host."{url}"]\n{fields}\n')
    return found.entries[0] if len(found.entries) > 1 else None, found.problems


class TestPlaces:
    @pytest.mark.parametrize(
        ("url", "where", "root"),
        [
            ("https://mirror.io", Origin("https", "mirror.io", 443), "/v2"),
            ("http://mirror.io", Origin("http", "mirror.io", 80), "/v2"),
            ("mirror.io:5000", Origin("https", "mirror.io", 5000), "/v2"),
            ("https://Mirror.io/", Origin("https", "mirror.io", 443), "/v2"),
            ("https://mirror.io/v2/", Origin("https", "mirror.io", 443), "/v2"),
            ("https://mirror.io/hub", Origin("https", "mirror.io", 443), "/hub/v2"),
            ("https://mirror.io/v2/hub", Origin("https", "mirror.io", 443), "/v2/hub/v2"),
            ("https://mirror.io/a//b/../c", Origin("https", "mirror.io", 443), "/a/c/v2"),
            ("http://[::1]:5000", Origin("http", "::1", 5000), "/v2"),
            ("https://192.0.2.1:5000", Origin("https", "192.0.2.1", 5000), "/v2"),
        ],
    )
    def test_url_says_where_a_host_is_and_where_its_api_begins(self, url, where, root):
        found, problems = host(url=url)
        assert (found.where, found.root, problems) == (where, root, ())

    @pytest.mark.parametrize(
        ("url", "root"),
        [("https://mirror.io", ""), ("https://mirror.io/", ""), ("https://mirror.io/v2/hub/", "/v2/hub")],
    )
    def test_override_path_takes_the_path_as_it_is(self, url, root):
        assert host("override_path = true", url)[0].root == root

    def test_order_is_that_of_the_file_and_the_server_is_last(self):
        found = parse('server = "https://last.io"\n[host."https://z.io"]\n[host."https://a.io"]\n')
        assert [entry.where.host for entry in found.entries] == ["z.io", "a.io", "last.io"]

    def test_without_a_server_the_registry_itself_is_last_with_all_it_can(self):
        found = parse('capabilities = ["pull"]\n[host."https://a.io"]\n')
        assert found.entries[1].where is None
        assert found.entries[1].capabilities == BOTH

    def test_fields_at_the_top_are_the_servers(self):
        found = parse('server = "https://last.io"\ncapabilities = ["pull"]\nca = "ca.pem"\nskip_verify = true\n')
        (server,) = found.entries
        assert (server.capabilities, server.ca, server.skip_verify) == ({"pull"}, (FOLDER / "ca.pem",), True)


class TestFields:
    @pytest.mark.parametrize(
        ("text", "capabilities"),
        [
            ("", BOTH),
            ("capabilities = []", BOTH),
            ('capabilities = ["Pull"]', {"pull"}),
            ('capabilities = ["resolve", "push"]', {"resolve", "push"}),
        ],
    )
    def test_capabilities(self, text, capabilities):
        assert host(text)[0].capabilities == capabilities

    @pytest.mark.parametrize(
        ("text", "files"),
        [('ca = "ca.pem"', ["ca.pem"]), ('ca = ["/x/a.pem", "b/c.pem"]', ["/x/a.pem", "b/c.pem"]), ("ca = []", [])],
    )
    def test_authorities(self, text, files):
        assert host(text)[0].ca == tuple(FOLDER / file for file in files)

    @pytest.mark.parametrize(
        ("text", "pairs"),
        [
            ('client = "c.pem"', [("c.pem", "c.pem")]),
            ('client = ["c.pem", "/d.pem"]', [("c.pem", "c.pem"), ("/d.pem", "/d.pem")]),
            ('client = [["c.cert", "c.key"], ["d.pem", ""]]', [("c.cert", "c.key"), ("d.pem", "d.pem")]),
        ],
    )
    def test_client_certificates(self, text, pairs):
        assert host(text)[0].client == tuple(KeyPair(FOLDER / one, FOLDER / other) for one, other in pairs)

    @pytest.mark.parametrize(
        ("text", "seconds"),
        [("", None), ("500ms", 0.5), ("1.5s", 1.5), ("1m30s", 90.0), ("1h", 3600.0), ("0s", None)],
    )
    def test_dial_timeout_is_a_duration_of_go(self, text, seconds):
        assert host(f'dial_timeout = "{text}"')[0].connect_seconds == pytest.approx(seconds)

    def test_headers_are_texts_and_stay_out_of_what_is_printed(self):
        found, _ = host('header = {authorization = "Basic c2VjcmV0", x-list = ["a", "b"]}')
        assert found.headers == {"Authorization": "Basic c2VjcmV0", "X-List": "a, b"}
        assert "c2VjcmV0" not in repr(found)


class TestFaults:
    @pytest.mark.parametrize(
        ("fields", "why"),
        [
            ('capabilities = ["fly"]', "`capabilities` has 'fly'"),
            ("capabilities = 3", "`capabilities` is no text or list of texts"),
            ("capabilities = [3]", "`capabilities` is no text or list of texts"),
            ("ca = 3", "`ca` is no text or list of texts"),
            ('ca = ""', "`ca` has an empty path"),
            ("client = 3", "`client` is no path"),
            ('client = [["one"]]', "`client` has an entry"),
            ('client = [["a", "b", "c"]]', "`client` has an entry"),
            ("client = [3]", "`client` has an entry"),
            ('skip_verify = "yes"', "`skip_verify` is neither true nor false"),
            ("override_path = 1", "`override_path` is neither"),
            ("header = 3", "`header` is no table"),
            ("header = {x = 3}", "`header.x` is no text"),
            ('header = {"a b" = "c"}', "`header` has 'a b'"),
            ('header = {x = "a\\r\\nb: c"}', "`header` has 'x', which cannot be sent"),
            ('header = {Host = "other.io"}', "which is not for a file to say"),
            ('dial_timeout = "soon"', "`dial_timeout` is no duration"),
            ("dial_timeout = 3", "`dial_timeout` is no duration"),
        ],
    )
    def test_host_that_cannot_be_used_is_passed_over_and_named(self, fields, why):
        found, problems = host(fields)
        assert found is None
        (problem,) = problems
        assert problem.startswith("host 'https://mirror.io': ")
        assert why in problem

    @pytest.mark.parametrize(
        "url",
        [
            "ftp://mirror.io",
            "https://",
            "https://mirror.io:port",
            "https://mirror.io/v2?x",
            "https://mirror.io/v2#x",
            "https://mirror.io/a b",
            "httpmirror.io",
        ],
    )
    def test_url_that_is_none_is_passed_over(self, url):
        assert host(url=url)[0] is None

    @pytest.mark.parametrize(
        "server", ["https://reg.io:99999", "ftp://reg.io", "https://me:hunter2@reg.io", "https://[::1"]
    )
    def test_server_that_is_no_url_is_named_as_such(self, server):
        with pytest.raises(FileError) as caught:
            hosts_toml.parse(f'server = "{server}"'.encode(), Path("/certs.d/reg.io"))
        assert str(caught.value).startswith("`server` '")
        assert "hunter2" not in str(caught.value)

    def test_password_in_a_url_is_not_shown(self):
        found, problems = host(url="https://me:hunter2@mirror.io")
        assert found is None
        assert "hunter2" not in " ".join(problems)

    def test_hosts_beside_a_bad_one_are_used(self):
        found = parse('[host."https://a.io"]\nca = 3\n[host."https://b.io"]\n')
        assert [entry.where and entry.where.host for entry in found.entries] == ["b.io", None]

    @pytest.mark.parametrize("text", ["speed = 3", '[host."https://mirror.io"]\nspeed = 3'])
    def test_field_that_nobody_knows_is_named(self, text):
        (problem,) = parse(text).problems
        assert "'speed' is no field of a hosts.toml" in problem

    @pytest.mark.parametrize(
        ("content", "why"),
        [
            (b"server = ", "it is no TOML"),
            (b"\xff", "it is no UTF-8"),
            (b"host = 3", "`host` is no table"),
            (b"server = 3", "`server` is no text"),
            (b'server = "ftp://x"', "it is no http or https URL"),
            (b"ca = 3", "`ca` is no text"),
            (b"x = " + b"[" * 30_000, "it is nested too deeply"),
            (b"a." * 30_000 + b"a = 1", "it is nested too deeply"),
            (b"x = " + b"1" * 5_000, "it has a number that nobody can read"),
            (b"".join(b'[host."https://h%d.io"]\n' % number for number in range(9)), "it has 9 hosts, more than 8"),
        ],
    )
    def test_file_of_which_nothing_can_be_used(self, content, why):
        with pytest.raises(FileError) as caught:
            hosts_toml.parse(content, FOLDER)
        assert why in str(caught.value)
        assert str(caught.value).isprintable()

    @given(st.binary(max_size=200))
    def test_any_bytes_are_a_file_or_none(self, content):
        with contextlib.suppress(FileError):
            assert hosts_toml.parse(content, FOLDER).entries

    @given(
        st.dictionaries(
            st.sampled_from(["capabilities", "ca", "client", "skip_verify", "dial_timeout", "override_path", "header"]),
            st.recursive(
                st.booleans() | st.integers(0, 9) | st.sampled_from(["pull", "a.pem", "1s", ""]),
                lambda inner: st.lists(inner, max_size=3),
                max_leaves=4,
            ),
        )
    )
    def test_any_values_make_a_host_or_a_problem(self, fields):
        def toml(value):
            return f"[{', '.join(map(toml, value))}]" if isinstance(value, list) else _scalar(value)

        found, problems = host("\n".join(f"{name} = {toml(value)}" for name, value in fields.items()))
        assert (found is None) == bool(problems)


def _scalar(value):
    if isinstance(value, str):
        return f'"{value}"'
    return str(value).lower()


def test_number_of_hosts_in_the_message_is_the_limit():
    assert limits.REGISTRY_HOSTS == 8


class TestProxy:
    def test_proxy_of_a_host(self):
        found, problems = host('proxy = "socks5h://me:secret@proxy.lab"')
        assert (str(found.proxy), found.proxy.password, problems) == ("socks5h://proxy.lab:1080", "secret", ())

    def test_proxy_that_is_none_is_named_without_its_password(self):
        found, (problem,) = host('proxy = "ftp://me:hunter2@proxy.lab"')
        assert found is None
        assert "`proxy` must be http://" in problem
        assert "hunter2" not in problem
