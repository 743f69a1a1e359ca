"""The kinds of panels that the dashboards are made of. What is not seen is grey and says so, never green."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from grafana_foundation_sdk.builders import bargauge, common, heatmap, stat, table, timeseries
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import prometheus as query
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

Panel = Builder[model.Panel]

NOT_SEEN: Final = "not seen"
_GREY, _GREEN, _ORANGE, _RED, _PURPLE = "#8e8e8e", "green", "orange", "red", "purple"
SOURCE: Final = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
# What a number means, one word each.
WORDS: Final = {
    "0": ("OK", _GREEN),
    "1": ("BLIND", _PURPLE),
    "2": ("ADMITS UNCHECKED", _RED),
    "3": ("REFUSES ALL", _RED),
}
LINES: Final = 8
_REFS: Final = "ABCDEFGHIJ"


@dataclass(frozen=True)
class Query:
    """One query of a panel.

    Attributes:
        expression: PromQL.
        legend: how a series is called; `{{label}}` stands for a label's value.
    """

    expression: str
    legend: str = "{{cluster}}"


@dataclass(frozen=True)
class Column:
    """How a column of a table looks.

    Attributes:
        title: its heading.
        unit: of its numbers, as Grafana calls it.
        links: title and URL of what a click leads to.
        words: texts and colours instead of numbers.
    """

    title: str = ""
    unit: str = ""
    links: Sequence[tuple[str, str]] = ()
    words: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def word(title: str, about: str, expression: Query) -> Panel:
    """One word for each cluster."""
    panel = _stat(title, about, [expression], span=7)
    return panel.mappings([_words(WORDS), *_not_seen()]).graph_mode(options.BigValueGraphMode.NONE)


def number(
    title: str,
    about: str,
    queries: Sequence[Query],
    *,
    span: int,
    steps: Sequence[tuple[float, str]],
    unit: str = "short",
) -> Panel:
    """One number, or a few, coloured from the first step on; below it, and without data, it is grey."""
    return _stat(title, about, queries, span).mappings(_not_seen()).thresholds(_thresholds(steps)).unit(unit)


def lines(
    title: str, about: str, queries: Sequence[Query], *, span: int, unit: str = "short", stack: bool = False
) -> Panel:
    """Lines over time; stacked where their sum means something."""
    panel = timeseries.Panel().title(title).description(about).datasource(SOURCE).span(span).height(LINES)
    panel = panel.unit(unit).min(0).no_value(NOT_SEEN)
    if stack:
        panel = panel.stacking(common.StackingConfig().mode(options.StackingMode.NORMAL)).fill_opacity(30)
    return _with(panel, queries)


def bars(title: str, about: str, expression: Query, *, span: int) -> Panel:
    """A bar for each label value, now."""
    panel = bargauge.Panel().title(title).description(about).datasource(SOURCE).span(span).height(LINES)
    panel = panel.orientation(options.VizOrientation.HORIZONTAL).no_value(NOT_SEEN).min(0)
    return _with(panel, [expression], instant=True)


def buckets(title: str, about: str, expression: str, *, span: int, unit: str) -> Panel:
    """A histogram over time."""
    panel = heatmap.Panel().title(title).description(about).datasource(SOURCE).span(span).height(LINES)
    target = _target("A", Query(expression, "{{le}}")).format(PromQueryFormat.HEATMAP)
    return panel.unit(unit).no_value(NOT_SEEN).with_target(target)


def rows(
    title: str, about: str, queries: Sequence[Query], columns: Mapping[str, Column], *, span: int, by: str = ""
) -> Panel:
    """A table, a row for each set of labels; of several queries the values stand side by side.

    Args:
        title: of the panel.
        about: what a reader has to know.
        queries: each makes a column `Value #A`, `Value #B`; of one it is `Value`.
        columns: how the columns look, by the name of label or value.
        span: width.
        by: the column that it is sorted by, as its heading says, greatest first.
    """
    panel = table.Panel().title(title).description(about).datasource(SOURCE).span(span).height(LINES + 2)
    panel = panel.no_value(NOT_SEEN).filterable(True)
    if by:
        panel = panel.sort_by([common.TableSortByFieldState().display_name(by).desc(True)])
    for ref, each in zip(_REFS, queries, strict=False):
        panel = panel.with_target(_target(ref, each).instant().format(PromQueryFormat.TABLE))
    if len(queries) > 1:
        panel = panel.with_transformation(model.DataTransformerConfig(id_val="merge", options={}))
    order = {name: place for place, name in enumerate(columns)}
    hidden: dict[str, Any] = {"excludeByName": {"Time": True}, "indexByName": order, "renameByName": {}}
    panel = panel.with_transformation(model.DataTransformerConfig(id_val="organize", options=hidden))
    for name, column in columns.items():
        panel = panel.override_by_name(name, _properties(column))
    return panel


def _properties(column: Column) -> list[model.DynamicConfigValue]:
    found: list[tuple[str, object]] = []
    if column.title:
        found.append(("displayName", column.title))
    if column.unit:
        found.append(("unit", column.unit))
    if column.links:
        found.append(("links", [{"title": title, "url": url, "targetBlank": True} for title, url in column.links]))
    if column.words:
        found.append(("mappings", [_words(column.words).to_json()]))
        found.append(("custom.cellOptions", {"type": "color-background"}))
    return [model.DynamicConfigValue(name, value) for name, value in found]


def _stat(title: str, about: str, queries: Sequence[Query], span: int) -> stat.Panel:
    panel = stat.Panel().title(title).description(about).datasource(SOURCE).span(span).height(5)
    panel = panel.color_mode(options.BigValueColorMode.BACKGROUND).no_value(NOT_SEEN)
    panel = panel.thresholds(_thresholds([])).reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    return _with(panel, queries, instant=True)


def _with(panel: Any, queries: Sequence[Query], *, instant: bool = False) -> Any:  # noqa: ANN401 - of any kind
    for ref, each in zip(_REFS, queries, strict=False):
        target = _target(ref, each)
        panel = panel.with_target(target.instant() if instant else target.range())
    return panel


def _target(ref: str, each: Query) -> query.Dataquery:
    return query.Dataquery().ref_id(ref).expr(each.expression).legend_format(each.legend).datasource(SOURCE)


def _thresholds(steps: Sequence[tuple[float, str]]) -> build.ThresholdsConfig:
    """Grey below the first step: that is the colour of no data, too."""
    found = [model.Threshold(None, _GREY), *(model.Threshold(value, color) for value, color in steps)]
    return build.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(found)


def _words(words: Mapping[str, tuple[str, str]]) -> model.ValueMap:
    results = {
        value: model.ValueMappingResult(text=text, color=color, index=place)
        for place, (value, (text, color)) in enumerate(words.items())
    }
    return model.ValueMap(options=results)


def _not_seen() -> list[model.SpecialValueMap]:
    result = model.ValueMappingResult(text=NOT_SEEN, color=_GREY, index=9)
    found = model.DashboardSpecialValueMapOptions(match=model.SpecialValueMatch.NULL_AND_NAN, result=result)
    return [model.SpecialValueMap(options=found)]
