import pytest

from gatekeeper.documents.problems import PolicyError
from gatekeeper.own.maximum_image_age import MaximumImageAge
from gatekeeper.own.signed_images import SignedImages, SigningRule
from gatekeeper.own.signer import Signer
from provider.questions.proof_question import Keyless, TrustRootName, Verify

PAGE = "https://docs.example.com/reasons"


def test_page_of_reasons_reaches_both_constraints_where_one_is_set():
    deny, warn = MaximumImageAge(reasons_url=PAGE).constraints()
    assert deny["spec"]["parameters"]["reasonsUrl"] == warn["spec"]["parameters"]["reasonsUrl"] == PAGE
    assert "reasonsUrl" not in MaximumImageAge().constraints()[0]["spec"]["parameters"]


@pytest.mark.parametrize("address", ["docs", "ftp://docs.example.com", "https://a b", "https://" + "a" * 201])
def test_address_that_is_none_is_refused(address):
    with pytest.raises(PolicyError) as caught:
        MaximumImageAge(reasons_url=address).constraints()
    assert [str(each) for each in caught.value.problems] == [
        "reasonsUrl: expected an http or https address of at most 200 characters"
    ]


def test_every_kind_of_policy_can_leave_out_kinds_of_objects_but_never_pods():
    rule = SigningRule(("**",), (Signer("ci", Verify(keyless=Keyless(TrustRootName("house")))),))
    with pytest.raises(PolicyError) as caught:
        SignedImages((rule,), kinds=frozenset({"Deployment"})).constraints()
    assert "Pod is missing" in str(caught.value.problems[-1])


def test_the_constraint_that_warns_knows_what_the_one_that_denies_lets_pass():
    deny, warn = MaximumImageAge(unknown_age="allow").constraints()
    assert "twin" not in deny["spec"]["parameters"]
    assert warn["spec"]["parameters"]["twin"] == {"unknownAge": "allow"}
    assert "twin" not in MaximumImageAge().constraints()[1]["spec"]["parameters"]
