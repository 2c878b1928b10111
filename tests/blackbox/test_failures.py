"""Slow clients, full disks and a stop in the middle of work."""

import concurrent.futures
import contextlib
import http.client
import resource
import signal
import socket
import subprocess
import threading
import time

import pytest

from keywright import PATIENCE_SECONDS, Deployment, keywright
from kill import Line, Lost


@pytest.fixture
def strict(deployment, tmp_path):
    """A deployment with short patience."""
    file = tmp_path / "keywright.toml"
    file.write_text("[limits]\nhead_seconds = 1\nbody_seconds = 1\nidle_seconds = 1\n")
    return deployment.init().start("--config", file)


def connection(deployment):
    return socket.create_connection(("127.0.0.1", deployment.port), timeout=PATIENCE_SECONDS)


def until_closed(connection):
    """Everything until the server ends the connection."""
    with contextlib.suppress(ConnectionResetError):
        return connection.makefile("rb").read()
    return b""


def served(deployment):
    """Others are served all the while."""
    with Line(deployment) as line:
        line.call("ListKeys")


HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\n"


def test_slow_clients_are_sent_away_and_harm_no_others(strict):
    with contextlib.ExitStack() as open:
        silent = [open.enter_context(connection(strict)) for _ in range(100)]
        slow = [open.enter_context(connection(strict)) for _ in range(100)]
        stuck = [open.enter_context(connection(strict)) for _ in range(100)]
        for each in slow:
            each.sendall(HEAD)
        for each in stuck:
            each.sendall(HEAD + b"Content-Length: 1000\r\n\r\nhalf")
        served(strict)
        assert {until_closed(each) for each in silent + slow} == {b""}
        for each in stuck:
            answer = until_closed(each)
            assert answer.startswith(b"HTTP/1.1 408"), answer
    served(strict)
    metrics = strict.page("/metrics")[1]
    assert 'keywright_connections_ended_total{reason="slow_head"}' in metrics


def test_a_client_that_leaves_half_way_leaves_nothing_behind(strict):
    for _ in range(50):
        with connection(strict) as half:
            half.sendall(HEAD + b"Content-Length: 1000\r\n\r\nhalf")
    served(strict)
    assert strict.page("/readyz")[0] == 200


def test_what_is_too_large_is_refused(strict):
    with connection(strict) as large:
        large.sendall(HEAD + b"X-Large: " + b"x" * 40_000 + b"\r\n\r\n")
        assert until_closed(large).startswith(b"HTTP/1.1 431")
    line = http.client.HTTPConnection("127.0.0.1", strict.port, timeout=PATIENCE_SECONDS)
    with contextlib.suppress(OSError):
        line.request("POST", "/", b"x" * (2 << 20))
    assert line.getresponse().status == 413
    line.close()


def no_file_grows():
    """For a process that is about to be started."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))


@pytest.fixture
def small_disk(tmp_path):
    """A deployment on a disk of its own, with functions that fill it, start a server on the full one, and make room again.

    Where the system does not let this process mount one, the server's files may grow no further instead."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True
    ).returncode == 0
    deployment = Deployment(folder)
    filler = folder / "filler"

    def fill():
        if mounted:
            with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as file:
                while True:
                    file.write(b"x" * 4096)
        else:
            resource.prlimit(deployment.process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))

    def start_full():
        if mounted:
            fill()
            deployment.start()
        else:
            deployment.start(preexec_fn=no_file_grows)

    def init_full():
        if mounted:
            fill()
            return keywright("init", "--data-dir", deployment.data)
        return keywright("init", "--data-dir", deployment.data, preexec_fn=no_file_grows)

    def make_room():
        if mounted:
            filler.unlink()
        elif deployment.process:
            unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
            resource.prlimit(deployment.process.pid, resource.RLIMIT_FSIZE, unlimited)

    deployment.fill, deployment.make_room = fill, make_room
    deployment.init_full, deployment.start_full = init_full, start_full
    yield deployment
    deployment.end()
    if mounted:
        subprocess.run(["umount", folder], check=True)


def test_a_full_disk_stops_work_and_loses_nothing(small_disk):
    # A process that ignores this signal, as its children do, gets an error instead where files may grow no further.
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        small_disk.init().start()
    finally:
        signal.signal(signal.SIGXFSZ, previous)
    acknowledged = []

    def until_refused(operation, **given):
        """Some room is left in what the files hold already; then the words for the caller tell nothing of disks."""
        for number in range(100_000):
            try:
                members = {name: value.format(number) for name, value in given.items()}
                acknowledged.append(line.call(operation, **members)[0])
            except AssertionError as refusal:
                assert "500" in str(refusal) and "KMSInternalException" in str(refusal)
                assert "pace" not in str(refusal) and "os error" not in str(refusal)
                return number
        raise AssertionError(f"{operation} was never refused")

    with Line(small_disk) as line:
        key = line.call("CreateKey")[1]["KeyMetadata"]["KeyId"]
        small_disk.fill()
        changes = until_refused("UpdateKeyDescription", KeyId=key, Description="change {}")
        until_refused("GenerateDataKey", KeyId=key, KeySpec="AES_256")
        assert small_disk.page("/healthz")[0] == 200
    small_disk.make_room()
    small_disk.restart()
    with Line(small_disk) as line:
        described = line.call("DescribeKey", KeyId=key)[1]["KeyMetadata"]["Description"]
        assert described == (f"change {changes - 1}" if changes else "")
        line.call("UpdateKeyDescription", KeyId=key, Description="room again")
    small_disk.verify()
    recorded = {record["requestId"] for record in small_disk.journal()}
    assert set(acknowledged) <= recorded


