"""ECR by the real botocore: who we are, and that it speaks with nobody but its cloud."""

import pytest

from provider.registry.clouds import amazon, places
from provider.registry.clouds.amazon import AmazonLibrary
from provider.registry.clouds.cloud import CloudError
from provider.registry.credentials.credential import Credential
from provider.registry.origin import of_url
from tests.simulators.clouds import ECR_PASSWORD, HOUR, NOW

ECR = places.find("123456789012.dkr.ecr.us-east-2.amazonaws.com")
PUBLIC = places.find("public.ecr.aws")
API = "POST https://api.ecr.us-east-2.amazonaws.com/"


@pytest.fixture(autouse=True)
def botocore(library):
    library("ecr", amazon.EXTRA)


@pytest.fixture(autouse=True)
def no_sockets(monkeypatch):
    """Whatever does not go through the web of the test fails it."""

    def refuse(*_, **__):
        raise AssertionError("a request that does not go through `Web`")

    monkeypatch.setattr("urllib3.connectionpool.HTTPConnectionPool.urlopen", refuse)


@pytest.fixture
def irsa(monkeypatch, token_file):
    """As the webhook of EKS sets it."""
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/bestbefore")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token_file))
    monkeypatch.setenv("AWS_REGION", "eu-west-1")


def test_role_of_a_service_account_gives_a_token(irsa, api):
    token = AmazonLibrary(api).token(ECR)
    principal = "ecr us-east-2 arn:aws:iam::123456789012:role/bestbefore"
    assert token.credential == Credential("AWS", ECR_PASSWORD, principal=principal, confined=True)
    assert token.credential.name == "ecr"
    assert token.ends_at == (NOW + 12 * HOUR).timestamp()
    assert api.asked == ["POST https://sts.eu-west-1.amazonaws.com/", API]
    assert "WebIdentityToken=header.claims-of-the-pod.signature" in api.sent[0][1]


def test_role_is_assumed_once_for_all_regions_and_the_public_registry(irsa, api):
    library = AmazonLibrary(api)
    for place in (ECR, PUBLIC, ECR):
        assert library.token(place).credential.password == ECR_PASSWORD
    assert api.asked == [
        "POST https://sts.eu-west-1.amazonaws.com/",
        API,
        "POST https://api.ecr-public.us-east-1.amazonaws.com/",
        API,
    ]


@pytest.mark.parametrize("host", ["169.254.170.23", "[fd00:ec2::23]"])
def test_pod_identity_gives_a_token(monkeypatch, token_file, api, host):
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://{host}/v1/credentials")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(token_file))
    assert AmazonLibrary(api).token(ECR).credential.password == ECR_PASSWORD
    assert api.asked == [f"GET http://{host}/v1/credentials", API]
    assert api.sent[0][0]["Authorization"] == token_file.read_text()


def test_role_of_the_node_gives_a_token(api):
    assert AmazonLibrary(api).token(ECR).credential.password == ECR_PASSWORD
    assert [asked.split("/latest")[0] for asked in api.asked] == [
        "PUT http://169.254.169.254",
        "GET http://169.254.169.254",
        "GET http://169.254.169.254",
        API,
    ]


def test_all_that_it_asks_is_allowed(irsa, api):
    library = AmazonLibrary(api)
    for region in ("us-east-2", "cn-north-1", "us-gov-west-1", "eu-central-1"):
        domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        library.token(places.find(f"123456789012.dkr.ecr.{region}.{domain}"))
    assert all(amazon.allowed(of_url(asked.split()[1])) for asked in api.asked)


def test_files_of_a_home_directory_are_not_read(monkeypatch, tmp_path, api):
    """They may name programs."""
    config = tmp_path / "config"
    config.write_text(f"[default]\ncredential_process = touch {tmp_path}/ran\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "default")
    AmazonLibrary(api).token(ECR)
    assert not (tmp_path / "ran").exists()


def test_region_that_is_none_costs_no_request(irsa, api):
    with pytest.raises(CloudError, match="knows no region zz-evil-1"):
        AmazonLibrary(api).token(places.find("123456789012.dkr.ecr.zz-evil-1.amazonaws.com"))
    assert api.asked == []


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("AccessDeniedException", "give it ecr:GetAuthorizationToken"),
        ("UnrecognizedClientException", "does the role trust the issuer"),
        ("SomethingElse", r"Amazon refused \(status 400\)"),
    ],
)
def test_refusal_says_what_to_do_and_nothing_that_amazon_wrote(irsa, api, code, sentence):
    api.fail("api.ecr.", 400, f'{{"__type": "{code}", "message": "foreign text"}}')
    with pytest.raises(CloudError, match=sentence) as caught:
        AmazonLibrary(api).token(ECR)
    assert "foreign" not in str(caught.value)


def test_role_that_may_not_be_assumed_is_told(irsa, api):
    body = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>foreign text</Message></Error></ErrorResponse>"
    api.fail("sts.", 403, body)
    with pytest.raises(CloudError, match="let it be assumed from here"):
        AmazonLibrary(api).token(ECR)


def test_nobody_is_told_how_to_be_somebody(api):
    api.fail("169.254.169.254", 404, "")
    with pytest.raises(CloudError, match=r"eks\.amazonaws\.com/role-arn"):
        AmazonLibrary(api).token(ECR)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{}",
        "no json",
        "[]",
        '{"authorizationData": []}',
        '{"authorizationData": [{"authorizationToken": "secret"}]}',
        '{"authorizationData": [{"authorizationToken": "????", "expiresAt": 1}]}',
        '{"authorizationData": [{"authorizationToken": "QVdTOnNlY3JldA=="}]}',
        '{"authorizationData": [{"authorizationToken": "QVdTOnNlY3JldA==", "expiresAt": "never"}]}',
    ],
)
def test_answer_that_is_none_is_no_token_and_is_not_shown(irsa, api, body):
    """What is no error of ours becomes one on the thread: tests/unit/registry/clouds/test_threads.py."""
    api.say("api.ecr.", body)
    with pytest.raises(Exception) as caught:
        AmazonLibrary(api).token(ECR)
    assert not isinstance(caught.value, CloudError) or "secret" not in str(caught.value)
