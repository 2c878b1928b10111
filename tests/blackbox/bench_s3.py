"""Measures the S3 gateway beside hyper alone, which moves the same files and encrypts nothing, in one run.

  bench_s3.py --folder /dev/shm   needs KEYWRIGHT_BINARY, KEYWRIGHT_S3_BINARY and BENCH_BINARY

Speed is bytes for each second of the server's CPU: other work on the machine changes rates, and the ratio of two servers'
CPU times not. Rounds of all servers are interleaved, and the least CPU time of each counts. Beside the gateway stand
s3s-fs, which has the gateway's shapes of S3 and encrypts nothing, and SeaweedFS, which encrypts under keys of the same
Keywright. SeaweedFS alone keeps what is overwritten, and so has its directory on the disk.
"""

import argparse
import contextlib
import dataclasses
import hashlib
import json
import os
import pathlib
import re
import socket
import statistics
import subprocess
import tempfile
import time

import botocore.awsrequest

from buckets import SeaweedFS
from gateway import S3Gateway, Stating, crc32, eventually, many
from keywright import REGION

BENCH = pathlib.Path(os.environ.get("BENCH_BINARY", "target/release/bench")).resolve()
BUCKET = "bench"
MIB = 1024 * 1024
# What a client's SDK sends at a time.
CHUNK_BYTES = MIB
# Transfers of a round: CPU time is told in hundredths of a second.
TRANSFERS = 16
AT_ONCE = 16
# SeaweedFS keeps what is overwritten, in volumes of 64 MiB.
VOLUMES = ("-volume.max=1000",)
RANGES = 200
ACCESS_KEY = ("bench", "bench")
ENCRYPTED = {"x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": "alias/docs"}
# What the gateway has to reach, as parts of what hyper alone does.
GOALS = {"GET": 0.70, "PUT, unsigned trailer": 0.65, "PUT, signed SHA-256": 0.40}


@dataclasses.dataclass
class Target:
    """A server, and how its clients speak to it."""

    name: str
    port: int
    pid: int
    access_key: tuple | None
    headers: dict

    def cpu(self):
        """Seconds of CPU so far, in the program and in the kernel for it."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident(self, line="VmRSS"):
        """Bytes in memory, now or (`VmHWM`) at most since `forget_most`."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(rf"{line}:\s+(\d+) kB", status)[1]) * 1024

    def forget_most(self):
        pathlib.Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def head(self, method, key, headers, body_hash):
        """The head of a request, signed if this server believes signatures."""
        path = f"/{BUCKET}/{key}"
        host = {"host": f"127.0.0.1:{self.port}"}
        if self.access_key:
            signed = Stating(self.access_key, body_hash, None)
            request = botocore.awsrequest.AWSRequest(method, f"http://127.0.0.1:{self.port}{path}", headers=headers)
            signed.add_auth(request)
            headers = dict(request.headers.items())
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in (host | headers).items()), "", ""]
        return "\r\n".join(lines).encode()


class Content:
    """What is put: random bytes, as they are and as AWS's SDKs send them in chunks with a checksum behind."""

    def __init__(self, mib):
        self.plain = os.urandom(MIB) * mib
        self.sha256 = hashlib.sha256(self.plain).hexdigest()
        view = memoryview(self.plain)
        pieces = [view[at:at + CHUNK_BYTES] for at in range(0, len(view), CHUNK_BYTES)]
        chunks = b"".join(part for piece in pieces for part in (f"{len(piece):x}\r\n".encode(), piece, b"\r\n"))
        self.chunked = chunks + f"0\r\nx-amz-checksum-crc32:{crc32(self.plain)}\r\n\r\n".encode()

    def sent(self, is_signed):
        """Headers, hash and body of a request that puts it."""
        if is_signed:
            return {}, self.sha256, self.plain
        headers = {
            "content-encoding": "aws-chunked", "x-amz-trailer": "x-amz-checksum-crc32",
            "x-amz-decoded-content-length": str(len(self.plain)),
        }
        return headers, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", self.chunked


