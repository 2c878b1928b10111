"""The S3 gateway over a bucket: sealed data is in a SeaweedFS, and all else as over a directory. What docs/s3.md says of it."""

import contextlib
import copy
import http.client
import os
import shlex
import subprocess
import sys
import time

import botocore.exceptions
import pytest

import kill_s3
from buckets import SeaweedFS
from gateway import KMS, MARKER, S3Gateway, body, crc32, eventually, many, refused
from object_format import CHUNK, HEADER, TAG
from test_readme import ROOT, blocks, section, steps
from wire import Wire

# Tests of the gateway over a directory, here with the fixtures of this file.
from test_s3_disk import test_changed_files_are_never_read_as_if_nothing_were
from test_s3_objects import (
    test_bodies_that_end_early_leave_nothing, test_copies_are_sealed_anew, test_objects_of_every_length_come_back,
    test_one_of_many_writers_wins, test_ranges_are_those_bytes,
    test_wrong_checksums_leave_nothing,
)
from test_s3_metrics import Watched
from test_s3_parts import contents, test_an_aborted_upload_leaves_nothing, test_parts_are_copied_from_objects, test_parts_become_an_object
from test_s3_readers import (
    test_a_slow_reader_gets_all_parts_of_what_it_began_to_read, test_reading_goes_on_while_an_object_is_overwritten,
)

PAGE = section("A bucket behind it", (ROOT / "docs/s3.md").read_text())
SEALED = CHUNK + TAG
# What the back end may say beside the bytes of an object.
HEADS = 4096
# As often the gateway is killed.
ROUNDS = 5


@pytest.fixture(scope="module")
def seaweed(tmp_path_factory):
    seaweed = SeaweedFS(tmp_path_factory.mktemp("storage"), "app", "secret", "sealed", options=["-volume.max=16"])
    yield seaweed
    seaweed.end()


@pytest.fixture(scope="module")
def wire(seaweed):
    """What is between the gateway and SeaweedFS."""
    wire = Wire(int(seaweed.endpoint.rsplit(":", 1)[1]))
    yield wire
    wire.end()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, seaweed, wire):
    options = ["--metrics", "127.0.0.1:0"]
    gateway = Watched(tmp_path_factory.mktemp("gateway"), seaweed=seaweed, bucket_endpoint=wire.endpoint, options=options)
    gateway.s3().create_bucket(Bucket="bucket")
    yield gateway
    gateway.end()


def test_the_gateway_is_started_as_the_page_says(gateway):
    ((command, _),) = steps(blocks("console", PAGE)[0])
    told, run = shlex.split(command.removesuffix("&")), list(map(str, gateway.bucket_options()))
    assert told[:4] == ["keywright-s3", "serve", "--data-dir", "objects"]
    assert told[4::2] == run[0::2] and told[5] == run[1]
    names = [[line.split()[0] for line in text.splitlines()] for text in (blocks("ini", PAGE)[0], gateway.seaweed.credentials.read_text())]
    assert names[0] == names[1]


