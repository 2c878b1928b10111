"""From an empty folder to a server in use, and what can be done when root's access key is lost."""

import os
import socket
import stat
import tempfile
import urllib.error
import urllib.request

import botocore.config
import botocore.exceptions
import botocore.session
import pytest

from clients import Refused
from keywright import PATIENCE_SECONDS, Deployment, Process, keywright, profile

FAILED = 1


def caller(connect, deployment, credentials, folder):
    """Who the credentials are of."""
    keys = {
        "AWS_ACCESS_KEY_ID": credentials["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": credentials["aws_secret_access_key"],
    }
    client = connect("boto3", deployment.environment() | keys, folder)
    try:
        return client.call("sts", "GetCallerIdentity")["Arn"]
    finally:
        client.close()


def test_no_log_keeps_the_secret_of_a_first_start(deployment):
    serve = ["serve", "--data-dir", deployment.data, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]
    done = keywright(*serve)
    assert done.returncode == FAILED
    assert "standard output is no terminal" in done.stderr and "--credentials FILE" in done.stderr
    assert not deployment.data.exists()

    file = deployment.folder / "root.ini"
    server = Process([*serve, "--credentials", file])
    server.log(" serves")
    assert profile(file.read_text())["aws_access_key_id"].startswith("AKIA")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert server.end() == 0
    secret = profile(file.read_text())["aws_secret_access_key"]
    assert not any(secret in str(line) for line in server.lines)


def test_a_server_that_cannot_listen_sets_nothing_up(deployment):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        file = deployment.folder / "root.ini"
        done = keywright("serve", "--data-dir", deployment.data, "--listen", address, "--credentials", file)
    assert done.returncode == FAILED
    assert f"cannot listen on {address}, which is `listen`" in done.stderr
    assert not deployment.data.exists() and not file.exists()


def test_init_writes_a_file_of_its_owners_and_says_what_comes_next(deployment):
    file = deployment.folder / "root.ini"
    done = keywright("init", "--data-dir", deployment.data, "--credentials", file)
    assert (done.returncode, done.stdout) == (0, "")
    assert f"next: keywright serve --data-dir {deployment.data}" in done.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    before = file.read_bytes()
    other = deployment.folder / "other"
    done = keywright("init", "--data-dir", other, "--credentials", file)
    assert done.returncode == FAILED and "root.ini: File exists" in done.stderr
    assert file.read_bytes() == before and not other.exists()
    # An access key that was not made has no file either.
    left = deployment.folder / "left.ini"
    assert keywright("init", "--data-dir", deployment.data, "--credentials", left).returncode == FAILED
    assert not left.exists()


def test_a_seal_that_a_container_would_lose_is_refused(deployment):
    with tempfile.TemporaryDirectory(dir="/dev/shm") as volume:
        assert os.stat(volume).st_dev != os.stat(deployment.folder).st_dev
        deployment.data.symlink_to(volume)
        done = keywright("init", "--data-dir", deployment.data)
        assert done.returncode == FAILED
        assert "on another file system than the data" in done.stderr and "--seal-key" in done.stderr
        assert os.listdir(volume) == []
        named = deployment.folder / "named.seal-key"
        assert keywright("init", "--data-dir", deployment.data, "--seal-key", named).returncode == 0


def test_what_others_can_reach_is_told_by_name(deployment):
    deployment.init()
    seal = deployment.data.with_name("data.seal-key")
    seal.chmod(0o644)
    deployment.start()
    told = deployment.process.log("others on this machine can reach")
    assert str(seal) in told["message"] and told["level"] == "WARN"


def test_a_lost_root_access_key_is_replaced(deployment, connect, tmp_path):
    deployment.init().start()
    lost, account = deployment.credentials, deployment.account
    reset = ["root-credentials", "reset", "--data-dir", deployment.data]
    done = keywright(*reset)
    assert done.returncode == FAILED and "in use" in done.stderr, done.stderr
    deployment.stop()

    done = keywright(*reset)
    assert done.returncode == 0, done.stderr
    deployment.start()
    assert caller(connect, deployment, profile(done.stdout), tmp_path) == f"arn:aws:iam::{account}:root"
    with pytest.raises(Refused) as told:
        caller(connect, deployment, lost, tmp_path)
    assert told.value.code == "InvalidClientTokenId"
    deployment.stop()
    (record,) = [record for record in deployment.journal() if record["eventName"] == "ResetRootCredentials"]
    assert record["account"] == account
    assert record["requestParameters"] == {"accessKeyId": profile(done.stdout)["aws_access_key_id"]}

    deployment.data.with_name("data.seal-key").rename(tmp_path / "away")
    done = keywright(*reset)
    assert done.returncode == FAILED and "seal: sealed: " in done.stderr, done.stderr
    unknown = keywright(*reset, "--account-id", "999999999999", "--seal-key", tmp_path / "away")
    assert unknown.returncode == FAILED and "there is no such account" in unknown.stderr


def test_an_account_is_added(deployment, connect, tmp_path):
    deployment.init()
    add = ["account", "add", "--data-dir", deployment.data, "--account-id"]
    file = deployment.folder / "second.ini"
    assert keywright(*add, "444455556666", "--credentials", file).returncode == 0
    again = keywright(*add, "444455556666")
    assert again.returncode == FAILED and "there is an account of that id already" in again.stderr
    reset = keywright("root-credentials", "reset", "--data-dir", deployment.data)
    assert reset.returncode == FAILED and "--account-id" in reset.stderr
    deployment.start()
    assert caller(connect, deployment, profile(file.read_text()), tmp_path) == "arn:aws:iam::444455556666:root"
    assert "CreateAccount" in [record["eventName"] for record in deployment.journal()]


def test_health_is_asked_by_the_program_itself(deployment):
    deployment.init().start()
    admin = deployment.admin.removeprefix("http://")
    assert keywright("health", "--ready", "--admin", admin).stdout.startswith("ready\n")
    assert '"alive":true' in keywright("health", "--admin", admin).stdout
    deployment.stop()
    gone = keywright("health", "--admin", admin)
    assert gone.returncode == FAILED and "no connection" in gone.stderr

    deployment.data.with_name("data.seal-key").rename(deployment.folder / "away")
    deployment.start()
    admin = deployment.admin.removeprefix("http://")
    sealed = keywright("health", "--ready", "--admin", admin)
    assert sealed.returncode == FAILED and "seal: sealed: " in sealed.stderr
    assert keywright("health", "--admin", admin).returncode == 0


def test_the_journal_of_what_was_never_served_is_told_so(deployment):
    deployment.init()
    done = keywright("journal", "verify", "--data-dir", deployment.data)
    assert done.returncode == FAILED and "nothing was served from there yet" in done.stderr


def test_the_program_says_of_which_commit_it_is():
    words = keywright("--version").stdout.split(maxsplit=2)
    assert words[0] == "keywright"
    # Where it was built outside a checkout, the release is all there is to tell.
    assert len(words) == 2 or words[2].startswith("("), words


def test_localhost_is_among_the_names_of_a_certificate(tmp_path):
    deployment = Deployment(tmp_path, tls="kms.example.net").init().start()
    deployment.tls = "localhost"
    environment = deployment.trust()
    session = botocore.session.Session()
    session.set_credentials(*deployment.credentials.values())
    for host in ["localhost", "127.0.0.1", "[::1]"]:
        client = session.create_client(
            "sts", "us-east-1", endpoint_url=f"https://{host}:{deployment.port}", verify=environment["AWS_CA_BUNDLE"],
            config=botocore.config.Config(retries={"total_max_attempts": 1}, connect_timeout=5),
        )
        try:
            assert client.get_caller_identity()["Account"] == deployment.account
        except botocore.exceptions.EndpointConnectionError:
            # The server listens on the IPv4 address alone.
            assert host == "[::1]"
    deployment.end()



def test_a_page_of_a_named_origin_may_call_and_no_other(deployment):
    file = deployment.folder / "keywright.toml"
    file.write_text('cors.origins = ["https://console.example.com"]')
    deployment.init().start("--config", file)
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,x-amz-date"}

    def preflight(origin):
        request = urllib.request.Request(deployment.endpoint, headers=asks | {"Origin": origin}, method="OPTIONS")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                return answer.status, dict(answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, dict(error.headers)

    status, fields = preflight("https://console.example.com")
    assert status == 200
    assert fields["access-control-allow-origin"] == "https://console.example.com"
    assert fields["access-control-allow-headers"] == "authorization,x-amz-date"
    status, fields = preflight("https://evil.example")
    assert status >= 400 and not any(name.lower().startswith("access-control") for name in fields)


def test_the_pages_of_health_are_not_for_pages_of_others(deployment):
    deployment.init().start()
    for fields in [{"Origin": "https://evil.example"}, {"Host": "evil.example"}]:
        request = urllib.request.Request(deployment.admin + "/metrics", headers=fields)
        with pytest.raises(urllib.error.HTTPError) as told:
            urllib.request.urlopen(request, timeout=PATIENCE_SECONDS)
        with told.value:
            assert told.value.code == 403


def test_a_container_can_let_others_in_to_a_development(tmp_path):
    refused = keywright("dev", "--listen", "0.0.0.0:0")
    assert refused.returncode != 0 and "--danger-let-others-in" in refused.stderr
    server = Process(["dev", "--listen", "0.0.0.0:0", "--danger-let-others-in"])
    assert server.log("others are let in")["level"] == "WARN"
    port = server.log(" serves development")["listen"].rpartition(":")[2]
    assert keywright("health", "--ready", "--admin", f"127.0.0.1:{port}").returncode == 0
    assert server.end() == 0