class Connection:
    """A connection that sends and receives without looking at the data: the client must not be what is measured."""

    def __init__(self, target):
        self._target = target
        self._socket = socket.create_connection(("127.0.0.1", target.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._room = memoryview(bytearray(MIB))

    def put(self, key, content, is_signed=False):
        # hyper alone knows no chunk lines: it gets the data as they are.
        headers, body_hash, body = content.sent(is_signed or self._target.access_key is None)
        headers = headers | self._target.headers | {"content-length": str(len(body))}
        self._socket.sendall(self._target.head("PUT", key, headers, body_hash))
        self._socket.sendall(body)
        self._answer(b" 200 ")

    def get(self, key, length, wanted=None):
        headers = {"range": wanted} if wanted else {}
        self._socket.sendall(self._target.head("GET", key, headers, hashlib.sha256(b"").hexdigest()))
        assert self._answer(b" 206 " if wanted else b" 200 ") == length

    def close(self):
        self._socket.close()

    def _answer(self, expected):
        """Reads an answer, and returns how many bytes its body has."""
        head, received = b"", 0
        while b"\r\n\r\n" not in head:
            piece = self._socket.recv(65536)
            assert piece, "the server closed the connection"
            head += piece
        head, _, body = head.partition(b"\r\n\r\n")
        assert expected in head.split(b"\r\n")[0], (self._target.name, head, body[:500])
        length = int(re.search(rb"(?i)content-length: *(\d+)", head)[1])
        received = len(body)
        while received < length:
            received += self._socket.recv_into(self._room[:min(MIB, length - received)])
        return length


@dataclasses.dataclass
class Measured:
    """The best of several rounds of one server."""

    cpu: float = float("inf")
    wall: float = float("inf")

    def add(self, target, work):
        cpu, started = target.cpu(), time.monotonic()
        work()
        self.wall = min(self.wall, time.monotonic() - started)
        # Less than a tick is told as none.
        self.cpu = min(self.cpu, max(target.cpu() - cpu, 1 / os.sysconf("SC_CLK_TCK")))


def measure(targets, content, rounds):
    """What each server needs for each kind of transfer: rows of the table."""
    transfers = {
        "PUT, signed SHA-256": lambda connection: connection.put("signed", content, is_signed=True),
        "PUT, unsigned trailer": lambda connection: connection.put("object", content),
        "GET": lambda connection: connection.get("object", len(content.plain)),
    }
    size = len(content.plain) * TRANSFERS
    rows = []
    for kind, transfer in transfers.items():
        measured = {target.name: Measured() for target in targets}
        for target in [*targets] * rounds:
            with contextlib.closing(Connection(target)) as connection:
                measured[target.name].add(target, lambda connection=connection: [transfer(connection) for _ in range(TRANSFERS)])
        yardstick = measured[targets[0].name].cpu
        rows += [
            {
                "transfer": kind, "server": name, "mb_per_cpu_second": size / best.cpu / 1e6,
                "ratio": yardstick / best.cpu, "mb_per_second": size / best.wall / 1e6,
            }
            for name, best in measured.items()
        ]
    return rows


def memory(target, content):
    """Bytes that a request takes, with many of one kind at a time: reads, and writes."""
    transfers = {
        "GET": lambda connection, number: connection.get("object", len(content.plain)),
        "PUT": lambda connection, number: connection.put(f"at-once-{number}", content),
    }
    each = {}
    for kind, transfer in transfers.items():
        connections = [Connection(target) for _ in range(AT_ONCE)]
        before = target.resident()
        target.forget_most()
        many(lambda given: transfer(*given), list(zip(connections, range(AT_ONCE), strict=True)), AT_ONCE)
        each[kind] = (target.resident("VmHWM") - before) / AT_ONCE
        for connection in connections:
            connection.close()
    return each


def ranges(target, content):
    """How long a hundred bytes out of the middle of the object take, in seconds, and how many CPU seconds."""
    middle = len(content.plain) // 2
    took = []
    with contextlib.closing(Connection(target)) as connection:
        cpu = target.cpu()
        for _ in range(RANGES):
            started = time.monotonic()
            connection.get("object", 100, f"bytes={middle}-{middle + 99}")
            took.append(time.monotonic() - started)
        return statistics.median(took), (target.cpu() - cpu) / RANGES


@contextlib.contextmanager
def role(name, folder, *options):
    """A server that the benchmark's program is itself."""
    folder.mkdir()
    (folder / BUCKET).mkdir()
    process = subprocess.Popen([BENCH, name, folder, *options], stdout=subprocess.PIPE, text=True)
    try:
        yield int(process.stdout.readline()), process.pid
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextlib.contextmanager
def servers(folder):
    """Everything that is measured, with hyper alone first."""
    with contextlib.ExitStack() as stack:
        gateway = S3Gateway(folder)
        stack.callback(gateway.end)
        gateway.s3().create_bucket(Bucket=BUCKET)
        access_key, secret_key = gateway.access_keys["root"]
        provider = {
            "type": "aws", "region": REGION, "endpoint": gateway.keywright.endpoint, "access_key": access_key,
            "secret_key": secret_key, "cache_ttl": "300s",
        }
        configuration = {"kms": {"default_provider": "keywright", "providers": {"keywright": provider}}}
        on_disk = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        seaweed = SeaweedFS(on_disk, *ACCESS_KEY, BUCKET, configuration, options=VOLUMES)
        stack.callback(seaweed.end)
        eventually(lambda: encrypts(seaweed), 30)
        files = stack.enter_context(role("files", folder / "files"))
        s3s_fs = stack.enter_context(
            role("s3s-fs", folder / "s3s-fs", "--access-key", ACCESS_KEY[0], "--secret", ACCESS_KEY[1])
        )
        yield [
            Target("hyper alone", *files, None, {}),
            Target("keywright-s3", gateway.port, gateway.process.pid, gateway.access_keys["alice"], ENCRYPTED),
            Target("s3s-fs", *s3s_fs, ACCESS_KEY, {}),
            Target("SeaweedFS", seaweed.port, seaweed.process.pid, ACCESS_KEY, ENCRYPTED),
        ]


def encrypts(seaweed):
    """Whether SeaweedFS takes an object already: its parts have to find each other after a start."""
    with contextlib.suppress(seaweed.client.exceptions.ClientError):
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/docs"}
        return seaweed.client.put_object(Bucket=BUCKET, Key="first", Body=b"x", **encryption)


def show(report):
    print(f"{'transfer':<24}{'server':<14}{'MB per CPU s':>13}{'of hyper':>10}{'MB/s':>8}")
    for row in report["transfers"]:
        goal = f"   goal {GOALS[row['transfer']]:.2f}" if row["server"] == "keywright-s3" else ""
        print(
            f"{row['transfer']:<24}{row['server']:<14}{row['mb_per_cpu_second']:>13.0f}{row['ratio']:>10.2f}"
            f"{row['mb_per_second']:>8.0f}{goal}"
        )
    for name, each in report["memory"].items():
        said = ", ".join(f"{kind} {size / MIB:.2f} MiB" for kind, size in each.items())
        print(f"memory of a request, {AT_ONCE} at a time: {name}: {said}")
    for name, (median, cpu) in report["ranges"].items():
        print(f"100 bytes of the middle: {name}: median {median * 1e3:.2f} ms, {cpu * 1e6:.0f} µs of CPU")


def run(mib, rounds, parent):
    """Measures everything, with objects of so many mebibytes."""
    content = Content(mib)
    with tempfile.TemporaryDirectory(dir=parent) as folder, servers(pathlib.Path(folder)) as targets:
        return {
            "transfers": measure(targets, content, rounds),
            "memory": {target.name: memory(target, content) for target in targets[1:]},
            "ranges": {target.name: ranges(target, content) for target in targets[1:]},
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--mib", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", help="where the servers keep their data [default: the directory for temporary files]")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    report = run(given.mib, given.rounds, given.folder)
    print(json.dumps(report)) if given.json else show(report)


if __name__ == "__main__":
    main()
