"""Where redirects may lead."""

from dataclasses import replace

import pytest

from provider import limits
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.content import media_types
from provider.registry.content.manifest import Descriptor
from provider.registry.credentials.credential import Credential
from provider.registry.reference import parse
from provider.registry.settings import RegistrySettings

IMAGE = parse("reg.io/team/app:v1")
ME = Credential("me", "secret")


@pytest.fixture
def blob(registry):
    """The descriptor of an image's configuration."""
    digest = registry.push_image("team/app", "v1").config
    body = next(body for _, _, name, body in registry.documents() if name == digest)
    return Descriptor(media_types.OCI_CONFIG, digest, len(body))


@pytest.fixture
def fetch(run, client, make_call, blob):
    """Fetches the blob, as nobody or with credentials."""

    def fetch(client=client, **credentials):
        return run(client.blob(IMAGE, blob, limits.CONFIG_BYTES, make_call(**credentials)))

    return fetch


@pytest.fixture
def refused(fetch):
    def refused(*args, **kwargs):
        with pytest.raises(ImageError) as caught:
            fetch(*args, **kwargs)
        return caught.value

    return refused


def hosts(registry):
    return [asked.host for asked in registry.requests]


def test_blob_is_read_from_where_the_registry_keeps_it(fetch, registry):
    registry.blob_location = lambda digest: f"https://store.io/store/{digest}?signature=s"
    assert fetch()
    assert hosts(registry) == ["reg.io", "store.io"]
    assert registry.requests[1].query == {"signature": ["s"]}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_every_kind_of_redirect_is_followed_by_the_same_method(fetch, registry, blob, status):
    registry.fail("blob", status, headers={"Location": f"https://store.io/store/{blob.digest}"})
    assert fetch()
    assert [asked.method for asked in registry.requests] == ["GET", "GET"]


def test_proof_of_the_right_to_read_follows_as_head(run, client, registry, blob, call):
    registry.blob_location = lambda digest: f"https://store.io/store/{digest}"
    run(client.prove_blob(IMAGE, blob, call))
    assert [asked.method for asked in registry.requests] == ["HEAD", "HEAD"]


def test_relative_redirect_stays_with_the_registry(fetch, registry):
    registry.blob_location = lambda digest: f"/store/{digest}"
    assert fetch()
    assert hosts(registry) == ["reg.io", "reg.io"]


@pytest.mark.parametrize(
    "where", ["https://store.io", "https://reg.io:8443", "https://sub.reg.io", "https://reg.io.evil.io"]
)
def test_authorization_is_not_sent_to_another_origin(fetch, registry, where):
    registry.challenge, registry.authorizations = 'Basic realm="x"', {ME.basic}
    registry.blob_location = lambda digest: f"{where}/store/{digest}"
    fetch(reg_io=ME)
    assert "Authorization" in registry.requests[1].headers
    assert "Authorization" not in registry.requests[2].headers


def test_authorization_goes_along_to_the_same_origin_and_does_not_come_back(fetch, registry, blob):
    registry.challenge, registry.authorizations = 'Basic realm="x"', {ME.basic}
    registry.blob_location = lambda digest: f"https://reg.io:443/store/{digest}"
    fetch(reg_io=ME)
    assert registry.requests[2].headers["Authorization"] == ME.basic
    registry.requests.clear()
    registry.blob_location = lambda digest: f"https://store.io/store/{digest}"
    registry.fail("store", 302, headers={"Location": f"https://reg.io/store/{blob.digest}"}, times=1)
    fetch(reg_io=ME)
    assert ["Authorization" in asked.headers for asked in registry.requests] == [True, False, False]


def test_redirect_from_tls_to_plain_http_is_refused(refused, registry):
    registry.blob_location = lambda digest: f"http://reg.io/store/{digest}"
    assert refused().reason is Reason.ADDRESS_REFUSED
    assert len(registry.requests) == 1


def test_redirect_from_tls_to_an_insecure_registry_is_refused(refused, registry, make_client):
    registry.blob_location = lambda digest: f"http://other.io:5000/store/{digest}"
    settings = RegistrySettings(insecure_registries=frozenset({"other.io:5000"}))
    assert refused(make_client(settings)).reason is Reason.ADDRESS_REFUSED


def test_insecure_registry_may_redirect_to_itself_only(fetch, refused, registry, make_client):
    client = make_client(RegistrySettings(insecure_registries=frozenset({"reg.io"})))
    registry.blob_location = lambda digest: f"http://reg.io/store/{digest}"
    assert fetch(client)
    registry.blob_location = lambda digest: f"http://other.io/store/{digest}"
    assert refused(client).reason is Reason.ADDRESS_REFUSED


@pytest.mark.parametrize(
    "location",
    [
        "",
        "ftp://store.io/x",
        "file:///etc/passwd",
        "https://",
        "https://me:pw@store.io/x",
        "https://store.io:x/",
        "https://store.io:99999/",
        "https://[/x",
        "https://[:24:611]:80/a",
        "https://rég.io\udcff/",
        "javascript:alert(1)",
    ],
)
def test_redirect_to_nowhere_is_an_error_of_the_registry(refused, registry, location):
    registry.blob_location = lambda _: location
    assert refused().reason is Reason.REGISTRY_UNAVAILABLE
    assert set(hosts(registry)) == {"reg.io"}


