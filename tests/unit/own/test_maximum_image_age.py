import re
from dataclasses import replace

import pytest

from gatekeeper.documents.problems import PolicyError
from gatekeeper.documents.workloads import MAKERS
from gatekeeper.own import age_schedule
from gatekeeper.own.age_schedule import ScheduleEntry
from gatekeeper.own.cooldown import Cooldown
from gatekeeper.own.exemption import Exemption
from gatekeeper.own.maximum_image_age import MaximumImageAge
from gatekeeper.own.maximum_image_age_schema import MOST_CONTROLLERS
from gatekeeper.translation import library

EXEMPTION = Exemption("registry.test/vendor/*", "2026-03-01", "late", "team-shop", "shop")


def problems(**settings):
    with pytest.raises(PolicyError) as caught:
        MaximumImageAge(**settings).constraints()
    return [str(each) for each in caught.value.problems]


def test_pair_denies_and_warns_and_each_reports_its_class():
    deny, warn = MaximumImageAge().constraints()
    assert (deny["metadata"]["name"], deny["spec"]["enforcementAction"]) == ("maximum-image-age", "deny")
    assert (warn["metadata"]["name"], warn["spec"]["enforcementAction"]) == ("maximum-image-age-warn", "warn")
    assert deny["spec"]["parameters"].pop("reports") == "deny"
    assert warn["spec"]["parameters"].pop("reports") == "warn"
    assert deny["spec"]["parameters"] == warn["spec"]["parameters"]
    assert deny["spec"]["match"] == warn["spec"]["match"]


def test_defaults_are_written_out():
    deny, _ = MaximumImageAge().constraints()
    assert deny["spec"]["parameters"] == {
        "maxAge": "30d",
        "images": [{"glob": "**"}],
        "platforms": "all",
        "unknownAge": "deny",
        "dates": ["config"],
        "reschedule": "warn",
        "workloadsMatched": True,
        "name": "maximum-image-age",
        "workloads": [
            "ReplicationController",
            "ReplicaSet",
            "Deployment",
            "StatefulSet",
            "DaemonSet",
            "Job",
            "CronJob",
        ],
        "reports": "deny",
    }


def test_what_is_set_reaches_the_parameters():
    deny, _ = MaximumImageAge(grace="14d", exemptions=(EXEMPTION, replace(EXEMPTION, namespace=""))).constraints()
    parameters = deny["spec"]["parameters"]
    assert parameters["grace"] == "14d"
    assert parameters["exemptions"] == [
        {
            "image": "registry.test/vendor/*",
            "namespace": "shop",
            "until": "2026-03-01",
            "reason": "late",
            "owner": "team-shop",
        },
        {"image": "registry.test/vendor/*", "until": "2026-03-01", "reason": "late", "owner": "team-shop"},
    ]


def test_injected_images_reach_the_parameters_where_there_are_some():
    deny, warn = MaximumImageAge(injected=("docker.io/istio/*",)).constraints()
    assert deny["spec"]["parameters"]["injected"] == warn["spec"]["parameters"]["injected"] == ["docker.io/istio/*"]
    assert problems(injected=("**", "a b")) == ["injected[1]: 'a b' is no glob of letters, digits and `._-:/@*`"]


def test_namespaces_are_those_that_opted_in_unless_said_otherwise():
    deny, _ = MaximumImageAge().constraints()
    assert deny["spec"]["match"]["namespaceSelector"] == {"matchLabels": {"policy.sigstore.dev/include": "true"}}
    deny, _ = MaximumImageAge(namespaces={}, excluded_namespaces=("kube-system",)).constraints()
    assert "namespaceSelector" not in deny["spec"]["match"]
    assert deny["spec"]["match"]["excludedNamespaces"] == ["kube-system"]


@pytest.mark.parametrize("kind", sorted(MAKERS))
@pytest.mark.parametrize("reschedule", ["warn", "allow"])
def test_rescheduling_without_every_kind_of_workload_is_refused(kind, reschedule):
    (problem,) = problems(kinds=frozenset(MAKERS | {"Pod"}) - {kind}, reschedule=reschedule)
    assert problem.startswith(f"reschedule: `{reschedule}` needs every kind of workload to be matched; missing: {kind}")


def test_without_rescheduling_any_kinds_will_do_and_the_parameters_say_so():
    deny, _ = MaximumImageAge(kinds=frozenset({"Pod"}), reschedule="deny").constraints()
    assert deny["spec"]["parameters"]["workloadsMatched"] is False
    assert deny["spec"]["parameters"]["workloads"] == []
    assert deny["spec"]["match"]["kinds"] == [{"apiGroups": [""], "kinds": ["Pod"]}]


