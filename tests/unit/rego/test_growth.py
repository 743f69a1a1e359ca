"""The work of an evaluation grows as the number of images does, not faster: one Pod of many images must not be late."""

import re
from pathlib import Path

import pytest

from provider import limits
from tests import many_images
from tests.engine import engine

pytestmark = pytest.mark.integration

_TEMPLATES = sorted((Path(__file__).parents[3] / "gatekeeper" / "rego").glob("template_*[!t].rego"))
_ALL_OF_IT = "input.review", "_response", "_answered", "_images", "_context"


def _steps(folder, policy, images, *, audit=False):
    """How many expressions are evaluated."""
    folder.mkdir()
    many_images.lay_out(folder, policy, images, audit=audit)
    printed = many_images.evaluated(folder, "--profile", "--profile-limit", "1000000")
    assert len(many_images.violations(printed)) == (0 if policy == "no policy covers" else images)
    return sum(each["num_eval"] + each["num_redo"] for each in printed["profile"])


@pytest.mark.parametrize("policy", many_images.POLICIES)
@pytest.mark.parametrize("audit", [False, True], ids=["admission", "audit"])
def test_twice_as_many_images_are_twice_the_work(tmp_path, policy, audit):
    engine()
    few, many = (_steps(tmp_path / str(images), policy, images, audit=audit) for images in (40, 80))
    assert many / few < 2.1


@pytest.mark.parametrize("policy", many_images.POLICIES)
def test_more_images_than_the_bound_are_denied_at_once_and_nothing_is_asked(tmp_path, policy):
    engine()
    many_images.lay_out(tmp_path, policy, 2 * limits.OBJECT_IMAGES)
    printed = many_images.evaluated(tmp_path)
    (violation,) = many_images.violations(printed)
    assert violation["details"]["reason"] == "LimitExceeded"
    assert f"has {2 * limits.OBJECT_IMAGES} images" in violation["msg"]


@pytest.mark.parametrize("file", _TEMPLATES, ids=lambda file: file.stem)
def test_no_function_gets_for_each_image_what_grows_with_their_number(file):
    """A function compares its arguments with those of earlier calls, from the first field to the last."""
    calls = re.findall(r"(?:\w+\.|_)\w+\([^()]*(?:\([^()]*\)[^()]*)*\)", file.read_text())
    of_an_image = [call for call in calls if re.search(r"\bimage\b", call)]
    assert of_an_image
    assert [
        call for call in of_an_image for whole in _ALL_OF_IT if re.search(rf"(?<![\w.]){whole}\b(?!\[)", call)
    ] == []
