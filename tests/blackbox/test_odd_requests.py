"""Requests that are no HTTP, or more than one at once, as smugglers and fuzzers send them."""

import contextlib
import socket

import pytest

from keywright import PATIENCE_SECONDS
from kill import Line

UNSIGNED = b'{"__type":"MissingAuthenticationTokenException"'
# What is sent, and the statuses of which the only answer has one. None: the connection may end without a word.
ODD = {
    "two hosts": (b"POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 2\r\n\r\n{}", {400}),
    "absolute form": (b"POST http://kms.us-east-1.amazonaws.com/ HTTP/1.1\r\nHost: evil\r\nContent-Length: 0\r\n\r\n", {400}),
    "length and chunks": (
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
        {400},
    ),
    "two lengths": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 9\r\n\r\n{}", {400}),
    "a length with a sign": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +2\r\n\r\n{}", {400}),
    "a folded field": (b"POST / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\nContent-Length: 0\r\n\r\n", {400}),
    "a NUL in a field": (b"POST / HTTP/1.1\r\nHost: a\r\nX: y\0z\r\nContent-Length: 0\r\n\r\n", {400}),
    "a space before the colon": (b"POST / HTTP/1.1\r\nHost : a\r\nContent-Length: 0\r\n\r\n", {400}),
    "bare line feeds": (b"POST / HTTP/1.1\nHost: a\nContent-Length: 0\n\n", {400}),
    "no version": (b"POST /\r\n\r\n", {400}),
    "another version": (b"POST / HTTP/3.0\r\nHost: a\r\n\r\n", {400}),
    "a chunk that is too large": (
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n", {400, 408},
    ),
    "a chunk of no number": (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", {400, 408}),
    "a coding that is unknown": (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", {400}),
    "a field of 40 KiB": (b"POST / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 40_960 + b"\r\n\r\n", {431}),
    "two hundred fields": (b"POST / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 200 + b"\r\n", {431}),
    "TLS in the clear": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 64, {400}),
    "a preface and no frames": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 64, set()),
}


@pytest.mark.parametrize("name", ODD)
def test_it_gets_one_refusal_and_no_other_answer(shared, name):
    sent, statuses = ODD[name]
    with socket.create_connection(("127.0.0.1", shared.port), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            answer = connection.makefile("rb").read()
            heads = [line.split()[1] for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
            assert len(heads) <= 1, answer
            assert not heads or int(heads[0]) in statuses, answer
    with Line(shared) as line:
        line.call("ListKeys")


def test_what_odd_requests_leave_is_a_journal_that_holds(shared):
    assert "the chain holds" in shared.verify()
