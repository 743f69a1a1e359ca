"""The search for an image that is admitted."""

from dataclasses import dataclass, field

from gatekeeper.alternatives.nearness import Distance
from gatekeeper.alternatives.search import IMAGES_AT_A_TIME, MOST_IMAGES, Candidate, Opinion, search
from gatekeeper.evaluation.evaluator import Violation
from gatekeeper.evaluation.finding import Finding
from gatekeeper.evaluation.review import Review

DAY = 24 * 60 * 60 * 1_000_000_000
NOW = 20_000 * DAY


def finding(policy, reason, **details):
    return Finding(policy, "deny", Review(), Violation("no", {"reason": reason, **details}))


YOUNG = finding("cooldown", "ImageTooYoung", oldEnough="2024-10-08T00:00:00Z")
OLD = finding("age", "ImageTooOld")
AWAY = finding("age", "Timeout")


@dataclass
class Judge:
    """Says what a test tells it: of each image its denials, now and later."""

    now: dict = field(default_factory=dict)
    later: dict = field(default_factory=dict)
    digests: dict = field(default_factory=dict)
    uncovered: frozenset = frozenset()
    end: tuple | None = None
    asked: list = field(default_factory=list)

    def opinions(self, candidates, at):
        self.asked.append([each.image for each in candidates])
        says = self.now if at == NOW else self.later
        return [
            Opinion(
                each,
                f"{each.image}@{self.digests.get(each.image, f'sha256:{each.image}')}".removesuffix("@"),
                each.image not in self.uncovered,
                tuple(says.get(each.image, ())),
            )
            for each in candidates
        ]

    def denied_from(self, opinion, at):
        return self.end


def candidates(number):
    return [Candidate(f"app:{each}", Distance.LINE) for each in range(number)]


def test_nearest_that_is_admitted_is_found_with_its_end():
    judge = Judge({"app:0": [YOUNG], "app:1": [OLD]}, end=(NOW + DAY, "age"))
    found = search(candidates(4), judge, NOW)
    assert found.found.opinion.candidate.image == "app:2"
    assert (found.found.since, found.found.until, found.found.denied_by) == (NOW, NOW + DAY, "age")
    assert found.later is None


def test_no_more_is_asked_than_until_one_is_found():
    judge = Judge({f"app:{number}": [OLD] for number in range(IMAGES_AT_A_TIME)})
    search(candidates(100), judge, NOW)
    assert [len(each) for each in judge.asked] == [IMAGES_AT_A_TIME, IMAGES_AT_A_TIME]


def test_images_that_are_looked_at_have_a_bound():
    judge = Judge({f"app:{number}": [OLD] for number in range(100)})
    found = search(candidates(100), judge, NOW)
    assert sum(map(len, judge.asked)) == len(found.opinions) == MOST_IMAGES
    assert found.found is None
    assert found.decided


def test_what_nobody_could_look_at_or_nobody_looks_at_is_no_yes():
    judge = Judge({"app:0": [AWAY]}, uncovered=frozenset({"app:1"}), digests={"app:2": ""})
    found = search(candidates(3), judge, NOW)
    assert found.found is None
    assert [each.undecided for each in found.opinions] == [True, True, False]
    assert not search(candidates(2), judge, NOW).decided


def test_nothing_to_look_at_decides_nothing():
    assert not search([], Judge(), NOW).decided


def test_two_tags_of_one_image_are_looked_at_once():
    judge = Judge({"app:0": [OLD], "app:1": [OLD]}, digests={"app:0": "sha256:a", "app:1": "sha256:a"})
    assert len(search(candidates(2), judge, NOW).opinions) == 1


def test_what_will_be_old_enough_soonest_is_found():
    later = finding("cooldown", "ImageTooYoung", oldEnough="2024-10-09T00:00:00Z")
    judge = Judge({"app:0": [later], "app:1": [YOUNG], "app:2": [OLD]})
    found = search(candidates(3), judge, NOW)
    assert found.later.opinion.candidate.image == "app:1"
    assert found.later.since == NOW + 4 * DAY
    assert found.contradiction is None


def test_cooldown_that_ends_after_the_age_contradicts_it():
    judge = Judge({"app:0": [YOUNG]}, {"app:0": [OLD]})
    found = search(candidates(1), judge, NOW)
    assert found.later is None
    assert (found.contradiction.young, found.contradiction.old, found.contradiction.at) == (YOUNG, OLD, NOW + 4 * DAY)


def test_what_something_else_is_against_is_not_waited_for():
    judge = Judge({"app:0": [YOUNG, finding("signed", "SignatureAbsent")], "app:1": [OLD]})
    found = search(candidates(2), judge, NOW)
    assert (found.later, found.contradiction) == (None, None)
    assert len(judge.asked) == 1


def test_date_that_cannot_be_read_is_none():
    judge = Judge({"app:0": [finding("cooldown", "ImageTooYoung", oldEnough="soon")]})
    assert search(candidates(1), judge, NOW).later is None
