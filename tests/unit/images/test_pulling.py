"""What is said of an image that cannot be had as its Pod pulls it."""

from __future__ import annotations

import pytest

from provider.errors import ImageError
from provider.images import pulling
from provider.questions.puller import Puller
from provider.questions.question import FactQuestion
from provider.reasons import Reason
from provider.registry.credentials.credentials import NoCredentials

IMAGE = "reg.io/app:1"
POD = FactQuestion(IMAGE, puller=Puller("shop", "", ("regcred",)))
RIGHTS = [Reason.UNAUTHORIZED, Reason.NOT_FOUND, Reason.SIGNATURE_ABSENT]


def detail(reason, asked, before=""):
    error = ImageError(reason, "it refuses us", detail=before)
    pulling.remark(error, asked, NoCredentials())
    return error.detail


@pytest.mark.parametrize("reason", RIGHTS)
def test_where_pull_secrets_are_not_read_that_is_said(reason):
    """In `check`, and in a provider where they are switched off."""
    assert detail(reason, POD) == "asked without the pull secrets of namespace shop: they are not read here"


@pytest.mark.parametrize("reason", sorted(set(Reason) - set(RIGHTS)))
def test_what_has_nothing_to_do_with_rights_has_no_remark(reason):
    assert not detail(reason, POD)


def test_question_that_names_nobody_has_no_remark():
    assert not detail(Reason.UNAUTHORIZED, FactQuestion(IMAGE))
    assert not detail(Reason.UNAUTHORIZED, None)


def test_remark_comes_after_what_was_said_before():
    assert detail(Reason.SIGNATURE_ABSENT, POD, "looked under a tag").startswith("looked under a tag; asked without")
