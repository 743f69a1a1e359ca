"""Ports of programs that are started, stopped and started again."""

from __future__ import annotations

import socket

from tests.ports import Ports

_EPHEMERAL = 32_768


def test_no_port_is_one_that_the_system_gives_to_whoever_asks_for_any() -> None:
    ports = Ports(_EPHEMERAL)
    found = [ports.free() for _ in range(100)]
    assert len({*found}) == 100, "nobody gets the port of one who has not begun to listen"
    assert max(found) < _EPHEMERAL


def test_port_where_somebody_listens_is_passed_over() -> None:
    first = Ports(16_000)
    with socket.create_server(("127.0.0.1", first.free())) as taken:
        assert taken.getsockname()[1] not in {Ports(16_000).free() for _ in range(50)}
        assert taken.getsockname()[1] not in {first.free() for _ in range(1_000)}


def test_processes_of_a_test_run_share_no_port() -> None:
    several = [Ports(_EPHEMERAL, process, 4) for process in range(4)]
    found = [{ports.free() for _ in range(2_000)} for ports in several]
    assert not any(one & other for one in found for other in found if one is not other)


def test_where_the_system_gives_out_all_ports_it_chooses() -> None:
    port = Ports(1_024).free()
    with socket.create_server(("127.0.0.1", port)) as listener:
        assert listener.getsockname()[1] == port
