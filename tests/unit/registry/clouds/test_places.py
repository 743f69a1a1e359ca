"""Which registries are a cloud's own: whole names, and nobody's that look like them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider.registry.clouds import amazon, azure, google, places
from provider.registry.clouds.places import CloudName, CloudPlace
from provider.registry.origin import of_url

OWN = {
    "123456789012.dkr.ecr.eu-west-1.amazonaws.com": CloudPlace(CloudName.ECR, "eu-west-1"),
    "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com": CloudPlace(CloudName.ECR, "us-gov-west-1"),
    "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn": CloudPlace(CloudName.ECR, "cn-north-1"),
    "123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu": CloudPlace(CloudName.ECR, "eusc-de-east-1"),
    "123456789012.dkr-ecr.ap-southeast-2.on.aws": CloudPlace(CloudName.ECR, "ap-southeast-2"),
    "public.ecr.aws": CloudPlace(CloudName.ECR, "us-east-1", "public.ecr.aws"),
    "gcr.io": CloudPlace(CloudName.GOOGLE),
    "eu.gcr.io": CloudPlace(CloudName.GOOGLE),
    "europe-west4-docker.pkg.dev": CloudPlace(CloudName.GOOGLE),
    "us-docker.pkg.dev": CloudPlace(CloudName.GOOGLE),
    "shop01.azurecr.io": CloudPlace(CloudName.AZURE, host="shop01.azurecr.io"),
    "shop01-b2c3d4e5.azurecr.io": CloudPlace(CloudName.AZURE, host="shop01-b2c3d4e5.azurecr.io"),
    "shop01.azurecr.cn": CloudPlace(CloudName.AZURE, host="shop01.azurecr.cn"),
    "shop01.azurecr.us": CloudPlace(CloudName.AZURE, host="shop01.azurecr.us"),
}


@pytest.mark.parametrize("host", OWN)
def test_registry_of_a_cloud_is_known_with_and_without_its_port(host):
    assert places.find(host) == places.find(f"{host}:443") == OWN[host]


@pytest.mark.parametrize("host", OWN)
@pytest.mark.parametrize(
    "form",
    [
        "{}.attacker.test",
        "evil.{}",
        "{}:444",
        "{}:80",
        "{}:443:443",
        "{}.",
        " {}",
        "{}\n",
        "x{}x",
        "attacker.test/{}",
        "{}@attacker.test",
        "{}%00.attacker.test",
    ],
)
def test_registry_that_looks_like_one_is_nobodys(host, form):
    assert places.find(form.format(host)) is None


@pytest.mark.parametrize(
    "host",
    [
        "azurecr.io",
        ".azurecr.io",
        "evil.azurecr.io.attacker.test",
        "evilazurecr.io",
        "shop01.westeurope.data.azurecr.io",
        "a.b.azurecr.io",
        "shop01.azurecr.de",
        "shop_1.azurecr.io",
        "123456789012.dkr.ecr.attacker.amazonaws.com",
        "123456789012.dkr.ecr.eu-west-1.s3.amazonaws.com",
        "12345678901.dkr.ecr.eu-west-1.amazonaws.com",
        "attacker.dkr.ecr.eu-west-1.amazonaws.com",
        "attacker.s3.eu-west-1.amazonaws.com",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com.attacker",
        "123456789012.dkr.ecr.eu-west-1xamazonaws.com",
        "ecr.aws",
        "attacker.ecr.aws",
        "pkg.dev",
        "docker.pkg.dev",
        "-docker.pkg.dev",
        "attacker.pkg.dev",
        "europe-npm.pkg.dev",
        "europe-docker.pkg.dev.attacker",
        "attackergcr.io",
        "attacker.gcr.io",
        "ghcr.io",
        "index.docker.io",
        "localhost:443",
        "169.254.169.254",
        "\uff27\uff23\uff32.io",
        "gcr\u3002io",
        "",
    ],
)
def test_registry_of_others_is_nobodys(host):
    assert places.find(host) is None


@given(st.text(), st.sampled_from(list(OWN)), st.text())
def test_whatever_stands_around_a_name_makes_it_another(before, host, after):
    found = places.find(f"{before}{host}{after}")
    if found is not None and found != OWN[host]:
        # A longer name of the same cloud: more letters of a registry of ACR, or of a place of Artifact Registry.
        assert found.cloud is OWN[host].cloud
        assert after in {"", ":443"}
        assert before.isascii()


@pytest.mark.parametrize(
    ("allowed", "url"),
    [
        (amazon.allowed, "https://sts.amazonaws.com/"),
        (amazon.allowed, "https://sts.eu-west-1.amazonaws.com/"),
        (amazon.allowed, "https://api.ecr.eu-west-1.amazonaws.com/"),
        (amazon.allowed, "https://api.ecr.cn-north-1.amazonaws.com.cn/"),
        (amazon.allowed, "https://ecr-fips.us-east-1.amazonaws.com/"),
        (amazon.allowed, "https://ecr.eu-west-1.api.aws/"),
        (amazon.allowed, "https://api.ecr-public.us-east-1.amazonaws.com/"),
        (amazon.allowed, "http://169.254.169.254/latest/api/token"),
        (amazon.allowed, "http://[fd00:ec2::254]/latest/api/token"),
        (amazon.allowed, "http://169.254.170.2/v2/credentials/1"),
        (amazon.allowed, "http://169.254.170.23/v1/credentials"),
        (amazon.allowed, "http://[fd00:ec2::23]/v1/credentials"),
        (google.allowed, "http://metadata.google.internal/computeMetadata/v1/"),
        (google.allowed, "http://169.254.169.254/computeMetadata/v1/"),
        (azure.allowed, "https://login.microsoftonline.com/t/oauth2/v2.0/token"),
        (azure.allowed, "http://169.254.169.254/metadata/identity/oauth2/token"),
    ],
)
def test_library_may_ask_its_cloud(allowed, url):
    assert allowed(of_url(url))


@pytest.mark.parametrize("allowed", [amazon.allowed, google.allowed, azure.allowed])
@pytest.mark.parametrize(
    "url",
    [
        "https://sts.amazonaws.com.attacker.test/",
        "https://attacker.test/",
        "http://sts.amazonaws.com/",
        "https://sts.amazonaws.com:8443/",
        "https://123456789012.dkr.ecr.eu-west-1.amazonaws.com/v2/",
        "https://attacker.s3.amazonaws.com/",
        "https://api.ecr.eu-west-1.amazonaws.com.evil/",
        "http://api.ecr.eu-west-1.amazonaws.com/",
        "https://a.b.api.aws/",
        "http://169.254.169.254:8080/",
        "https://169.254.169.254/",
        "http://169.254.169.253/",
        "http://10.0.0.1/",
        "http://127.0.0.1/",
        "http://localhost/",
        "http://[::1]/",
        "http://metadata.google.internal.attacker.test/",
        "http://metadata.google.internal:8080/",
        "https://login.microsoftonline.com.attacker.test/",
        "http://login.microsoftonline.com/",
        "https://shop01.azurecr.io/oauth2/exchange",
        "https://management.azure.com/",
        "https://oauth2.googleapis.com/token",
    ],
)
def test_library_may_ask_nobody_else(allowed, url):
    assert not allowed(of_url(url))