def test_kinds_without_pods_or_unknown_ones_are_refused():
    assert "Pod is missing" in problems(kinds=MAKERS)[0]
    assert problems(kinds=MAKERS | {"Pod", "Rollout"}) == ["kinds: Rollout: no kind that brings Pods"]


@pytest.mark.parametrize("value", ["", "30", "30 days", "0d", "0d0h", "30d\n", "1h1d", "36501d", "٣d"])
def test_maximum_age_that_is_none_is_refused(value):
    (problem,) = problems(max_age=value)
    assert problem.startswith(f"maxAge: {value!r} is no duration")


@pytest.mark.parametrize("value", ["14", "x", "36501d", "14d\n"])
def test_grace_that_is_none_is_refused(value):
    assert problems(grace=value)[0].startswith("grace: ")


@pytest.mark.parametrize("dates", [(), ("scan",), ("config", "scan")])
def test_sources_of_dates_that_do_not_exist_are_refused(dates):
    (problem,) = problems(dates=dates)
    assert problem.startswith("dates: ")
    assert problem.endswith("the sources of dates are config, annotation, provenance, log")


RAMP = (ScheduleEntry("2026-03-01", "60d"), ScheduleEntry("2026-05-01T00:00:00+02:00", "30d"))
WEEK = Cooldown("7d", "created")


def test_schedule_cooldown_and_controllers_reach_both_constraints():
    for made in MaximumImageAge("90d", RAMP, WEEK, controllers=("databases/operator",)).constraints():
        parameters = made["spec"]["parameters"]
        assert parameters["maxAge"] == "90d"
        assert parameters["schedule"] == [
            {"from": "2026-03-01", "maxAge": "60d"},
            {"from": "2026-05-01T00:00:00+02:00", "maxAge": "30d"},
        ]
        assert (parameters["minAge"], parameters["minAgeProof"]) == ("7d", "created")
        assert parameters["controllers"] == ["databases/operator"]


def test_cooldown_alone_has_no_maximum_age():
    deny, _ = MaximumImageAge("", cooldown=WEEK).constraints()
    assert "maxAge" not in deny["spec"]["parameters"]


def test_schedule_needs_a_maximum_age_before_its_first_entry():
    wanted = "maxAge: '' is no duration of 1m to 36500d such as `30d`, `720h` or `1d12h`"
    assert problems(max_age="", schedule=RAMP) == [f"{wanted} (it holds before the first entry of `schedule`)"]
    assert problems(max_age="", schedule=RAMP, cooldown=WEEK) == problems(max_age="", schedule=RAMP)


@pytest.mark.parametrize(
    ("start", "limit", "problem"),
    [
        ("soon", "30d", "schedule[1].from: 'soon' is no date such as `2026-03-01`, nor an RFC 3339 time"),
        ("2026-02-29", "30d", "schedule[1].from: '2026-02-29' is no date"),
        ("2028-02-29", "30d", ""),
        ("2026-04-01T00:00:00", "30d", "schedule[1].from: '2026-04-01T00:00:00' is no date"),
        ("2400-01-01", "30d", "schedule[1].from: '2400-01-01' is no date"),
        ("\u0662026-03-01", "30d", "schedule[1].from: '\u0662026-03-01' is no date"),
        ("2026-03-01", "30d", "schedule[1].from: '2026-03-01' is not after the entry before it"),
        ("2026-03-01T01:00:00+01:00", "30d", "schedule[1].from: '2026-03-01T01:00:00+01:00' is not after"),
        ("2026-03-01T00:59:59-00:01", "30d", ""),
        ("2025-12-31", "30d", "schedule[1].from: '2025-12-31' is not after the entry before it"),
        ("2026-04-01", "0d", "schedule[1].maxAge: '0d' is no duration of 1m to 36500d such as `30d`"),
        ("2026-04-01", "", "schedule[1].maxAge: '' is no duration"),
        ("2199-01-01", "36500d", ""),
    ],
)
def test_entry_of_a_schedule_is_refused_by_its_path(start, limit, problem):
    schedule = (ScheduleEntry("2026-03-01", "60d"), ScheduleEntry(start, limit))
    found = [str(each) for each in MaximumImageAge("90d", schedule).own_problems()]
    assert [each[: len(problem)] for each in found] == ([problem] if problem else [])