def test_redirect_without_a_location_is_an_error_of_the_registry(refused, registry):
    registry.fail("blob", 302)
    assert refused().reason is Reason.REGISTRY_UNAVAILABLE


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("https://store.io/a b", "/a%20b"),
        ("https://store.io/é", "/%C3%A9"),
        ("https://store.io/a\r\nX-Evil: 1", "/a%0D%0AX-Evil:%201"),
        ("https://store.io/a%2Fb", "/a%2Fb"),
        ("https://store.io", "/"),
        ("https://store.io/a#fragment", "/a"),
    ],
)
def test_location_becomes_a_request_without_a_way_out_of_its_line(refused, registry, location, path):
    registry.blob_location = lambda _: location
    refused()
    assert registry.requests[1].path == path


def test_redirects_end(refused, registry):
    registry.fail("any", 302, headers={"Location": "https://reg.io/round"})
    error = refused()
    assert error.reason is Reason.REGISTRY_UNAVAILABLE
    assert "redirects more than" in error.message
    assert len(registry.requests) == limits.REDIRECTS + 1


def test_content_from_elsewhere_is_checked_as_well(refused, registry):
    registry.blob_location = lambda digest: f"https://store.io/store/{digest}"
    registry.fail("store", 200, body=b"other content")
    error = refused()
    assert error.reason is Reason.REGISTRY_UNAVAILABLE
    assert "does not match its digest" in error.message


def test_url_of_a_blob_store_stands_in_no_error(refused, registry):
    registry.blob_location = lambda digest: f"https://store.io/store/{digest}?signature=secret"
    registry.fail("store", 403)
    assert "secret" not in str(refused())


def test_four_redirects_are_followed(fetch, registry, blob):
    for number in range(1, 4):
        where = f"https://store{number}.io/store/{blob.digest}"
        registry.fail("store", 307, headers={"Location": where}, times=1)
    registry.blob_location = lambda digest: f"https://store0.io/store/{digest}"
    assert fetch()
    assert hosts(registry) == ["reg.io", "store0.io", "store1.io", "store2.io", "store3.io"]


def test_who_leads_to_a_registry_that_is_busy_does_not_close_it(refused, run, client, make_call, registry, blob):
    registry.blob_location = lambda digest: f"https://store.io/store/{digest}"
    registry.fail("store", 429, headers={"Retry-After": "60"}, times=1)
    assert refused().reason is Reason.THROTTLED
    own = parse("store.io/team/app:v1")
    registry.blob_location = None
    assert run(client.blob(own, blob, limits.CONFIG_BYTES, make_call()))


class TestOtherRegistry:
    """A redirect to a registry that wants a token of its own."""

    @pytest.fixture(autouse=True)
    def world(self, registry, blob):
        self.where = f"https://other.io/v2/elsewhere/app/blobs/{blob.digest}"
        registry.push_image("elsewhere/app", "v1")
        registry.require_token("https://other.io/token")
        registry.public = {"team/app"}
        registry.fail("blob", 307, headers={"Location": self.where}, match="/team/app/")

    def test_token_is_fetched_for_where_it_leads_and_kept(self, fetch, registry):
        assert fetch()
        assert hosts(registry) == ["reg.io", "other.io", "other.io", "other.io"]
        [token] = [asked for asked in registry.requests if asked.kind == "token"]
        assert token.query["scope"] == ["repository:elsewhere/app:pull"]
        registry.requests.clear()
        assert fetch()
        assert hosts(registry) == ["reg.io", "other.io"]

    def test_token_is_anybodys_and_no_credential_goes_along(self, fetch, registry):
        assert fetch(reg_io=ME, other_io=ME)
        assert not [asked for asked in registry.requests if "Basic" in asked.headers.get("Authorization", "")]

    def test_token_does_not_come_back_to_who_redirected(self, fetch, registry):
        assert fetch()
        registry.requests.clear()
        assert fetch()
        assert ["Authorization" in asked.headers for asked in registry.requests] == [False, True]

    def test_basic_is_not_answered_by_a_stranger(self, refused, registry):
        registry.challenge = 'Basic realm="x"'
        assert refused(reg_io=ME, other_io=ME).reason is Reason.UNAUTHORIZED
        assert all("Authorization" not in asked.headers for asked in registry.requests)

    @pytest.mark.parametrize("pair", [("reg.io", "other.io"), ("reg.io:443", "other.io:443")])
    def test_credential_goes_along_to_a_host_of_the_same_owner(self, fetch, registry, make_client, pair):
        fetch(make_client(RegistrySettings(credential_hosts=frozenset({pair}))), reg_io=ME)
        [token] = [asked for asked in registry.requests if asked.kind == "token"]
        assert token.headers["Authorization"] == ME.basic

    @pytest.mark.parametrize("pair", [("other.io", "reg.io"), ("reg.io", "other.io:5000"), ("third.io", "other.io")])
    def test_credential_goes_along_to_no_other(self, fetch, registry, make_client, pair):
        fetch(make_client(RegistrySettings(credential_hosts=frozenset({pair}))), reg_io=ME)
        [token] = [asked for asked in registry.requests if asked.kind == "token"]
        assert "Authorization" not in token.headers

    def test_confined_credential_goes_along_to_nobody(self, fetch, registry, make_client):
        settings = RegistrySettings(credential_hosts=frozenset({("reg.io", "other.io")}))
        fetch(make_client(settings), reg_io=replace(ME, confined=True))
        [token] = [asked for asked in registry.requests if asked.kind == "token"]
        assert "Authorization" not in token.headers

    def test_token_service_without_tls_is_not_asked(self, refused, registry):
        registry.require_token("http://other.io/token")
        assert refused().reason is Reason.UNAUTHORIZED
        assert all(asked.kind != "token" for asked in registry.requests)

    def test_registries_that_send_us_round_come_to_an_end(self, refused, registry):
        registry.faults.clear()
        registry.fail("blob", 307, headers={"Location": self.where})
        assert "redirects more than" in refused().message
        assert len(registry.requests) <= 3 * (limits.REDIRECTS + 1)