def test_nothing_is_half_set_up_on_a_full_disk(small_disk):
    refused = small_disk.init_full()
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "cannot open the store" in refused.stderr and "full" in refused.stderr, refused.stderr
    small_disk.make_room()
    small_disk.init().start()
    with Line(small_disk) as line:
        line.call("CreateKey")


def test_a_server_starts_on_a_full_disk_and_heals_by_itself(small_disk):
    small_disk.init().start()
    with Line(small_disk) as line:
        key = line.call("CreateKey")[1]["KeyMetadata"]["KeyId"]
    small_disk.stop()
    small_disk.start_full()
    # What the start has freed is filled too.
    small_disk.fill()
    with Line(small_disk) as line:
        with pytest.raises(AssertionError, match="KMSInternalException"):
            while True:
                line.call("DescribeKey", KeyId=key)
        assert small_disk.page("/healthz")[0] == 200
        status, page = small_disk.page("/readyz")
        assert status == 503 and page.startswith("journal: not writing: its disk is full\n"), page
        small_disk.make_room()
        ends = time.monotonic() + PATIENCE_SECONDS
        while small_disk.page("/readyz")[0] != 200:
            assert time.monotonic() < ends
            time.sleep(0.05)
        line.call("UpdateKeyDescription", KeyId=key, Description="room again")
    small_disk.verify()


def test_strangers_leave_a_few_records_and_a_few_lines_in_the_log(deployment):
    deployment.init().start()
    for _ in range(5):
        with connection(deployment) as flood:
            flood.sendall((HEAD + b"Content-Length: 2\r\n\r\n{}") * 10)
            flood.shutdown(socket.SHUT_WR)
            assert until_closed(flood).count(b"HTTP/1.1 400") == 10
    served(deployment)
    assert "keywright_strangers_counted_total 30\n" in deployment.page("/metrics")[1]
    process = deployment.process
    deployment.stop()
    refused = [line for line in process.lines if line and line["message"] == "call refused"]
    records = deployment.journal()
    unsigned = [record for record in records if record.get("errorCode") == "MissingAuthenticationTokenException"]
    assert (len(refused), len(unsigned)) == (20, 20)
    [summary] = [record for record in records if record["eventName"] == "RefuseStrangers"]
    assert summary["sourceIPAddress"] == "127.0.0.1" and summary["requestParameters"]["count"] == 30


def test_a_stop_loses_nothing(deployment):
    deployment.init().start()

    def create(line):
        """Creates keys until the server is gone."""
        created = []
        with contextlib.suppress(Lost), line:
            while True:
                id, output = line.call("CreateKey")
                created.append((id, output["KeyMetadata"]["KeyId"]))
                started.release()
        return created

    started = threading.Semaphore(0)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        work = [pool.submit(create, Line(deployment)) for _ in range(4)]
        for _ in range(20):
            started.acquire()
        deployment.stop()
        created = [made for each in work for made in each.result()]
    deployment.start()
    with Line(deployment) as line:
        stored = {key["KeyId"] for key in line.all("ListKeys", "Keys")}
    recorded = {record["requestId"] for record in deployment.journal()}
    assert {key for _, key in created} <= stored
    assert {id for id, _ in created} <= recorded
    deployment.verify()


def test_a_stop_writes_down_when_keys_were_last_used(deployment):
    deployment.init().start()
    with Line(deployment) as line:
        key = line.call("CreateKey")[1]["KeyMetadata"]["KeyId"]
        request, _ = line.call("GenerateDataKey", KeyId=key, KeySpec="AES_256")
    deployment.restart()
    with Line(deployment) as line:
        used = line.call("GetKeyLastUsage", KeyId=key)[1]["KeyLastUsage"]
    assert (used["Operation"], used["KmsRequestId"]) == ("GenerateDataKey", request)


def test_nothing_secret_is_logged(deployment):
    """Plaintexts, secrets and what a refused call carried stay out of log and journal."""
    deployment.init().start()
    secret = "c2VjcmV0IHBsYWludGV4dA=="
    with Line(deployment) as line:
        key = line.call("CreateKey")[1]["KeyMetadata"]["KeyId"]
        line.call("Encrypt", KeyId=key, Plaintext=secret)
        with pytest.raises(AssertionError, match="NotFoundException"):
            line.call("Encrypt", KeyId="alias/none", Plaintext=secret)
    process = deployment.process
    deployment.stop()
    kept = str(process.lines) + str(deployment.journal())
    assert secret not in kept and "secret plaintext" not in kept
    assert deployment.credentials["aws_secret_access_key"] not in kept
