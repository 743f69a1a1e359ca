"""What a person sees, does and hears on the page of `bestbefore report`."""

from __future__ import annotations

from dataclasses import replace

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from gatekeeper.freshness.outlook import Outlook, OutlookTurn, OutlookVerdict, Question
from gatekeeper.freshness.overview import rows
from gatekeeper.freshness.overview.overview import Overview
from tests.integration.overview.conftest import Opens
from tests.unit.freshness.overview import outlooks
from tests.unit.freshness.overview.outlooks import NOW, UNTIL

pytestmark = pytest.mark.integration

# How long a busy machine may take to find a row.
_MILLISECONDS = 60_000.0
_EVERY = (
    outlooks.denied("lamp"),
    outlooks.due(3, "api"),
    outlooks.of_team("team-pay", outlooks.due(1, "till")),
    outlooks.waived(9, "old"),
    outlooks.undated("blob"),
    outlooks.unknown("away"),
    outlooks.unpullable("gone"),
    outlooks.outlook(of=outlooks.subject("web")),
)


def made(*each: Outlook) -> Overview:
    return rows.overview(each or _EVERY, NOW, UNTIL, "prod", ["Pod shop/x has no owner"])


def many(count: int) -> Overview:
    return made(*(outlooks.due(number % 29 + 0.5, f"web-{number:05}") for number in range(count)))


def test_the_page_complains_of_nothing_and_fetches_nothing(opened: Opens) -> None:
    shown = opened(made())
    assert shown.complaints == []
    assert [each for each in shown.requests if not each.startswith("file:")] == []
    assert shown.page.title() == "1 workload would be denied now, and 2 more in the next 7 days · bestbefore"


_DRAWN = """(canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.some((each) => each !== 0);
}"""


def test_the_charts_are_drawn(opened: Opens) -> None:
    page = opened(made()).page
    assert page.locator("#days").evaluate(_DRAWN)
    assert page.locator("#lanes").evaluate(_DRAWN)


def test_fine_images_are_seen_when_they_are_asked_for(opened: Opens) -> None:
    shown = opened(made())
    assert shown.rows() == ["lamp", "till", "api", "gone", "old", "blob", "away"]
    shown.page.get_by_role("button", name="Fine").click()
    assert shown.rows() == ["web"]
    shown.page.get_by_role("button", name="Show all").click()
    assert len(shown.rows()) == 7


def test_rows_are_found_by_words_team_policy_and_question(opened: Opens) -> None:
    shown = opened(made())
    shown.page.keyboard.press("/")
    shown.page.keyboard.type("shop till")
    expect(shown.page.locator("#shown")).to_have_text("1 row", timeout=_MILLISECONDS)
    assert shown.rows() == ["till"]
    shown.page.keyboard.press("Escape")
    shown.page.locator("#team").select_option("team-pay")
    assert shown.rows() == ["till"]
    shown.page.locator("#team").select_option(label="all")
    shown.page.locator("#question").select_option("on pull")
    assert shown.rows() == ["gone"]
    shown.page.keyboard.press("Escape")


def test_nothing_that_is_found_is_said(opened: Opens) -> None:
    shown = opened(made())
    shown.page.get_by_label("Find").fill("nothing of the kind")
    shown.page.get_by_text("No row is like that.").wait_for(state="visible")
    assert shown.rows() == []


def test_rows_are_sorted_by_a_column(opened: Opens) -> None:
    shown = opened(made())
    head = shown.page.get_by_role("columnheader", name="Workload")
    head.get_by_role("button").click()
    assert shown.rows() == sorted(shown.rows())
    assert head.get_attribute("aria-sort") == "ascending"
    head.get_by_role("button").click()
    assert shown.rows() == sorted(shown.rows(), reverse=True)


def test_the_timeline_is_walked_by_keys(opened: Opens) -> None:
    shown = opened(made())
    shown.page.locator("#lanes").focus()
    shown.page.keyboard.press("ArrowRight")
    assert shown.page.locator("#spoken").inner_text() == "now: team-shop, 1 denied"
    shown.page.keyboard.press("ArrowDown")
    assert shown.page.locator("#spoken").inner_text() == "Wed, 2 Dec 2026: team-pay, 1 due"
    shown.page.keyboard.press("Enter")
    assert shown.rows() == ["till"]


@pytest.mark.parametrize("by", ["team", "policy"])
def test_lanes_are_of_teams_or_policies(opened: Opens, by: str) -> None:
    page = opened(made()).page
    page.get_by_role("button", name=f"By {by}").click()
    assert (
        page.evaluate("Chart.getChart('lanes').names")
        == {"team": ["team-shop", "team-pay"], "policy": ["maximum-image-age"]}[by]
    )


