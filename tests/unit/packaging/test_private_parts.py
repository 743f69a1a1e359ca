"""What we use of libraries that is not meant for others is where it was, and means what it did.

sigstore's parts have tests of their own: `tests/unit/signatures/test_sigstore_parts.py`.
"""

from __future__ import annotations

import asyncio
import inspect
import io
import os
import selectors
import socketserver
import time
import warnings
import wsgiref.simple_server
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
import redis.asyncio as redis
import yaml
from gunicorn import glogging, http, util
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.config import Config
from gunicorn.http import errors
from gunicorn.http.body import Body, ChunkedReader, EOFReader, LengthReader
from gunicorn.http.unreader import IterUnreader
from gunicorn.http.wsgi import Response, create
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, TConn, ThreadWorker
from redis._parsers.base import _AsyncRESPBase
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.sentinel import SentinelManagedConnection

from provider.server import master, plain_port
from provider.server.connection import Connection
from provider.server.response import OneSegmentResponse
from provider.server.threads import Threads
from provider.server.worker import ProviderWorker

GOOD = b"POST /validate HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"


def own(kind: type) -> dict[str, Callable[..., Any]]:
    """The methods that a class defines itself."""
    return {name: value for name, value in vars(kind).items() if inspect.isfunction(value)}


def called(function: Callable[..., Any]) -> set[str]:
    """The names that a function uses, those of its inner functions included."""
    codes = [function.__code__]
    names: set[str] = set()
    for code in codes:
        names |= set(code.co_names)
        codes += [each for each in code.co_consts if inspect.iscode(each)]
    return names


@pytest.mark.parametrize(
    ("ours", "theirs", "replaced"),
    [
        (
            ProviderWorker,
            ThreadWorker,
            {
                "__init__",
                "_keepalive_after",
                "accept",
                "finish_request",
                "get_thread_pool",
                "handle",
                "handle_error",
                "handle_exit",
                "handle_request",
                "murder_pending",
                "run",
                "set_accept_enabled",
                "wait_for_and_dispatch_events",
            },
        ),
        (Connection, TConn, {"close"}),
        (OneSegmentResponse, Response, {"_emit_body", "close", "send_headers", "should_close"}),
        (Threads, ThreadPoolExecutor, {"_adjust_thread_count"}),
        (
            master._OneWorkerArbiter,
            Arbiter,
            {"__init__", "handle_hup", "handle_ttin", "handle_ttou", "handle_usr2", "handle_winch", "manage_workers"},
        ),
        (master._Logger, glogging.Logger, {"setup"}),
        (master.Server, BaseApplication, {"__init__", "load", "load_config", "run"}),
        (plain_port._Handler, wsgiref.simple_server.WSGIRequestHandler, {"handle", "log_message", "setup"}),
        (plain_port._Exchange, wsgiref.simple_server.ServerHandler, {"log_exception"}),
        (
            plain_port.PlainServer,
            socketserver.TCPServer,
            {"__init__", "get_request", "handle_error", "process_request", "service_actions", "shutdown_request"},
        ),
    ],
)
def test_methods_that_are_replaced_exist_with_the_same_parameters(ours, theirs, replaced):
    assert {name for name in own(ours) if hasattr(theirs, name)} == replaced
    for name in replaced - {"__init__"}:
        assert list(inspect.signature(getattr(theirs, name)).parameters) == list(
            inspect.signature(getattr(ours, name)).parameters
        )


