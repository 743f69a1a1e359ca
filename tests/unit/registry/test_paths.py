"""The paths of the registry API: docker-registry-client's templates."""

import string
import warnings

import pytest
from docker_registry_client._BaseClient import BaseClientV2

from provider.registry import paths

DIGEST = "sha256:" + "a" * 64


def test_paths_are_the_specifications():
    assert paths.manifest("team/app", "v1") == "/v2/team/app/manifests/v1"
    assert paths.manifest("team/app", DIGEST) == f"/v2/team/app/manifests/{DIGEST}"
    assert paths.blob("team/app", DIGEST) == f"/v2/team/app/blobs/{DIGEST}"
    assert paths.referrers("team/app", "sha256:a") == "/v2/team/app/referrers/sha256:a"


@pytest.mark.parametrize(("name", "fields"), [("MANIFEST", {"name", "reference"}), ("BLOB", {"name", "digest"})])
def test_templates_of_the_package_are_where_they_were_and_have_the_same_fields(name, fields):
    """They are a private part: when they move, this says so, not a registry."""
    template = getattr(BaseClientV2, name)
    assert template.startswith("/v2/")
    assert {field for _, field, _, _ in string.Formatter().parse(template) if field} == fields


def test_package_underneath_changes_no_warning_filters():
    assert paths
    with pytest.warns(UserWarning, match="still heard"):
        warnings.warn("still heard", UserWarning, stacklevel=1)


def test_package_underneath_sends_nothing_of_its_own():
    """Only its templates are used: no client of it is ever made."""
    assert not [value for value in vars(paths).values() if isinstance(value, BaseClientV2)]
