"""A change as a comment on a pull request."""

from __future__ import annotations

import re

import pytest
import yaml

from gatekeeper.freshness.changes import json_form, markdown, stubs
from gatekeeper.freshness.changes.change import PolicyChange, change
from gatekeeper.freshness.outlook import Outlook, OutlookTurn, OutlookVerdict
from gatekeeper.waivers import limits
from tests.unit.freshness.overview import outlooks
from tests.unit.freshness.overview.outlooks import NOW, UNTIL


def found(old: list[Outlook], new: list[Outlook], *not_judged: str) -> PolicyChange:
    return change(old, new, NOW, UNTIL, not_judged)


def test_the_title_says_how_many_would_be_denied() -> None:
    text = markdown.render(
        found(
            [outlooks.outlook(), outlooks.denied("api")],
            [outlooks.denied(), outlooks.outlook(of=outlooks.subject("api"))],
        )
    )
    assert text.splitlines()[0] == "### 1 workload would be denied, 1 workload would be better off"
    assert (
        "| `shop/Deployment/web` | `team-shop` | on reschedule | admitted → **denied** | admitted → **denied** |"
        in text
    )


def test_that_nothing_changes_is_said() -> None:
    assert markdown.render(found([outlooks.denied()], [outlooks.denied()])).startswith(
        "### No verdict changes for 1 workload\n"
    )


def test_what_was_not_judged_is_said() -> None:
    text = markdown.render(found([outlooks.outlook()], [outlooks.unknown()], "Pod shop/x has no owner"))
    assert "Of 1 workload not everything could be looked at." in text
    assert "- Not judged: `Pod shop/x has no owner`" in text


@pytest.mark.parametrize(
    "evil",
    [
        "@acme/admins",
        "![x](https://evil/x.png)",
        "www.evil.example",
        "<img src=x>",
        "a | b",
        "closes #12",
        "`` `@acme` ``",
        "```\n</details>",
    ],
    ids=["mention", "picture", "link", "html", "cell", "issue", "code", "fence"],
)
def test_a_text_of_others_is_code(evil: str) -> None:
    turn = OutlookTurn(NOW, OutlookVerdict.DENIED, "PolicyFailed", evil)
    text = markdown.render(found([], [outlooks.outlook(turn, of=outlooks.subject("web", evil, "app/web:1"))], evil))
    plain = markdown.render(found([], [outlooks.outlook(turn, of=outlooks.subject("web", "team", "app/web:1"))], "x"))
    assert _without_code(text) == _without_code(plain)


def _without_code(text: str) -> str:
    """What is left of a comment without code blocks and code spans."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"```yaml\n.*?\n```", "", text, flags=re.DOTALL))


def test_waivers_are_one_for_each_owner_and_policy() -> None:
    new = [outlooks.denied("a"), outlooks.due(9, "b"), outlooks.of_team("team-pay", outlooks.denied("c"))]
    made = stubs.stubs(found([], new))
    assert [(each["spec"]["owner"], each["spec"]["policies"], each["metadata"]["name"]) for each in made] == [
        ("team-pay", ["maximum-image-age"], "team-pay-maximum-image-age-1"),
        ("team-shop", ["maximum-image-age"], "team-shop-maximum-image-age-2"),
    ]
    assert made[0]["spec"]["images"] == ["registry.example.com/shop/web"]
    assert made[0]["spec"]["until"] == "2026-12-31T06:00:00Z"


def test_a_waiver_has_no_more_images_than_it_may() -> None:
    images = [f"registry.example.com/shop/web-{number:02}:1" for number in range(limits.IMAGES + 3)]
    new = [
        outlooks.outlook(
            OutlookTurn(NOW, OutlookVerdict.DENIED, "ImageTooOld", "old"), of=outlooks.subject(f"w{n}", image=each)
        )
        for n, each in enumerate(images)
    ]
    assert [len(each["spec"]["images"]) for each in stubs.stubs(found([], new))] == [limits.IMAGES, 3]


def test_waivers_stand_in_the_comment_as_yaml() -> None:
    text = markdown.render(found([], [outlooks.denied()]))
    _, _, rest = text.partition("```yaml\n")
    (made,) = yaml.safe_load_all(rest.partition("\n```")[0])
    assert made == stubs.stubs(found([], [outlooks.denied()]))[0]


def test_a_long_change_fits_a_comment(monkeypatch: pytest.MonkeyPatch) -> None:
    new = [outlooks.denied(f"web-{number}") for number in range(3_000)]
    text = markdown.render(found([], new))
    assert "And 2,900 more: `bestbefore diff --output json` has all." in text
    assert len(text) < 65_536
    assert len(json_form.document(found([], new))["changes"]) == 3_000
