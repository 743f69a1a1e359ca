"""MaximumImageAge and its translated sibling, the very templates, by the engine that Gatekeeper has."""

from dataclasses import replace

import pytest

from gatekeeper.evaluation.evaluator import ConstraintReview, Evaluator
from gatekeeper.evaluation.program import StubAnswers, Template
from gatekeeper.own.age_schedule import ScheduleEntry
from gatekeeper.own.cooldown import Cooldown
from gatekeeper.own.maximum_image_age import KIND, MaximumImageAge
from provider.questions.config_paths import ConfigPaths
from provider.questions.question import FactQuestion, key_of
from scripts import policies
from tests.engine import engine
from tests.gator import ages
from tests.gator.case import pod as pod_of

pytestmark = pytest.mark.integration

CASES = ages.read_cases(ages.FOLDER)
WHO = ("deny", "warn", "translated")
DAY = 24 * 60 * 60 * 1_000_000_000
CONTROLLERS = "system:serviceaccount:kube-system:"


def recorded():
    values, errors = {}, {}
    for config in (False, ConfigPaths((("created",),))):
        values |= {
            key_of(FactQuestion(image, config)): value
            for image, value in ages.answers(CASES, config=config is not False).items()
        }
        errors |= {key_of(FactQuestion(image, config)): error for image, error in CASES.errors.items()}
    return StubAnswers(values, errors)


def judged(policy, requests, now=CASES.now):
    """The messages of both Constraints about each request: pairs (deny, warn)."""
    template = Template.of(KIND.template())
    parameters = [document["spec"]["parameters"] for document in policy.constraints()]
    cases = [ConstraintReview(template, each, request, now) for request in requests for each in parameters]
    found = [[violation.msg for violation in each] for each in Evaluator(engine()).violations(cases, recorded())]
    return list(zip(found[::2], found[1::2], strict=True))


@pytest.fixture(scope="module")
def said():
    """Every message by case and Constraint."""
    translated, constraint, *_ = policies.translated(ages.FOLDER)
    pair = CASES.policy.constraints()
    ways = [
        ("deny", KIND.template(), pair[0]),
        ("warn", KIND.template(), pair[1]),
        ("translated", translated, constraint),
    ]
    cases = [
        ConstraintReview(Template.of(template), document["spec"]["parameters"], case.request(), CASES.now)
        for case in CASES.cases
        for _, template, document in ways
    ]
    found = Evaluator(engine()).violations(
        [replace(each, review=_as_gatekeeper_does(each.review)) for each in cases], recorded()
    )
    keys = [(case.name, who) for case in CASES.cases for who, _, _ in ways]
    return {key: [violation.msg for violation in each] for key, each in zip(keys, found, strict=True)}


def _as_gatekeeper_does(request):
    """Of a deletion, the object is what was."""
    return request if request["object"] else {**request, "object": request["oldObject"]}


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("case", CASES.cases, ids=lambda case: case.slug)
def test_case_comes_out_as_told(said, case, who):
    messages = said[case.name, who]
    expected = case.expected.get(who, "")
    assert len(messages) == (1 if expected else 0), messages
    assert all(expected in message for message in messages), messages


def test_gator_agrees(tmp_path):
    ages.verify(tmp_path, CASES)


def request(image, user="alice", kind="Pod"):
    pod = pod_of(image)
    objects = {
        "Pod": pod,
        "Job": {**pod, "apiVersion": "batch/v1", "kind": "Job", "spec": {"template": {"spec": pod["spec"]}}},
        "ReplicaSet": {
            **pod,
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "spec": {"template": {"spec": pod["spec"]}},
        },
    }
    return {
        "operation": "CREATE",
        "uid": "7",
        "namespace": "shop",
        "userInfo": {"username": user},
        "object": objects[kind],
        "oldObject": None,
    }


OLD = "registry.example.com/shop/web:old"
UNDATED = "registry.example.com/shop/web:undated"

