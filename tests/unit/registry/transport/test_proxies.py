"""Which proxy is for whom."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider.errors import SettingsError
from provider.registry import origin
from provider.registry.transport import proxies
from provider.registry.transport.proxies import DIRECT, NO_PROXY, NoProxy, Proxies, Proxy

ONE, OTHER = Proxy("http", "one.lab", 3128), Proxy("http", "other.lab", 3128)


class TestURL:
    @pytest.mark.parametrize(
        ("text", "proxy"),
        [
            ("http://Proxy.lab:3128", Proxy("http", "proxy.lab", 3128)),
            ("proxy.lab:3128", Proxy("http", "proxy.lab", 3128)),
            ("https://proxy.lab", Proxy("https", "proxy.lab", 443)),
            ("http://proxy.lab/", Proxy("http", "proxy.lab", 80)),
            ("socks5h://[::1]:1081", Proxy("socks5h", "::1", 1081)),
            ("socks4://192.0.2.1", Proxy("socks4", "192.0.2.1", 1080)),
            ("http://me:s3%20cret%40@proxy.lab:1", Proxy("http", "proxy.lab", 1, "me", "s3 cret@")),
            ("none", NO_PROXY),
        ],
    )
    def test_proxy_is_read(self, text, proxy):
        assert proxies.read(text) == proxy

    @pytest.mark.parametrize(
        "text",
        [
            "ftp://me:hunter2@proxy.lab",
            "http://me:hunter2@",
            "http://me:hunter2@proxy.lab:port",
            "http://me:hunter2@proxy.lab/path",
            "http://me:hunter2@proxy.lab?x",
            "http://me:hunter2@pröxy.lab",
            "http://me:hunter2@proxy.lab\r\nx",
            "",
        ],
    )
    def test_what_is_none_is_refused_without_being_shown(self, text):
        with pytest.raises(ValueError, match="must be http://") as caught:
            proxies.read(text)
        assert "hunter2" not in str(caught.value)

    def test_secret_is_not_printed(self):
        proxy = proxies.read("http://somebody:hunter2@proxy.lab:3128")
        assert str(proxy) == "http://proxy.lab:3128"
        assert "hunter2" not in repr(proxy)
        assert "somebody" not in repr(proxy)

    @given(st.text(max_size=40))
    def test_any_text_is_a_proxy_or_none(self, text):
        try:
            assert str(proxies.read(text))
        except ValueError as error:
            assert str(error).startswith("must be")  # noqa: PT017


class TestChoice:
    def of(self, url, **environment):
        return proxies.choose(None, NoProxy(), environment).of(origin.of_url(url))

    def test_setting_is_for_all_and_the_environment_is_not_read(self):
        environment = {"https_proxy": "http://other.lab:3128", "no_proxy": "*"}
        chosen = proxies.choose(ONE, NoProxy(), environment)
        assert chosen == Proxies(ONE, ONE)
        assert proxies.choose(NO_PROXY, NoProxy(), environment) == DIRECT

    @pytest.mark.parametrize(
        ("environment", "https", "http"),
        [
            ({}, None, None),
            ({"HTTPS_PROXY": "http://one.lab:3128"}, ONE, None),
            ({"HTTP_PROXY": "one.lab:3128"}, None, ONE),
            ({"ALL_PROXY": "one.lab:3128"}, ONE, ONE),
            ({"all_proxy": "one.lab:3128", "http_proxy": "other.lab:3128"}, ONE, OTHER),
            ({"HTTPS_PROXY": "other.lab:3128", "https_proxy": "one.lab:3128"}, ONE, None),
            ({"https_proxy": "one.lab:3128", "NO_PROXY": "reg.io"}, None, None),
            ({"https_proxy": "one.lab:3128", "NO_PROXY": "reg.io", "no_proxy": "other.io"}, ONE, None),
            ({"https_proxy": "none", "all_proxy": "one.lab:3128"}, NO_PROXY, ONE),
        ],
    )
    def test_environment(self, environment, https, http):
        assert self.of("https://reg.io", **environment) == https
        assert self.of("http://reg.io", **environment) == http

    def test_setting_for_exceptions_comes_before_that_of_the_environment(self):
        chosen = proxies.choose(None, NoProxy(("reg.io",)), {"https_proxy": "one.lab:3128", "no_proxy": "other.io"})
        assert chosen.of(origin.of_url("https://reg.io")) is None
        assert chosen.of(origin.of_url("https://other.io")) == ONE

    @pytest.mark.parametrize(
        "url", ["http://localhost:5000", "https://a.localhost", "http://127.0.0.2", "http://[::1]"]
    )
    def test_this_machine_is_asked_directly(self, url):
        assert self.of(url, ALL_PROXY="one.lab:3128") is None

    def test_variable_that_names_no_proxy_is_named_without_its_value(self):
        with pytest.raises(SettingsError) as caught:
            proxies.choose(None, NoProxy(), {"HTTPS_PROXY": "ftp://me:hunter2@x"})
        assert caught.value.problems[0].startswith("HTTPS_PROXY: must be http://")
        assert "hunter2" not in caught.value.problems[0]


class TestExceptions:
    @pytest.mark.parametrize(
        ("entry", "url", "direct"),
        [
            ("*", "https://reg.io", True),
            ("reg.io", "https://reg.io", True),
            ("REG.io", "https://reg.io:5000", True),
            ("reg.io", "https://a.reg.io", True),
            ("reg.io", "https://areg.io", False),
            (".reg.io", "https://reg.io", False),
            (".reg.io", "https://a.reg.io", True),
            ("*.reg.io", "https://a.reg.io", True),
            ("reg.io:5000", "https://reg.io:5000", True),
            ("reg.io:5000", "https://reg.io", False),
            ("reg.io:443", "https://reg.io", True),
            ("192.0.2.1", "https://192.0.2.1", True),
            ("192.0.2.1", "https://192.0.2.2", False),
            ("192.0.2.1:5000", "https://192.0.2.1:5000", True),
            ("2001:db8::1", "https://[2001:db8:0::1]", True),
            ("[2001:db8::1]:5000", "https://[2001:db8::1]:5000", True),
            ("[2001:db8::1]:5000", "https://[2001:db8::1]", False),
            ("192.0.2.0/24", "https://192.0.2.77", True),
            ("192.0.2.0/24", "https://192.0.3.77", False),
            ("192.0.2.0/24", "https://reg.io", False),
            ("2001:db8::/32", "https://[2001:db8::1]", True),
            ("192.0.2.0/99", "https://192.0.2.1", False),
        ],
    )
    def test_entry_is_for(self, entry, url, direct):
        assert proxies.exceptions(f" , {entry} ,x.y").names(origin.of_url(url)) == direct

    @pytest.mark.parametrize(
        "entry",
        [
            "10.0.0.0/99",
            "10.0.0/8",
            "10.0.0.0/",
            "10.0.0.0/255.0.0.0",
            "2001:db8::/129",
            "https://reg.io",
            "reg.io/team",
            "reg.io:port",
            "reg.io:0",
            "reg.io:99999",
            "reg.io other.io",
            "10.0.0.*",
            "reg.*.io",
            "[2001:db8::1",
            "2001:db8::zz",
            "r\u00e9g.io",
            "reg.io.",
            ".",
            ":443",
        ],
        ids=ascii,
    )
    def test_entry_that_names_nobody_is_named_and_spoils_no_neighbour(self, entry):
        found = proxies.exceptions(f"one.io,{entry},other.io")
        [problem] = found.problems
        assert problem.startswith("no_proxy has '")
        assert "a network (10.0.0.0/8)" in problem
        for url in ("https://one.io", "https://other.io"):
            assert found.names(origin.of_url(url))

    @pytest.mark.parametrize(
        "text",
        ["", "*", ".svc,.cluster.local", "10.0.0.1/8", "::1,[::1]:1,fe80::/10", "a_b.lab:1", "*.reg.io", "*reg.io"],
    )
    def test_what_go_takes_is_no_problem(self, text):
        assert not proxies.exceptions(text).problems

    def test_password_in_an_entry_is_not_shown(self):
        [problem] = proxies.exceptions("http://me:hunter2@reg.io").problems
        assert "hunter2" not in problem

    def test_variable_is_named_as_it_is_written(self):
        chosen = proxies.choose(None, NoProxy(), {"HTTPS_PROXY": "one.lab:1", "NO_PROXY": "10.0.0.0/99"})
        assert chosen.exceptions.problems[0].startswith("the variable NO_PROXY has '10.0.0.0/99', which names nobody")
        spoiled = proxies.choose(None, proxies.exceptions("10.0.0.0/99"), {"HTTPS_PROXY": "one.lab:1", "NO_PROXY": "*"})
        assert spoiled.of(origin.of_url("https://reg.io")) is not None
        assert spoiled.exceptions.problems[0].startswith("no_proxy has")

    @given(st.text(max_size=30), st.sampled_from(["https://reg.io", "http://192.0.2.1:5000", "https://[2001:db8::1]"]))
    def test_any_text_says_yes_or_no(self, text, url):
        assert proxies.exceptions(text).names(origin.of_url(url)) in {True, False}
