"""`bestbefore denials`: Gatekeeper's log, as people want to read it."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from gatekeeper.cli import clusters, denials, output
from gatekeeper.cli.main import cli
from gatekeeper.cluster.errors import AccessDeniedError
from gatekeeper.cluster.resource import EVENTS, PODS
from gatekeeper.denials.ledger.blocks import BlockName, WorkloadBlock
from gatekeeper.denials.ledger.ledger import Ledger
from gatekeeper.denials.ledger.metrics import DenialMetrics
from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.denials.lines.actor import Actor
from gatekeeper.denials.logs.stream import StreamLines
from gatekeeper.denials.reports import block_event
from provider.clock import SystemClock
from provider.reasons import BlockCause
from tests.simulators.clock import EPOCH
from tests.simulators.cluster import ClusterSimulator
from tests.simulators.denials import details, text

_LOG = Path(__file__).parents[2] / "assets" / "gatekeeper" / "deny-lines.log"
_SAID = "Image is 45 days old, 30 days are allowed. Rebuild it, or move to a newer tag."
_TIMEOUT = text(None, msg="denied admission: eval_cancel_error: context canceled")


def _denials(*words: str, given: str | bytes = "") -> Result:
    return CliRunner().invoke(cli, ["denials", *words], input=given, prog_name="bestbefore")


def _rows(done: Result) -> list[list[str]]:
    return [row.split("\t") for row in done.stdout.splitlines()]


def test_retries_are_one_row_that_says_who_what_where_why_and_when() -> None:
    lines = [text(details(uid=f"u-{number}"), ts=EPOCH + number * 60) for number in range(3)]
    done = _denials("-", given="\n".join(["Starting", *lines]))
    assert done.exit_code == 0
    assert _rows(done)[1:] == [
        [
            "2026-11-24 22:42:00Z",
            "3",
            "shop",
            "ReplicaSet/web-6d5f",
            "registry.example.com/shop/web:1.4",
            "system:serviceaccount:kube-system:replicaset-controller (controller)",
            "deny",
            f"ImageTooOld: {_SAID} (policy MaximumImageAge, ref 9fa3b115b4d0)",
        ]
    ]
    assert done.stderr == ""


def test_denial_without_a_uid_is_a_dry_run_where_a_line_beside_it_says_so() -> None:
    done = _denials("-", given="\n".join([text({}, constraint_name="need-team"), text(details(dry_run=True))]))
    assert [row[6] for row in _rows(done)[1:]] == ["deny (dry run)"] * 2


def test_newest_is_last() -> None:
    older = text(details(uid="a", owner={"kind": "ReplicaSet", "name": "older"}), ts=EPOCH - 9)
    done = _denials("-", given=text() + "\n" + older)
    assert [row[3] for row in _rows(done)[1:]] == ["ReplicaSet/older", "ReplicaSet/web-6d5f"]


def test_log_of_the_real_gatekeeper_is_read(tmp_path: Path) -> None:
    done = _denials(str(_LOG), "-o", "json")
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert found["read"]["unreadable"] == 0
    assert found["read"]["noVerdict"] == 1
    assert {(one["policy"], one["enforcement_action"], one.get("dry_run")) for one in found["denials"]} >= {
        ("MaximumImageAge", "deny", True),
        ("MaximumImageAge", "deny", False),
        ("MaximumImageAge", "warn", False),
        ("foreigndeny", "deny", None),
    }
    assert "came to no verdict in time" in done.stderr


def test_frames_of_kubectl_are_understood() -> None:
    framed = f"[pod/gatekeeper-controller-manager-x/manager] 2026-11-24T20:00:00.000000001Z {text()}\n"
    assert len(_rows(_denials("-", given=framed * 2))) == 2


def test_jsonl_is_one_object_for_each_denial() -> None:
    done = _denials("-", "--output", "jsonl", given="\n".join([text(), text(), text(details(uid="u-2"))]))
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["request_uid"] for one in found] == ["u-1", "u-2"]
    assert found[0]["message"] == "Image is 45 days old."


def test_follow_prints_each_denial_as_it_comes() -> None:
    done = _denials("-", "--follow", given="\n".join([text(), text(details(uid="u-2"))]))
    assert len(done.stdout.splitlines()) == 2


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        (["-n", "shop"], 1),
        (["-n", "other"], 0),
        (["--since", "2026-11-24T20:00:00Z"], 1),
        (["--since", "2026-11-25"], 0),
    ],
)
def test_namespace_and_time_choose(words: list[str], rows: int) -> None:
    assert len(_rows(_denials("-", *words, given=text()))[1:]) == rows


def test_what_was_not_seen_is_said() -> None:
    burst = [text(details(uid=f"u-{number}"), ts=EPOCH + number / 200) for number in range(120)]
    done = _denials("-", given="\n".join([*burst, text()[:-9], _TIMEOUT]))
    assert done.exit_code == 0
    assert "1 deny line could not be read, and what was denied there is not shown." in done.stderr
    assert "1 time a template came to no verdict in time." in done.stderr
    assert "In 1 second one text had 100 lines or more." in done.stderr


def test_log_without_deny_lines_says_why_that_may_be() -> None:
    done = _denials("-", given='{"level":"info","msg":"started"}\n')
    assert (done.exit_code, done.stdout) == (0, "")
    assert "logDenies: true" in done.stderr


@pytest.mark.parametrize("given", ["", text()[:-9]])
def test_nothing_read_is_no_peace(given: str) -> None:
    done = _denials("-", given=given)
    assert (done.exit_code, done.stdout) == (3, "")
    assert done.stderr


@pytest.mark.parametrize("given", ["", text()[:-9]])
def test_nothing_read_does_not_say_that_no_denial_has_a_ref(given: str) -> None:
    done = _denials("9fa3b115b4d0", "-", given=given)
    assert (done.exit_code, done.stdout) == (3, "")
    assert "it is not known whether a denial has the ref 9fa3b115b4d0" in done.stderr


def test_ref_that_is_not_there_says_what_could_not_be_read() -> None:
    done = _denials("0123456789ab", "-", given="\n".join([text(), text(details(uid="u-2"))[:-9]]))
    assert (done.exit_code, done.stdout) == (1, "")
    assert "no denial in what was read has the ref 0123456789ab" in done.stderr
    assert "1 deny line could not be read" in done.stderr
    assert "of other times" not in done.stderr


def test_denial_without_a_time_is_found_by_its_ref_whatever_the_time_asked_for() -> None:
    line = text(details(question=""), ts=None)
    assert len(_rows(_denials("-", "--since", "1h", given=line))) == 2
    done = _denials("9fa3b115b4d0", "-", "--since", "1h", given=line)
    assert done.exit_code == 0, done.stderr


def test_file_that_is_not_there_is_named() -> None:
    done = _denials("nowhere.log")
    assert done.exit_code == 2
    assert done.stderr == "error: nowhere.log: No such file or directory\n"


@pytest.mark.parametrize("words", [[], ["-", "--since", "soon"], ["-", "--output", "yaml"]])
def test_words_that_make_no_sense_end_with_2(words: list[str]) -> None:
    assert _denials(*words).exit_code == 2


def test_hostile_texts_neither_start_a_line_nor_steer_a_terminal() -> None:
    hostile = "x\n2026 0 fake\x1b[31m\u202e"
    line = text(details(image=hostile, said=hostile, policy=hostile), request_username=hostile, resource_name=hostile)
    done = _denials("-", given=line)
    assert len(done.stdout.splitlines()) == 2
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout


def test_bytes_that_are_no_text_and_lines_of_a_megabyte_are_survived() -> None:
    given = b"\xff\xfe\x00\n" + b"x" * 3_000_000 + b"\n" + text(msg="y" * 1_000_000).encode() + b"\n" + text().encode()
    done = _denials("-", given=given)
    assert done.exit_code == 0
    assert len(_rows(done)) == 2
    assert "1 deny line could not be read" in done.stderr


def test_output_that_nobody_reads_any_more_ends_the_command_with_its_code() -> None:
    lines = "\n".join(text(details(uid=f"u-{number}")) for number in range(2000))
    command = [sys.executable, "-m", "gatekeeper.cli", "denials", "-", "--output", "jsonl"]
    seen, printed = os.pipe()
    os.close(seen)
    try:
        done = subprocess.run(command, input=lines, stdout=printed, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(printed)
    assert (done.returncode, done.stderr) == (141, "")


_POD = {
    "metadata": {
        "name": "gatekeeper-1",
        "namespace": "gatekeeper-system",
        "uid": "pod-1",
        "labels": {"control-plane": "controller-manager", "gatekeeper.sh/operation": "webhook"},
    }
}


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> ClusterSimulator:
    found = ClusterSimulator()
    monkeypatch.setattr(clusters, "connect", lambda *_: found.cluster)
    return found


def test_logs_of_all_pods_in_a_cluster_are_read_with_those_of_the_containers_before(
    simulator: ClusterSimulator,
) -> None:
    simulator.add(PODS, _POD)
    log = simulator.log("gatekeeper-system", "gatekeeper-1")
    log.write(text(details(uid="before")))
    log.restart()
    log.write(text(details(uid="now")))
    done = _denials("--cluster", "-o", "jsonl")
    assert done.exit_code == 0
    assert [json.loads(line)["request_uid"] for line in done.stdout.splitlines()] == ["before", "now"]


def test_pod_whose_log_may_not_be_read_is_named(simulator: ClusterSimulator) -> None:
    simulator.add(PODS, _POD)
    simulator.fail("log", AccessDeniedError("read the log of Pod gatekeeper-system/gatekeeper-1: 403"))
    done = _denials("--cluster")
    assert done.exit_code == 3
    assert "read the log of Pod gatekeeper-system/gatekeeper-1: 403" in done.stderr


def test_cluster_without_gatekeepers_pods_or_rights_gives_no_answer(simulator: ClusterSimulator) -> None:
    done = _denials("--cluster", "--gatekeeper-namespace", "elsewhere")
    assert (done.exit_code, done.stdout) == (3, "")
    assert "no Pods of Gatekeeper's webhook are in elsewhere" in done.stderr
    simulator.fail("pods", AccessDeniedError("list pods: 403"))
    done = _denials("--cluster")
    assert (done.exit_code, done.stderr) == (3, "error: list pods: 403\n")


def _block(**changes: Any) -> WorkloadBlock:
    found = WorkloadBlock(
        name=BlockName(WorkloadName("shop", "ReplicaSet", "web-6d5f"), "MaximumImageAge", "shop/web:1.4"),
        cause=BlockCause.POLICY,
        actor=Actor.CONTROLLER,
        user="u",
        reason="ImageTooOld",
        message="Image is 45 days old.",
        remedy="Rebuild it, or move to a newer tag.",
        ref="9fa3b115b4d0",
        opened=EPOCH,
        touched=EPOCH,
    )
    return replace(found, **changes)


def test_tenant_reads_from_events_why_since_when_what_to_do_and_whom_to_ask(simulator: ClusterSimulator) -> None:
    simulator.add(EVENTS, block_event.new_event(_block(), "pod"))
    foreign = _block(name=BlockName(WorkloadName("shop", "Pod", "x"), "need-team", ""), reason="", touched=EPOCH + 9)
    simulator.add(EVENTS, block_event.renewed_event(block_event.new_event(foreign, "pod"), foreign))
    simulator.add(EVENTS, {"metadata": {"name": "another", "namespace": "shop"}, "reason": "Pulled"})
    done = _denials("-n", "shop")
    assert done.exit_code == 0
    assert _rows(done)[1:] == [
        [
            "2026-11-24T22:40:00.000Z",
            "2026-11-24T22:40:00.000Z",
            "ReplicaSet/web-6d5f",
            "shop/web:1.4",
            "ImageTooOld, policy MaximumImageAge",
            "Rebuild it, or move to a newer tag.",
            "the image's publisher",
        ],
        [
            "2026-11-24T22:40:00.000Z",
            "2026-11-24T22:40:09.000Z",
            "Pod/x",
            "-",
            (
                "Pod x is blocked since 2026-11-24 22:40 UTC by policy need-team. Image is 45 days old. Rebuild it, or "
                "move to a newer tag. ref 9fa3b115b4d0"
            ),
            "Rebuild it, or move to a newer tag.",
            "whoever wrote the policy need-team",
        ],
    ]
    (first, _) = json.loads(_denials("-n", "shop", "-o", "json").stdout)["blocks"]
    assert (first["cause"], first["ask"], first["since"]) == (
        "policy",
        "the image's publisher",
        "2026-11-24T22:40:00.000Z",
    )


def test_namespace_without_events_is_not_said_to_be_well(simulator: ClusterSimulator) -> None:
    done = _denials("-n", "shop")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "the controller does not write Events here" in " ".join(done.stderr.split())


def test_tenant_without_the_right_to_read_events_gets_no_answer(simulator: ClusterSimulator) -> None:
    simulator.fail("events", AccessDeniedError("list events: 403"))
    assert _denials("-n", "shop").exit_code == 3


def test_two_sources_at_once_make_no_sense() -> None:
    assert _denials("-", "--cluster").exit_code == 2


def test_denial_without_uid_is_printed_though_no_line_follows() -> None:
    seen, more = os.pipe()
    printed: list[str] = []
    with os.fdopen(seen, "rb") as stream, os.fdopen(more, "wb", buffering=0) as writer:
        done = threading.Event()

        def echo(line: str) -> None:
            printed.append(line)
            done.set()

        def run() -> None:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(denials.click, "echo", echo)
                stop = threading.Event()
                printer = denials._Printer(denials._Selection(0, "", "text", True), stop)
                denials._read(StreamLines(stream), Ledger(SystemClock(), DenialMetrics(), printer), stop)

        thread = threading.Thread(target=run)
        thread.start()
        writer.write(text({"missing": ["team"]}).encode() + b"\n")
        assert done.wait(10)
        writer.close()
        thread.join()
    assert len(printed) == 1


@pytest.mark.parametrize("since", ["nonsense", "3x", "tomorrow"])
def test_a_time_that_is_none_is_refused_with_the_forms_of_this_option(since: str) -> None:
    done = _denials("-", "--since", since)
    assert done.exit_code == 2
    assert f"--since {since}: expected 30m, 2h, 1d (ago), a date" in done.stderr


@pytest.mark.parametrize("since", ["+14d", "2200-01-01"])
def test_a_time_that_is_yet_to_come_hides_nothing(since: str) -> None:
    done = _denials("-", "--since", since, given=text())
    assert done.exit_code == 2
    assert "is yet to come" in done.stderr


@pytest.mark.parametrize("words", [["9fa3"], ["9fa3", "--cluster"], ["9FA3B115B4D0", str(_LOG)]])
def test_a_ref_that_is_cut_or_in_capitals_is_said_to_be_none(words: list[str]) -> None:
    done = _denials(*words)
    assert done.exit_code == 2
    assert f"{words[0]} is neither a file nor a REF" in done.stderr


def test_file_whose_name_looks_like_a_part_of_a_ref_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "2026").write_text(text())
    monkeypatch.chdir(tmp_path)
    assert _denials("2026").exit_code == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [(gzip.compress(b"x"), "gunzip -c"), (bytes(range(256)), "it is no text")],
    ids=["gzip", "binary"],
)
def test_file_that_is_no_text_is_not_said_to_have_no_denials(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "log").write_bytes(content)
    done = _denials(str(tmp_path / "log"))
    assert done.exit_code == 2
    assert words in done.stderr


def test_following_a_file_is_refused_with_what_does_it() -> None:
    done = _denials(str(_LOG), "--follow")
    assert done.exit_code == 2
    assert "tail -F" in done.stderr


def test_that_all_denials_are_of_other_times_or_namespaces_is_said() -> None:
    done = _denials("-", "-n", "other", given=text() + "\n" + text(details(uid="u-2")))
    assert (done.exit_code, done.stdout) == (0, "")
    assert "2 deny lines were read, all of other times or namespaces" in done.stderr


def test_on_a_narrow_terminal_each_denial_begins_at_the_edge_and_names_stay_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    image = "registry.example.com/a-very-long-team-name/an-image-with-a-name-that-no-line-of-eighty-has-room-for:1.4"
    output.table([("WHEN", "IMAGE", "WHY"), ("now", image, "ImageTooOld: " + "word " * 30 + "(ref 9fa3b115b4d0)")])
    lines = click.unstyle(capsys.readouterr().out).splitlines()
    assert [line for line in lines if not line.startswith(" ")] == ["WHEN  IMAGE  WHY", "now"]
    assert f"    {image}" in lines
    assert all(len(line) <= 80 for line in lines if image not in line)
    assert lines[-1].endswith("(ref 9fa3b115b4d0)")