def test_the_bucket_has_sealed_parts_and_nothing_else(gateway, s3, bucket, seaweed):
    before, content = set(seaweed.names()), MARKER + os.urandom(5 * CHUNK) + MARKER * 3000
    for name, how in (("s3", {}), ("kms", KMS), ("saved", KMS | {"BucketKeyEnabled": True})):
        s3.put_object(Bucket=bucket, Key=name, Body=content, Metadata={"secret": "yes"}, **how)
    made = set(seaweed.names()) - before
    assert len(made) == 3
    for name in made:
        prefix, data, file = name.split("/")
        assert (prefix, data, len(file)) == ("gateway", "data", 32)
        object = seaweed.client.get_object(Bucket="sealed", Key=name)
        assert object["Metadata"] == {} and object["ContentLength"] == HEADER + len(content) + TAG * -(-len(content) // CHUNK)
        assert body(object).startswith(b"KOP\x01")
    for told in (MARKER, crc32(content).encode()):
        assert gateway.holding(told) == []
    assert not (gateway.data / "data").exists()


def test_the_aws_cli_copies_files_of_any_length(gateway, bucket, tmp_path):
    def aws(*arguments):
        done = subprocess.run(
            [sys.executable, "-m", "awscli", *map(str, arguments)], env=gateway.environment(), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr

    sent, back = tmp_path / "sent", tmp_path / "back"
    sent.mkdir()
    # The longer one goes and comes in parts.
    for name, length in (("short", 1000), ("long", 9_000_000)):
        (sent / name).write_bytes(os.urandom(length))
    aws("s3", "cp", "--recursive", sent, f"s3://{bucket}", "--sse", "aws:kms", "--sse-kms-key-id", "alias/docs")
    aws("s3", "cp", "--recursive", f"s3://{bucket}", back)
    for file in sent.iterdir():
        assert (back / file.name).read_bytes() == file.read_bytes()


def test_a_range_reads_the_chunks_that_it_needs(s3, bucket, wire):
    content = os.urandom(40 * CHUNK)
    s3.put_object(Bucket=bucket, Key="k", Body=content)
    for start, chunks in ((0, 1), (CHUNK - 50, 2), (20 * CHUNK, 1), (30 * CHUNK - 50, 2), (len(content) - 100, 1)):
        before = wire.received
        assert body(s3.get_object(Bucket=bucket, Key="k", Range=f"bytes={start}-{start + 99}")) == content[start:start + 100]
        read = wire.received - before
        assert chunks * SEALED < read <= HEADER + chunks * SEALED + HEADS, (start, read)


@pytest.mark.parametrize("after", [0, 100, 1_000_000], ids=["before its head", "in its head", "in its body"])
def test_an_answer_that_breaks_off_is_asked_for_again(s3, bucket, wire, after):
    content = os.urandom(50 * CHUNK)
    s3.put_object(Bucket=bucket, Key="k", Body=content)
    wire.cut("received", after)
    assert body(s3.get_object(Bucket=bucket, Key="k")) == content


def test_a_put_that_breaks_off_leaves_nothing(gateway, s3, bucket, wire):
    """A long object breaks off; a short one, which is kept here until the bucket has it, is put again."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"before")
    files = set(gateway.files())
    wire.cut("sent", 1_000_000)
    with refused("ServiceUnavailable", 503):
        s3.put_object(Bucket=bucket, Key="k", Body=os.urandom(50 * CHUNK))
    assert body(s3.get_object(Bucket=bucket, Key="k")) == b"before"
    eventually(lambda: set(gateway.files()) == files, 10)
    wire.cut("sent", 2000)
    short = os.urandom(2 * CHUNK)
    s3.put_object(Bucket=bucket, Key="k", Body=short)
    assert body(s3.get_object(Bucket=bucket, Key="k")) == short


def test_an_object_without_a_length_is_refused(gateway, bucket):
    def put(content):
        target = f"/{bucket}/k"
        headers = gateway.signed("PUT", target, {"Transfer-Encoding": "chunked"}, "UNSIGNED-PAYLOAD")
        with contextlib.closing(gateway.connection()) as connection:
            connection.request("PUT", target, iter([content]), headers, encode_chunked=True)
            answer = connection.getresponse()
            return answer.status, answer.read()

    status, told = put(os.urandom(10 * CHUNK))
    assert (status, b"MissingContentLength" in told) == (411, True), told


def test_the_bucket_may_be_killed_in_the_middle_of_a_write(gateway, s3, bucket, seaweed):
    content = os.urandom(100 * CHUNK)
    s3.put_object(Bucket=bucket, Key="old", Body=content)
    target = f"/{bucket}/old"
    headers = gateway.signed("PUT", target, {"Content-Length": str(len(content))}, "UNSIGNED-PAYLOAD")
    slow = s3.get_object(Bucket=bucket, Key="old")["Body"]
    first = slow.read(1000)
    with contextlib.closing(gateway.connection()) as connection:
        connection.putrequest("PUT", target, skip_accept_encoding=True, skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(content[:len(content) // 2])
        seaweed.end()
        with contextlib.suppress(http.client.HTTPException, OSError):
            connection.send(content[len(content) // 2:])
            assert connection.getresponse().status == 503

    def unavailable(operation, **given):
        begun = time.monotonic()
        with refused("ServiceUnavailable", 503):
            getattr(s3, operation)(Bucket=bucket, **given)
        return time.monotonic() - begun

    asks = [lambda: unavailable("put_object", Key="new", Body=b"new"), lambda: unavailable("get_object", Key="old")]
    assert max(many(lambda ask: ask(), asks)) < 12
    status, _, text = gateway.page("/readyz")
    assert status == 503 and text.startswith("data: "), text
    # What needs no sealed data goes on.
    assert s3.head_object(Bucket=bucket, Key="old")["ContentLength"] == len(content)
    s3.delete_object(Bucket=bucket, Key="new")
    seaweed.start()

    def read():
        # SeaweedFS answers before its parts have found each other.
        with contextlib.suppress(s3.exceptions.ClientError):
            return body(s3.get_object(Bucket=bucket, Key="old"))

    assert eventually(read, 30) == content
    assert eventually(lambda: gateway.page("/readyz")[0] == 200, 10)
    # What breaks off for too long ends; what comes is right.
    with contextlib.suppress(botocore.exceptions.HTTPClientError):
        assert first + slow.read() == content
    s3.put_object(Bucket=bucket, Key="new", Body=content)
    assert body(s3.get_object(Bucket=bucket, Key="new")) == content
    eventually(lambda: kill_s3.is_in_order(gateway), 30)


def test_nothing_acknowledged_is_lost_when_the_gateway_is_killed(seaweed):
    # A bucket for this gateway alone.
    other = copy.copy(seaweed)
    other.bucket = "killed"
    other.client.create_bucket(Bucket=other.bucket)
    tally = kill_s3.run(ROUNDS, seed=1, gateway_in=lambda folder: S3Gateway(folder, seaweed=other))
    assert tally["rounds"] == ROUNDS < tally["acknowledged"]


@contextlib.contextmanager
def stopped(gateway):
    gateway.stop()
    yield
    gateway.start()


def test_restarts_keep_everything_and_mark_what_no_row_names(gateway, bucket, seaweed):
    content, stray = os.urandom(5 * CHUNK), "0" * 32
    gateway.s3().put_object(Bucket=bucket, Key="k", Body=content, **KMS)
    mark = gateway.data / "unnamed" / stray
    for end in (gateway.stop, gateway.kill):
        end()
        seaweed.client.put_object(Bucket="sealed", Key=f"gateway/data/{stray}", Body=b"what an upload left that never ended")
        gateway.start()
        assert body(gateway.s3().get_object(Bucket=bucket, Key="k")) == content
        assert mark.exists() and mark.stat().st_size == 0 and len(list(mark.parent.iterdir())) == 1
    with stopped(gateway):
        seaweed.client.delete_object(Bucket="sealed", Key=f"gateway/data/{stray}")
    assert not mark.exists()


def test_a_start_without_its_data_or_its_catalog_is_refused(gateway, seaweed, tmp_path):
    def refuses(why, *options, data=None):
        process = gateway.launch(0, data, options)
        process.log(why)
        assert process.wait() == 1

    def bucket(url, endpoint=seaweed.endpoint, credentials=seaweed.credentials):
        return ["--bucket", url, "--bucket-endpoint", endpoint, "--bucket-credentials", credentials]

    right, wrong = gateway.bucket_options(), tmp_path / "wrong.ini"
    wrong.write_text("[default]\naws_access_key_id = app\naws_secret_access_key = another\n")
    with stopped(gateway):
        refuses("of the sealed data that `catalog.db` names there is none")
        refuses("of the sealed data that `catalog.db` names there is none", *bucket("s3://sealed/elsewhere"))
        refuses("there is sealed data, but `catalog.db`", *right, data=tmp_path / "empty")
        refuses("SignatureDoesNotMatch", *bucket("s3://sealed/gateway", credentials=wrong))
        refuses("no access key in the profile `other`", *right, "--bucket-profile", "other")
        refuses("NoSuchBucket", *bucket("s3://nowhere"))
        refuses("neither `https` nor `http` on a loopback", *bucket("s3://sealed", endpoint="http://192.0.2.1"))
        refuses("no connection", *bucket("s3://sealed", endpoint="http://127.0.0.1:1"))
