"""Events that are handed on as they are recorded: nothing is lost when server or receiver are killed."""

import json
import os
import re
import socket
import ssl
import subprocess
import threading
import time

import boto3
import pytest

from keywright import Deployment

RSYSLOG = """
module(load="imtcp" StreamDriver.Name="ossl" StreamDriver.Mode="1" StreamDriver.AuthMode="anon")
global(workDirectory="{folder}" maxMessageSize="64k" DefaultNetstreamDriver="ossl"
    DefaultNetstreamDriverCAFile="{ca}" DefaultNetstreamDriverCertFile="{certificate}"
    DefaultNetstreamDriverKeyFile="{key}")
template(name="lines" type="string" string="%pri% %hostname% %app-name% %msgid% %msg%\\n")
input(type="imtcp" address="127.0.0.1" port="{port}" ruleset="events")
ruleset(name="events") {{ action(type="omfile" file="{folder}/received" template="lines") }}
"""


class Receiver:
    """A syslog receiver over TLS that reads octet-counted frames (RFC 5425)."""

    def __init__(self, certificate, key, port, *_):
        self.messages = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = self._listener.getsockname()[1]
        self._context = context
        self._open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._read, args=(plain,), daemon=True).start()

    def _read(self, plain):
        try:
            with self._context.wrap_socket(plain, server_side=True) as stream:
                self._open.append(stream)
                frames = stream.makefile("rb")
                while length := b"".join(self._digits(frames)):
                    message = frames.read(int(length))
                    if len(message) == int(length):
                        self.messages.append(message.decode())
        except (OSError, ValueError):
            pass

    @staticmethod
    def _digits(frames):
        while (digit := frames.read(1)) and digit != b" ":
            yield digit

    def end(self):
        """Goes away at once, as one that is killed does."""
        # A thread that waits there would keep it open.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for stream in self._open:
            try:
                stream.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


    def received(self):
        """Of each message: priority, host, program, message id, JSON."""
        form = re.compile(r"<(\d+)>1 \S+ (\S+) (\S+) - (\S+) - (.*)", re.S)
        return [form.fullmatch(message).groups() for message in self.messages]


class Rsyslog:
    """rsyslog, as operators run it."""

    def __init__(self, certificate, key, port, ca, folder):
        self._received = folder / "received"
        configuration = folder / "rsyslog.conf"
        configuration.write_text(
            RSYSLOG.format(folder=folder, ca=ca, certificate=certificate, key=key, port=port)
        )
        self._process = subprocess.Popen(["rsyslogd", "-n", "-f", configuration, "-i", folder / "rsyslog.pid"])

    def received(self):
        lines = self._received.read_text().splitlines() if self._received.exists() else []
        return [tuple(part.strip() for part in line.split(" ", 4)) for line in lines]

    def end(self):
        self._process.terminate()
        self._process.wait(20)


RECEIVERS = {"own": Receiver, "rsyslog": Rsyslog}


@pytest.fixture
def deployment(tmp_path):
    deployment = Deployment(tmp_path).init("--tls", "localhost")
    yield deployment
    deployment.end()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def configure(deployment, port):
    config = deployment.folder / "keywright.toml"
    config.write_text(
        f"""
        [[exports]]
        name = "lines"
        to = "file"
        path = "events.json"
        [[exports]]
        name = "siem"
        to = "syslog"
        receiver = "localhost:{port}"
        ca_file = "{deployment.ca}"
        """
    )
    deployment.tls = "localhost"
    return ["--config", config]


def certificate(deployment):
    tls = deployment.data / "tls"
    return tls / "server.pem", tls / "server.key"


def kms(deployment):
    environment = deployment.environment()
    return boto3.client(
        "kms", region_name="us-east-1", endpoint_url=deployment.endpoint, verify=str(deployment.ca),
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"], aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


def call(deployment, times):
    """Calls the server, and returns the ids of the requests that it acknowledged."""
    client = kms(deployment)
    return {client.list_keys()["ResponseMetadata"]["RequestId"] for _ in range(times)}


def request_ids(lines):
    events = [json.loads(line) for line in lines]
    return {event["requestID"] for event in events if "requestID" in event}


def until(is_so, seconds=30):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to be so"
        time.sleep(0.1)


def test_every_acknowledged_call_arrives_though_server_and_receiver_are_killed(deployment):
    port = free_port()
    options = configure(deployment, port)
    file = deployment.folder / "events.json"
    receivers = [Receiver(*certificate(deployment), port)]
    wanted = set()
    for killed in ["server", "receiver", "server", None]:
        deployment.start(*options)
        wanted |= call(deployment, 40)
        if killed == "server":
            deployment.kill()
            continue
        if killed == "receiver":
            receivers[-1].end()
            wanted |= call(deployment, 40)
            receivers.append(Receiver(*certificate(deployment), port))
        wanted |= call(deployment, 40)
        deployment.stop()
    deployment.start(*options)

    until(lambda: wanted <= request_ids(file.read_text().splitlines()))
    until(lambda: wanted <= request_ids(json for receiver in receivers for *_, json in receiver.received()))
    assert all(json.loads(line)["recipientAccountId"] in (deployment.account, "") for line in file.read_text().splitlines())
    status, metrics = deployment.page("/metrics")
    assert status == 200
    assert 'keywright_export_behind_records{export="siem"} 0' in metrics
    assert 'keywright_export_events_total{export="lines"}' in metrics


def test_strangers_are_handed_on_and_belong_to_no_account(deployment):
    options = configure(deployment, free_port())
    deployment.start(*options)
    client = kms(deployment)
    client._request_signer._credentials.secret_key = "wrong"
    with pytest.raises(client.exceptions.ClientError):
        client.list_keys()
    file = deployment.folder / "events.json"
    until(lambda: file.exists() and "InvalidSignatureException" in file.read_text())
    (event,) = [json.loads(line) for line in file.read_text().splitlines() if "InvalidSignature" in line]
    assert event["recipientAccountId"] == ""
    # A receiver that is not there holds neither calls nor the stop.
    began = time.monotonic()
    call(deployment, 20)
    deployment.stop()
    assert time.monotonic() - began < 15


@pytest.mark.parametrize("kind", RECEIVERS)
def test_receivers_take_the_messages(kind, deployment, tmp_path):
    options = configure(deployment, port := free_port())
    receiver = RECEIVERS[kind](*certificate(deployment), port, deployment.ca, tmp_path)
    try:
        deployment.start(*options)
        wanted = call(deployment, 30)
        until(lambda: wanted <= request_ids(json for *_, json in receiver.received()))
        priority, host, program, message_id, _ = receiver.received()[-1]
        assert (priority, host, program, message_id) == ("110", os.uname().nodename, "keywright", "ListKeys")
    finally:
        receiver.end()