def test_schedule_of_too_many_entries_is_refused():
    entries = tuple(ScheduleEntry(f"20{year}-01-01", "30d") for year in range(30, 43))
    assert problems(schedule=entries) == ["schedule: 13 entries, expected 12 at most"]


@pytest.mark.parametrize("value", ["7", "0d", "7 days", "-1d", "36501d", "7d\n"])
def test_least_age_that_is_none_is_refused(value):
    (problem,) = problems(cooldown=Cooldown(value, "created"))
    assert problem.startswith(f"minAge: {value!r} is no duration of 1m to 36500d")


@pytest.mark.parametrize("value", ["36501d", "106751d", "999999999d"])
def test_of_a_duration_that_is_too_long_the_longest_is_named(value):
    """It is above zero, so saying that it is not would send people the wrong way."""
    assert problems(max_age=value) == [
        f"maxAge: {value!r} is no duration of 1m to 36500d such as `30d`, `720h` or `1d12h`"
    ]
    assert problems(grace=value) == [f"grace: {value!r} is no duration of at most 36500d such as `14d`"]


def test_least_age_needs_its_proof_and_the_proof_a_least_age():
    assert problems(cooldown=Cooldown("7d")) == [
        "minAgeProof: '': `minAge` needs one of created, log, provenance beside it"
    ]
    assert problems(cooldown=Cooldown("7d", "x")) == [
        "minAgeProof: 'x': `minAge` needs one of created, log, provenance beside it"
    ]
    assert problems(cooldown=Cooldown("", "created")) == [
        "minAgeProof: 'created' proves nothing without `minAge` beside it"
    ]


def test_limits_and_cooldown_leave_a_window_at_every_time():
    assert list(MaximumImageAge("30d", cooldown=Cooldown("29d23h59m", "created")).own_problems()) == []
    assert problems(cooldown=Cooldown("720h", "created")) == [
        "minAge: '720h' is not less than 30d (`maxAge`) (no image would be young and old enough)"
    ]
    assert problems(max_age="90d", schedule=RAMP, cooldown=Cooldown("45d", "created")) == [
        "minAge: '45d' is not less than 30d (`schedule[1].maxAge`) (no image would be young and old enough)"
    ]


@pytest.mark.parametrize("choice", ["warn", "allow"])
def test_unknown_age_is_denied_beside_a_cooldown(choice):
    (problem,) = problems(cooldown=WEEK, unknown_age=choice)
    assert problem.startswith(f"unknownAge: `{choice}` cannot stand beside `minAge` (")


@pytest.mark.parametrize(
    "account",
    [
        "*",
        "*/*",
        "a/*",
        "a",
        "/a",
        "a/",
        "a/b/c",
        "system:serviceaccount:a:b",
        "A/b",
        "a.b/c",
        "a/b..c",
        "a/-b",
        "a/b\n",
    ],
)
def test_controller_that_is_not_one_account_is_refused(account):
    (problem,) = problems(controllers=("ok/ok", account))
    assert problem.startswith(f"controllers[1]: {account!r} is not one service account as `namespace/name`")


def test_names_of_controllers_have_a_length():
    assert list(MaximumImageAge(controllers=("a" * 63 + "/" + "b" * 253,)).own_problems()) == []
    assert len(problems(controllers=("a" * 64 + "/b", "a/" + "b" * 254))) == 2
    assert problems(controllers=tuple(f"a/b{number}" for number in range(51))) == [
        "controllers: 51 service accounts, expected 50 at most"
    ]


def test_bounds_are_those_of_rego():
    text = library.module("age_parameters").text
    assert f"_most_entries := {age_schedule.MOST_ENTRIES}\n" in text
    assert f"_most_controllers := {MOST_CONTROLLERS}\n" in text


def test_glob_that_is_none_is_refused():
    assert problems(images=("**", "app[0")) == ["images[1].glob: 'app[0' is no glob of letters, digits and `._-:/@*`"]


@pytest.mark.parametrize("name", ["", "Age", "a" * 59, "age-warn", "-a"])
def test_name_that_cannot_be_is_refused(name):
    assert problems(name=name)[0].startswith("name: ")


def test_every_problem_is_told_at_once():
    assert len(problems(name="X", max_age="x", grace="x", dates=(), images=("?",), kinds=frozenset())) == 7


def test_schema_knows_the_parameters_that_rego_knows():
    defaults = library.module("age_parameters").text.partition("_defaults := {")[2].partition("\n}")[0]
    assert set(re.findall(r'^\t"(\w+)":', defaults, re.MULTILINE)) == set(MaximumImageAge.KIND.parameters)
