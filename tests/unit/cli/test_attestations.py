"""`bestbefore attestations`, as far as no registry is asked."""

import pytest


@pytest.mark.parametrize("image", ["reg.io/x:1", "reg.io/UPPER", "reg.io/app@sha256:1"])
def test_reference_that_cannot_be_used_ends_with_2(run, image):
    done = run("attestations", image)
    assert done.exit_code == 2
    assert f"error: {image}: ReferenceInvalid: " in done.stderr
    assert "Traceback" not in done.output