def test_the_theme_follows_the_machine_until_somebody_chooses(opened: Opens) -> None:
    page = opened(made(), color_scheme="dark").page
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 22, 26)"
    page.get_by_role("button", name="Theme").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(251, 250, 247)"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nobody_is_kept_out(opened: Opens, scheme: str, width: int) -> None:
    page = opened(made(), color_scheme=scheme, viewport={"width": width, "height": 900}).page
    page.locator("summary").click()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_nothing_is_cut_off_at_the_side(opened: Opens, width: int) -> None:
    page = opened(made(), viewport={"width": width, "height": 900}).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_paper_is_light_and_has_every_row(opened: Opens) -> None:
    page = opened(many(450), color_scheme="dark").page
    assert len(page.locator("#rows tbody tr:visible").all()) == 200
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("#rows tbody tr:visible").count() == 450
    assert not page.locator("#filters").is_visible()
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("#rows tbody tr:visible").count() == 200


def test_paper_has_no_hole_where_a_state_has_no_rows(opened: Opens) -> None:
    page = opened(made(outlooks.denied("lamp"), outlooks.waived(9, "old"))).page
    page.emulate_media(media="print")
    first, second = (each.bounding_box() for each in page.locator(".tiles li").filter(visible=True).all())
    assert first is not None
    assert second is not None
    assert second["x"] - first["x"] - first["width"] < 20


def test_five_thousand_rows_are_found_and_sorted(opened: Opens) -> None:
    shown = opened(many(5_000))
    assert shown.page.locator("#shown").inner_text() == "the first 200 of 5,000 rows"
    shown.page.get_by_label("Find").fill("web-04999")
    expect(shown.page.locator("#shown")).to_have_text("1 row", timeout=_MILLISECONDS)
    shown.page.keyboard.press("Escape")
    shown.page.get_by_role("columnheader", name="Workload").get_by_role("button").click()
    assert shown.page.locator("#rows tbody tr:visible .c-workload b").first.inner_text() == "web-00000"


@pytest.mark.parametrize(
    "evil",
    [
        "</script><script>document.title='taken'</script>",
        "<img src=x onerror=document.title='taken'>",
        "\"><svg/onload=document.title='taken'>",
        "\u202egnp.bew",
        "\u05d0\u05d1\u05d2 123",
    ],
    ids=["script", "image", "svg", "override", "hebrew"],
)
def test_names_of_strangers_are_shown_and_nothing_more(opened: Opens, evil: str) -> None:
    turns = (OutlookTurn(NOW, OutlookVerdict.ADMITTED), OutlookTurn(NOW + 10**15, OutlookVerdict.DENIED, evil, evil))
    of = replace(outlooks.subject(evil, evil, evil), note=evil)
    shown = opened(rows.overview([outlooks.outlook(*turns, of=of, policy=evil)], NOW, UNTIL, evil, [evil]))
    for button in ("By policy", "By team"):
        shown.page.get_by_role("button", name=button).click()
    shown.page.locator("#lanes").focus()
    shown.page.keyboard.press("ArrowRight")
    shown.page.keyboard.press("Enter")
    assert shown.complaints == []
    assert "taken" not in shown.page.title()
    assert shown.rows() == [evil.replace("\u202e", " ")]
    # The first cell stays at the left, whatever direction a name has.
    state, image = (shown.page.locator(f"#rows tbody .c-{name}").bounding_box() for name in ("state", "image"))
    assert state is not None
    assert image is not None
    assert state["x"] < image["x"]


def test_an_overview_without_rows_has_no_chart(opened: Opens) -> None:
    shown = opened(rows.overview([], NOW, UNTIL))
    assert shown.complaints == []
    assert not shown.page.locator("#charts").is_visible()
    assert shown.page.get_by_role("heading", name="Nothing was judged").is_visible()
    # No empty boxes either: one sentence says what to look at.
    assert shown.page.get_by_text("No policy covers an image of what runs.").is_visible()
    assert shown.page.locator(".tiles, #weeks, #filters, #rows, #none").filter(visible=True).count() == 0


def test_questions_of_one_image_are_told_apart(opened: Opens) -> None:
    page = opened(
        made(outlooks.due(3), outlooks.due(3, question=Question.APPLY), outlooks.due(4, question=Question.RUNNING))
    ).page
    assert page.locator("#rows tbody .c-policy small").all_inner_texts() == ["if applied, on reschedule", "what runs"]