MAKERS = [
    ("Pod", "replicaset-controller"),
    ("Pod", "replication-controller"),
    ("Pod", "statefulset-controller"),
    ("Pod", "daemon-set-controller"),
    ("Pod", "job-controller"),
    ("Job", "cronjob-controller"),
    ("ReplicaSet", "deployment-controller"),
]


def test_drained_node_crash_or_scale_up_warns_whichever_controller_brings_the_image_back():
    found = judged(MaximumImageAge(), [request(OLD, CONTROLLERS + name, kind) for kind, name in MAKERS])
    for (kind, name), (denied, warned) in zip(MAKERS, found, strict=True):
        assert denied == [], (kind, name)
        assert len(warned) == 1, (kind, name)


def test_controller_manager_without_accounts_counts_too():
    assert judged(MaximumImageAge(), [request(OLD, "system:kube-controller-manager")])[0][0] == []


def test_person_is_judged_in_full():
    ((denied, warned),) = judged(MaximumImageAge(), [request(OLD)])
    assert len(denied) == 1
    assert warned == []


@pytest.mark.parametrize(("reschedule", "counts"), [("warn", (0, 1)), ("allow", (0, 0)), ("deny", (1, 1))])
def test_rescheduling_is_a_choice(reschedule, counts):
    ((denied, warned),) = judged(
        MaximumImageAge(reschedule=reschedule), [request(OLD, CONTROLLERS + "replicaset-controller")]
    )
    assert (len(denied), len(warned)) == counts


def test_grace_ends_at_its_moment():
    policy = MaximumImageAge(grace="15d")
    drained = request(OLD, CONTROLLERS + "replicaset-controller")
    end = CASES.now  # built 45 days before
    ((before, _),) = judged(policy, [drained], end - 1)
    ((after, _),) = judged(policy, [drained], end)
    assert before == []
    assert len(after) == 1


@pytest.mark.parametrize(
    ("unknown", "person", "controller"),
    [("deny", (1, 1), (0, 1)), ("warn", (0, 1), (0, 1)), ("allow", (0, 0), (0, 0))],
)
def test_unknown_age_is_a_choice_and_a_controller_gets_the_softer_word(unknown, person, controller):
    found = judged(
        MaximumImageAge(unknown_age=unknown),
        [request(UNDATED), request(UNDATED, CONTROLLERS + "replicaset-controller")],
    )
    assert [(len(denied), len(warned)) for denied, warned in found] == [person, controller]


@pytest.mark.parametrize(("platforms", "denied"), [("all", 1), ("any", 0)])
def test_platforms_are_a_choice(platforms, denied):
    found = judged(MaximumImageAge(platforms=platforms), [request("registry.example.com/shop/web:partly")])
    assert len(found[0][0]) == denied


@pytest.mark.parametrize(
    ("denying", "warning"), [("warn", "deny"), ("allow", "deny"), ("deny", "warn"), ("deny", "allow")]
)
def test_pair_that_disagrees_never_admits_an_undated_image_without_a_word(denying, warning):
    pairs = (MaximumImageAge(unknown_age=denying).constraints(), MaximumImageAge(unknown_age=warning).constraints())
    parameters = [pair[index]["spec"]["parameters"] for index, pair in enumerate(pairs)]
    template = Template.of(KIND.template())
    cases = [ConstraintReview(template, each, request(UNDATED), CASES.now) for each in parameters]
    assert any(Evaluator(engine()).violations(cases, recorded()))


def test_best_before_is_the_first_moment_that_is_too_late():
    moment = CASES.now - 15 * DAY  # 30 days after OLD was built
    ((before, _),) = judged(MaximumImageAge(), [request(OLD)], moment - 1)
    ((after, _),) = judged(MaximumImageAge(), [request(OLD)], moment)
    assert before == []
    assert len(after) == 1


YOUNG = "registry.example.com/shop/web:young"
WEEK = Cooldown("7d", "created")