@pytest.mark.parametrize(
    ("caller", "names"),
    [
        (ThreadWorker.init_process, {"get_thread_pool"}),
        (
            ThreadWorker.run,
            {"set_accept_enabled", "wait_for_and_dispatch_events", "murder_pending", "alive", "nr_conns"},
        ),
        (ThreadWorker.set_accept_enabled, {"accept", "poller", "sockets"}),
        (ThreadWorker.enqueue_req, {"handle", "finish_request", "tpool", "method_queue"}),
        (ThreadWorker.on_pending_socket_readable, {"pending_conns", "enqueue_req", "poller"}),
        (ThreadWorker.handle, {"handle_request", "handle_error", "initialized", "_keepalive_after"}),
        (ThreadWorker._keepalive_after, {"parser", "finish_body"}),
        (ThreadWorker.finish_request, {"keepalived_conns", "nr_conns", "poller"}),
        (ThreadWorker.murder_pending, {"pending_conns", "nr_conns", "timeout"}),
        (ThreadWorker.murder_keepalived, {"keepalived_conns", "nr_conns", "timeout"}),
        (Response.write, {"send_headers", "_emit_body"}),
        (Response.default_headers, {"should_close"}),
        (Body._read_reader, {"reader", "failed"}),
        (ThreadPoolExecutor.submit, {"_adjust_thread_count"}),
        (ThreadPoolExecutor._adjust_thread_count, {"_threads"}),
        (Arbiter.spawn_worker, {"init_process", "WORKER_BOOT_ERROR", "APP_LOAD_ERROR"}),
    ],
)
def test_what_is_replaced_or_used_is_still_what_is_called(caller, names):
    assert names <= called(caller)


def test_connections_of_a_stopping_worker_linger_for_seconds():
    assert 0 < STOP_KEEPALIVE_LINGER <= 5


def test_exit_code_of_a_worker_that_ends_itself_does_not_halt_the_server():
    assert 1 not in {Arbiter.WORKER_BOOT_ERROR, Arbiter.APP_LOAD_ERROR}


def request(content: bytes) -> Any:
    """gunicorn's request, from bytes."""
    return next(http.get_parser(Config(), [content], ("192.0.2.1", 50_000)))


def test_reader_of_a_body_can_be_replaced_and_its_failure_shows():
    class Broken:
        def read(self, size):
            raise ConnectionResetError

    body = request(GOOD).body
    assert isinstance(body.reader, LengthReader)
    assert (body.reader.length, body.failed) == (3, False)
    body.reader = Broken()
    with pytest.raises(ConnectionResetError):
        body.read()
    assert body.failed


def test_rest_of_a_body_is_read_as_far_as_it_is_wished():
    parser = http.get_parser(Config(), [GOOD], ("192.0.2.1", 50_000))
    next(parser)
    ends = time.monotonic() + 10
    assert not parser.finish_body(deadline=ends, max_bytes=3)
    assert parser.finish_body(deadline=ends, max_bytes=4)


def test_only_the_reader_of_a_length_has_one():
    unreader = IterUnreader([b""])
    assert hasattr(LengthReader(unreader, 3), "length")
    assert not hasattr(ChunkedReader(None, unreader), "length")
    assert not hasattr(EOFReader(unreader), "length")


@pytest.mark.parametrize(
    "content",
    [
        b"rubbish\r\n\r\n",
        b"POST / HTTP/1.1\r\nX\r\n\r\n",
        b"POST / HTTP/1.1\r\nX: \0\r\n\r\n",
        b"POST / HTTP/1.1\r\nX: a\r\n b\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: unknown\r\n\r\n",
        b"POST / HTTP/1.1\r\nExpect: unknown\r\n\r\n",
        b"POST / HTTP/1.1\r\nX: " + b"a" * 10_000 + b"\r\n\r\n",
        b"POST /" + b"a" * 10_000 + b" HTTP/1.1\r\n\r\n",
        b"POST / HTTP/9.9\r\n\r\n",
    ],
)
def test_request_that_is_none_is_a_parse_exception_and_none_of_ours(content):
    with pytest.raises(errors.ParseException) as caught:
        request(content)
    assert not isinstance(caught.value, (errors.InvalidResponseHeader, errors.InvalidResponseHeaderName))


def test_body_that_is_cut_short_is_no_parse_exception():
    assert issubclass(errors.NoMoreData, OSError)


