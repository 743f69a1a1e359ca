"""Lists of tags: page by page, within bounds."""

import json

import pytest

from provider import limits
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.reference import parse
from provider.registry.tag_pages import TagPages

IMAGE = parse("reg.io/team/app:v1")


@pytest.fixture
def listed(run, client, call):
    return lambda: run(TagPages(client).all(IMAGE, call))


@pytest.fixture
def refused(run):
    def refused(work):
        with pytest.raises(ImageError) as caught:
            run(work)
        return caught.value

    return refused


def answer(registry, tags, times=None, headers=None):
    registry.fail("tags", 200, body=json.dumps({"tags": tags}).encode(), times=times, headers=headers or {})


def test_tags_come_from_every_page(listed, registry, monkeypatch):
    monkeypatch.setattr(limits, "LISTED_TAGS_A_PAGE", 2)
    for number in range(5):
        registry.push_image("team/app", f"v{number}")
    found = listed()
    assert (found.tags, found.whole) == (tuple(f"v{number}" for number in range(5)), True)
    assert registry.counts["tags"] == 3


def test_first_page_asks_for_as_many_as_a_page_may_have(listed, registry):
    registry.push_image("team/app", "v1")
    listed()
    assert registry.requests[-1].query == {"n": [str(limits.LISTED_TAGS_A_PAGE)]}


def test_more_tags_than_are_read_are_said_to_be_more(listed, registry, monkeypatch):
    monkeypatch.setattr(limits, "LISTED_TAGS_A_PAGE", 2)
    monkeypatch.setattr(limits, "LISTED_TAGS", 3)
    for number in range(6):
        registry.push_image("team/app", f"v{number}")
    found = listed()
    assert (found.tags, found.whole) == (("v0", "v1", "v2"), False)
    assert registry.counts["tags"] == 2


@pytest.mark.parametrize("bound", ["LISTED_TAG_PAGES", "LISTED_TAGS_BYTES"])
def test_pages_and_bytes_have_a_bound(listed, registry, monkeypatch, bound):
    monkeypatch.setattr(limits, "LISTED_TAGS_A_PAGE", 1)
    monkeypatch.setattr(limits, bound, 2)
    for number in range(6):
        registry.push_image("team/app", f"v{number}")
    assert not listed().whole
    assert registry.counts["tags"] <= 2


def test_list_that_leads_back_to_itself_ends(listed, registry):
    answer(registry, ["v1"], headers={"Link": '</v2/team/app/tags/list?last=v1>; rel="next"'})
    found = listed()
    assert (found.tags, found.whole) == (("v1",), False)
    assert registry.counts["tags"] == 2


def test_what_is_no_tag_is_counted_and_left_out(listed, registry):
    answer(registry, ["v1", "", "a b", "../x", None, 1, {}, "v2", "v1", "x" * 129])
    found = listed()
    assert (found.tags, found.unreadable) == (("v1", "v2"), 7)


@pytest.mark.parametrize("body", ['{"tags":null}', '{"name":"x"}'])
def test_list_without_tags_is_empty(listed, registry, body):
    registry.fail("tags", 200, body=body.encode())
    assert listed().tags == ()


@pytest.mark.parametrize("body", ["", "<html>", "[]", '{"tags":{}}', '{"tags":"v1"}'])
def test_what_is_no_list_is_an_error(registry, refused, client, call, body):
    registry.fail("tags", 200, body=body.encode())
    assert refused(TagPages(client).all(IMAGE, call)).reason is Reason.CONTENT_INVALID


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, Reason.UNAUTHORIZED),
        (403, Reason.UNAUTHORIZED),
        (404, Reason.NOT_FOUND),
        (405, Reason.REGISTRY_UNAVAILABLE),
        (429, Reason.THROTTLED),
        (500, Reason.REGISTRY_UNAVAILABLE),
    ],
)
def test_registry_that_lists_none_has_its_reason(refused, registry, client, call, status, reason):
    registry.fail("tags", status)
    error = refused(TagPages(client).all(IMAGE, call))
    assert error.reason is reason
    assert "tags of reg.io/team/app" in error.message


def test_next_page_elsewhere_is_not_asked_for(refused, registry, client, call):
    answer(registry, ["v1"], headers={"Link": '<https://evil.io/v2/team/app/tags/list?last=v1>; rel="next"'})
    assert refused(TagPages(client).all(IMAGE, call)).reason is Reason.REGISTRY_UNAVAILABLE
    assert len(registry.requests) == 1
