"""The page about settings says what the settings say."""

from __future__ import annotations

from pathlib import Path

from provider.settings import model, reference

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "settings.md"


def test_page_is_what_make_generate_writes(tmp_path):
    reference.main(str(tmp_path / "new" / "settings.md"))
    assert PAGE.read_text() == (tmp_path / "new" / "settings.md").read_text(), "run `make generate`"


def test_every_setting_is_there_with_its_three_spellings():
    page = reference.render()
    for name in model.fields():
        assert f"### `{name}`" in page
        assert f"`--{name.replace('_', '-')}`, `BESTBEFORE_{name.upper()}`" in page