def test_environ_and_our_response_are_made_of_a_request():
    sent = io.BytesIO()
    socket = SimpleNamespace(sendall=sent.write)
    response, environ = create(
        request(GOOD), socket, ("192.0.2.1", 50_000), ("192.0.2.2", 8443), Config(), response_class=OneSegmentResponse
    )
    assert environ["wsgi.input"].read() == b"abc"
    assert environ["wsgi.input_terminated"] is True
    response.start_response("200 OK", [("Content-Length", "2")])
    response.write(b"ok")
    response.close()
    assert response.headers_sent
    head, _, body = sent.getvalue().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body == b"ok"


def test_error_can_be_written_as_bytes():
    sent = io.BytesIO()
    util.write(SimpleNamespace(sendall=sent.write), b"abc")
    assert sent.getvalue() == b"abc"


def test_settings_of_the_server_are_settings_of_gunicorn():
    serving = SimpleNamespace(
        settings=SimpleNamespace(threads=2, keepalive_seconds=3, drain_seconds=4, tls_cert="a", tls_key="b"),
        listener=SimpleNamespace(detach=lambda: 5),
    )
    cfg = master.Server(serving).cfg
    assert (cfg.workers, cfg.worker_class, bool(cfg.is_ssl), cfg.http_protocols) == (1, ProviderWorker, True, ["h1"])
    assert (cfg.forwarded_allow_ips, cfg.proxy_protocol, cfg.http_parser) == ([], "off", "python")
    assert (cfg.permit_obsolete_folding, cfg.strip_header_spaces, cfg.header_map) == (False, False, "drop")


def test_registration_of_a_descriptor_is_the_one_that_its_events_come_with_until_it_changes():
    read, write = os.pipe()
    with selectors.DefaultSelector() as selector:
        registered = selector.register(read, selectors.EVENT_READ)
        os.write(write, b"a")
        ((happened, _),) = selector.select(10)
        assert selector.get_map().get(read) is happened is registered
        selector.modify(read, selectors.EVENT_READ, "changed")
        assert selector.get_map().get(read) is not happened
        selector.unregister(read)
        assert selector.get_map().get(read) is None
    os.close(read)
    os.close(write)


def test_paths_of_the_registry_api_are_templates():
    with warnings.catch_warnings():
        # On import the package switches off all warnings of the process.
        from docker_registry_client._BaseClient import BaseClientV2  # noqa: PLC0415

    assert BaseClientV2.MANIFEST.format(name="a/b", reference="c") == "/v2/a/b/manifests/c"
    assert BaseClientV2.BLOB.format(name="a/b", digest="c") == "/v2/a/b/blobs/c"


def test_dumper_asks_for_an_analysis_of_each_scalar():
    fields = {
        "scalar",
        "empty",
        "multiline",
        "allow_flow_plain",
        "allow_block_plain",
        "allow_single_quoted",
        "allow_double_quoted",
        "allow_block",
    }
    analysis = yaml.SafeDumper(io.StringIO()).analyze_scalar("text")
    assert isinstance(analysis, yaml.emitter.ScalarAnalysis)
    assert set(vars(analysis)) == fields


class TestRedis:
    """`provider.cache.shared.bounded_connection` puts a reader of its own below the library's parser."""

    def test_parser_reads_by_the_two_that_are_bounded(self):
        called_by_parser = called(_AsyncRESPBase._read) | called(_AsyncRESPBase._readline)
        assert {name for name in called_by_parser if hasattr(asyncio.StreamReader, name)} == {"readexactly", "readline"}

    def test_connection_keeps_its_reader_where_it_was(self):
        assert {"_reader", "_writer"} <= called(redis.Connection._connect)
        assert "_reader" in called(_AsyncRESPBase.on_connect)
        assert issubclass(redis.SSLConnection, redis.Connection)
        assert "_connect" not in own(redis.SSLConnection)
        assert not {"_connect", "send_packed_command"} & {*own(SentinelManagedConnection), *own(ClusterNode)}

    def test_all_that_is_sent_renews_the_bounds(self):
        assert "send_packed_command" in called(redis.Connection.send_command)
        assert "send_packed_command" in called(ClusterNode.execute_command)
        assert "send_packed_command" in called(ClusterNode.execute_pipeline)