def test_limit_changes_at_the_moment_of_the_schedule():
    step = "2026-02-16T02:00:00+02:00"
    policy = MaximumImageAge("90d", (ScheduleEntry(step, "30d"),), reschedule="deny")
    ((before, _),) = judged(policy, [request(OLD)], CASES.now - 1)
    ((after, _),) = judged(policy, [request(OLD)], CASES.now)
    assert before == []
    assert "best before 2026-02-16" in after[0]
    assert "Note: `schedule` allows 30d since 2026-02-16T00:00:00Z" in after[0]


def test_step_of_the_schedule_begins_the_grace():
    policy = MaximumImageAge("90d", (ScheduleEntry("2026-02-10", "30d"),), grace="7d")
    drained = request(OLD, CONTROLLERS + "replicaset-controller")
    ((denied, warned),) = judged(policy, [drained], CASES.now)
    ((later, _),) = judged(policy, [drained], CASES.now + DAY)
    assert (denied, len(warned), len(later)) == ([], 1, 1)


def test_cooldown_ends_at_its_moment():
    policy = MaximumImageAge("", cooldown=WEEK)
    end = CASES.now + 5 * DAY  # 7 days after YOUNG was built
    ((before, _),) = judged(policy, [request(YOUNG)], end - 1)
    ((after, _),) = judged(policy, [request(YOUNG)], end)
    assert "(ImageTooYoung, " in before[0]
    assert after == []


@pytest.mark.parametrize("user", ["alice", CONTROLLERS + "replicaset-controller", "system:serviceaccount:db:operator"])
@pytest.mark.parametrize("image", [YOUNG, UNDATED, "registry.example.com/shop/web:future"])
def test_cooldown_is_softened_for_nobody(user, image):
    policy = MaximumImageAge(cooldown=WEEK, reschedule="allow", controllers=("db/operator",))
    ((denied, _),) = judged(policy, [request(image, user)])
    assert len(denied) == 1


@pytest.mark.parametrize("kind", ["Pod", "Job", "ReplicaSet"])
def test_named_controller_is_judged_as_a_built_in_one(kind):
    policy = MaximumImageAge(controllers=("db/operator",))
    found = judged(policy, [request(OLD, f"system:serviceaccount:db:{name}", kind) for name in ("operator", "other")])
    assert [(len(denied), len(warned)) for denied, warned in found] == [(0, 1), (1, 0)]


BAD_PARAMETERS = {
    "minAge: of nothing": {"minAge": "7d"},
    "minAge: log": {"minAge": "7d", "minAgeProof": "log"},
    "minAge: no window": {"minAge": "30d", "minAgeProof": "created"},
    "unknownAge": {"minAge": "7d", "minAgeProof": "created", "unknownAge": "allow"},
    "schedule: not sorted": {
        "schedule": [{"from": "2026-03-01", "maxAge": "60d"}, {"from": "2026-03-01T00:00:00Z", "maxAge": "30d"}]
    },
    "schedule: no leap year": {"schedule": [{"from": "2026-02-29", "maxAge": "60d"}]},
    "controllers: a pattern": {"controllers": ["*/*"]},
}


@pytest.mark.parametrize("name", sorted(BAD_PARAMETERS))
def test_parameters_that_make_no_sense_admit_nothing(name):
    """Also for an image that is young or old enough by each of them alone."""
    fresh = request("registry.example.com/shop/web:fresh", CONTROLLERS + "replicaset-controller")
    cases = [
        ConstraintReview(
            Template.of(KIND.template()), {**pair["spec"]["parameters"], **BAD_PARAMETERS[name]}, fresh, CASES.now
        )
        for pair in MaximumImageAge().constraints()
    ]
    for found in Evaluator(engine()).violations(cases, recorded()):
        assert [each.details["reason"] for each in found] == ["ParametersInvalid"]


def test_pair_never_says_the_same_twice():
    requests = [case.request() for case in CASES.cases if case.operation != "DELETE"]
    for denied, warned in judged(CASES.policy, requests):
        assert not set(denied) & set(warned)


def test_every_denial_is_one_line():
    for denied, warned in judged(CASES.policy, [case.request() for case in CASES.cases]):
        for message in (*denied, *warned):
            assert message.isprintable(), message
