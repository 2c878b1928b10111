"""`keywright-client`: secrets kept in records, and handed to programs. What docs/client.md says, its exit codes included."""

import base64
import contextlib
import http.server
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import boto3
import botocore.exceptions
import moto
import pytest

from clients import blobs_decoded
from gateway import document
from keywright import BINARY, PATIENCE_SECONDS, REGION, Deployment, Process
from test_readme import ROOT, begun, blocks, does_what_it_says, machine

CLIENT = pathlib.Path(os.environ.get("KEYWRIGHT_CLIENT", BINARY.with_name("keywright-client"))).resolve()
PAGE = (ROOT / "docs/client.md").read_text()
SECRET = b"marker-b2d1c0-s3cret"


class Stage:
    """A place to keep records in, with an environment in which KMS is found."""

    def __init__(self, folder, environment):
        self.folder = folder
        self.environment = environment

    def run(self, *arguments, given=b"", **variables):
        """Runs a command to its end; its answer has bytes."""
        return subprocess.run(
            [CLIENT, *map(str, arguments)], input=given, capture_output=True, cwd=self.folder,
            env=self.environment | variables, timeout=2 * PATIENCE_SECONDS,
        )

    def done(self, *arguments, **options):
        done = self.run(*arguments, **options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def fails(self, code, *arguments, **options):
        """Checks that a command ends with this code, and returns what it says."""
        done = self.run(*arguments, **options)
        assert done.returncode == code, done.stdout + done.stderr
        assert done.stdout == b"" and SECRET not in done.stderr
        return done.stderr.decode()

    def start(self, *arguments, **variables):
        return Process(arguments, program=CLIENT, cwd=self.folder, env=self.environment | variables)

    def kms(self, **credentials):
        return self.service("kms", **credentials)

    def service(self, name, key=None):
        key = key or (self.environment["AWS_ACCESS_KEY_ID"], self.environment["AWS_SECRET_ACCESS_KEY"])
        return boto3.client(
            name, region_name=REGION, endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            aws_access_key_id=key[0], aws_secret_access_key=key[1], verify=self.environment.get("AWS_CA_BUNDLE"),
        )

    def record(self, name):
        return json.loads((self.folder / name).read_text())

    def user(self, name):
        """The variables with the credentials of a new user who may do nothing yet."""
        iam = self.service("iam")
        iam.create_user(UserName=name)
        made = iam.create_access_key(UserName=name)["AccessKey"]
        return {"AWS_ACCESS_KEY_ID": made["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"]}


@pytest.fixture
def stage(shared, tmp_path):
    return Stage(tmp_path, shared.environment())


@pytest.fixture
def key(stage):
    return stage.kms().create_key()["KeyMetadata"]["Arn"]


@pytest.fixture
def kept(stage, key):
    """A record `r.json` of the secret."""
    stage.done("wrap", "--key", key, "--context", "app=shop", "--out", "r.json", given=SECRET)
    return key


def script(text):
    """A program in Python that says something."""
    return ["--", sys.executable, "-c", text]


def test_a_secret_is_kept_in_a_record_and_opened(stage, kept):
    record = stage.record("r.json")
    assert sorted(record) == ["context", "key", "version", "wrapped"]
    assert (record["version"], record["key"], record["context"]) == (1, kept, {"app": "shop"})
    assert SECRET not in (stage.folder / "r.json").read_bytes()
    # Anybody's client opens it.
    opened = stage.kms().decrypt(CiphertextBlob=base64.b64decode(record["wrapped"]), EncryptionContext={"app": "shop"})
    assert opened["Plaintext"] == SECRET

    assert stage.done("unwrap", "r.json") == SECRET
    assert stage.done("unwrap", "r.json", "--form", "hex") == SECRET.hex().encode()
    assert stage.done("unwrap", "r.json", "--context", "app=shop", "--form", "base64") == base64.b64encode(SECRET)
    stage.done("unwrap", "r.json", "--out", "opened")
    assert (stage.folder / "opened").read_bytes() == SECRET
    assert (stage.folder / "opened").stat().st_mode & 0o777 == 0o600
    assert "exists" in stage.fails(1, "unwrap", "r.json", "--out", "opened")
    assert "exists" in stage.fails(1, "wrap", "--key", kept, "--new", "32", "--out", "r.json")
    assert stage.done("unwrap", "r.json") == SECRET, "the record is as it was"


def test_data_keys_are_kept_without_being_shown(stage, key):
    stage.kms().create_alias(AliasName="alias/client-db", TargetKeyId=key)
    for length in [16, 32, 64, 1024]:
        (stage.folder / "r.json").unlink(missing_ok=True)
        printed = stage.done("wrap", "--key", "alias/client-db", "--new", length)
        assert json.loads(printed)["key"] == key
        (stage.folder / "r.json").write_bytes(printed)
        assert len(stage.done("unwrap", "r.json")) == length
        wrapped = base64.b64decode(stage.record("r.json")["wrapped"])
        assert stage.kms().decrypt(CiphertextBlob=wrapped)["KeyMaterialId"] == stage.record("r.json")["material"]
    for wrong in [["--new", "0"], ["--new", "1025"], ["--new", "32", "--in", "r.json"], []]:
        stage.fails(1, "wrap", "--key", key, *wrong)
    stage.fails(1, "wrap", "--key", key, "--new", "32", "--context", "app=a", "--context", "app=b")
    (stage.folder / "long").write_bytes(bytes(4097))
    assert "4096" in stage.fails(1, "wrap", "--key", key, "--in", "long")


def test_a_record_is_put_under_newer_material_and_another_key(stage, kept):
    kms = stage.kms()
    stage.done("rewrap", "r.json")
    before = stage.record("r.json")
    kms.rotate_key_on_demand(KeyId=kept)
    (stage.folder / "r.json").chmod(0o640)
    stage.done("rewrap", "r.json")
    after = stage.record("r.json")
    assert after["key"] == kept and after["context"] == before["context"]
    assert after["material"] != before["material"] and after["wrapped"] != before["wrapped"]
    assert (stage.folder / "r.json").stat().st_mode & 0o777 == 0o640
    other = kms.create_key()["KeyMetadata"]["Arn"]
    stage.done("rewrap", "r.json", "--key", other)
    kms.disable_key(KeyId=kept)
    assert stage.record("r.json")["key"] == other
    assert stage.done("unwrap", "r.json") == SECRET
    assert os.listdir(stage.folder) == ["r.json"]


def test_a_record_that_is_changed_does_not_open(stage, kept):
    record = stage.record("r.json")
    other = stage.kms().create_key()["KeyMetadata"]["Arn"]

    def changed(**members):
        (stage.folder / "changed.json").write_text(json.dumps(record | members))

    wrapped = record["wrapped"]
    for members in [
        {"wrapped": "A" + wrapped[1:]}, {"wrapped": wrapped[:-8]}, {"wrapped": ""}, {"context": {}}, {"context": {"app": "db"}},
        {"key": other}, {"version": 2}, {"wrapped": "?"}, {"more": 1}, {"key": None},
    ]:
        changed(**members)
        before = (stage.folder / "changed.json").read_bytes()
        stage.fails(65, "unwrap", "changed.json")
        said = stage.fails(65, "rewrap", "changed.json")
        assert (members == {"key": other}) == ("not under its key" in said)
        assert (stage.folder / "changed.json").read_bytes() == before
    assert "app=db" in stage.fails(65, "unwrap", "r.json", "--context", "app=db")
    assert "r.jsn" in stage.fails(1, "unwrap", "r.jsn")


def test_a_program_gets_secrets_in_each_way(stage, kept):
    stage.done("wrap", "--key", kept, "--new", "32", "--out", "k.json")
    raw = stage.done("unwrap", "k.json")
    told = (
        "import json, os, resource, sys; f = os.environ['F']; g = os.environ['G']; print(json.dumps({"
        "'arguments': open('/proc/self/cmdline').read(), 'fd': [open(f, 'rb').read().hex() for _ in 'ab'], 'path': f,"
        "'file': open(g).read(), 'mode': os.stat(g).st_mode & 0o777, 'where': g, 'env': os.environ['E'],"
        "'core': resource.getrlimit(resource.RLIMIT_CORE), 'given': sys.argv[1:]}))"
    )
    printed = stage.done(
        "exec", "--key", "F=k.json", "--key", "G=r.json:file", "--key", "G=k.json:file", "--key", "E=r.json:env",
        "--template", r"G={n};{hex}\n", "--template", "E=<{raw}>", *script(told), "--f={F}", "--g={G}", "{X}",
    )
    said = json.loads(printed)
    assert said["fd"] == [raw.hex(), raw.hex()], "it can be opened again"
    assert said["file"] == f"1;{SECRET.hex()}\n2;{raw.hex()}\n"
    assert said["mode"] == 0o400 and said["where"].startswith("/dev/shm/")
    assert said["env"] == f"<{SECRET.decode()}>"
    assert said["core"] == [0, 0]
    assert said["given"] == [f"--f={said['path']}", f"--g={said['where']}", "{X}"]
    assert said["path"].startswith("/proc/self/fd/")
    assert SECRET.decode() not in said["arguments"] and raw.hex() not in said["arguments"]
    assert not pathlib.Path(said["where"]).parent.exists(), "the file is gone with the program"


def test_a_program_that_gets_a_descriptor_takes_the_clients_place(stage, kept):
    told = "import os; print(os.getpid(), os.getppid(), sorted(map(int, os.listdir('/proc/self/fd'))))"
    started = subprocess.Popen(
        [CLIENT, "exec", "--key", "K=r.json", *script(told)], cwd=stage.folder, env=stage.environment,
        stdout=subprocess.PIPE, text=True,
    )
    said, _ = started.communicate(timeout=PATIENCE_SECONDS)
    pid, parent, descriptors = re.fullmatch(r"(\d+) (\d+) \[(.*)\]\n", said).groups()
    assert (int(pid), int(parent)) == (started.pid, os.getpid())
    # Standard input, output, errors; the secret; the folder that is listed.
    assert len(descriptors.split(", ")) == 5
    assert stage.run("exec", "--key", "K=r.json", *script("raise SystemExit(7)")).returncode == 7


def test_a_program_that_gets_a_file_is_told_what_it_is_sent(stage, kept):
    waits = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGHUP, lambda *_: os.write(1, b'again\\n'))\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(9))\n"
        "os.write(1, os.environ['K'].encode() + b'\\n')\n"
        "while True: signal.pause()\n"
    )
    started = stage.start("exec", "--key", "K=r.json:file", *script(waits))
    path = pathlib.Path(started.output.readline().strip())
    assert path.read_bytes() == SECRET
    started.signal(signal.SIGHUP)
    assert started.output.readline() == "again\n"
    assert started.end() == 9
    assert not path.parent.exists()
    killed = stage.run("exec", "--key", "K=r.json:file", *script("import os; os.kill(os.getpid(), 9)"))
    assert killed.returncode == 128 + 9


def test_wrong_uses_of_exec_start_nothing(stage, kept):
    says = script("print('started')")
    for wrong in [
        ["--key", "K=r.json:env", *says, "{K}"],
        ["--key", "K=r.json:env", "--key", "K=r.json:fd", *says],
        ["--key", "K=r.json", "--template", "X={hex}", *says],
        ["--key", "K=r.json", "--template", "K={hxe}", *says],
        ["--key", "1K=r.json", *says],
        ["--key", "K=none.json", *says],
        ["--key", "K=r.json:file", "--dir", "/", *says],
        ["--key", "K=r.json", "--"],
        says,
    ]:
        stage.fails(1, "exec", *wrong)
    assert "app=db" in stage.fails(65, "exec", "--context", "app=db", "--key", "K=r.json", *says)
    assert "/nowhere/program" in stage.fails(127, "exec", "--key", "K=r.json", "--", "/nowhere/program")
    stage.done("wrap", "--key", kept, "--out", "zero.json", given=b"a\0b")
    assert "{hex}" in stage.fails(1, "exec", "--key", "K=zero.json:env", *says)


def test_denials_and_keys_that_are_gone_have_codes_of_their_own(stage, kept):
    alice = stage.user("alice-denied")
    said = stage.fails(77, "unwrap", "r.json", **alice)
    assert "alice-denied is not authorized to perform: kms:Decrypt" in said
    (request,) = re.findall(r"keywright explain (\S+)", said)
    assert len(request) == 36
    unknown = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLEEXAMPLE00", "AWS_SECRET_ACCESS_KEY": "x"}
    stage.fails(77, "unwrap", "r.json", **unknown)
    none = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    assert "AWS_ACCESS_KEY_ID is not set" in stage.fails(77, "unwrap", "r.json", **none)
    assert "AWS_REGION" in stage.fails(1, "unwrap", "r.json", AWS_REGION="", AWS_DEFAULT_REGION="")

    kms = stage.kms()
    kms.disable_key(KeyId=kept)
    assert "is disabled" in stage.fails(78, "unwrap", "r.json")
    stage.fails(78, "wrap", "--key", kept, "--new", "32")
    kms.schedule_key_deletion(KeyId=kept)
    assert "pending deletion" in stage.fails(78, "exec", "--key", "K=r.json", *script("print(1)"))
    stage.fails(78, "rewrap", "r.json")
    stage.fails(78, "wrap", "--key", "alias/client-none", "--new", "32")


@contextlib.contextmanager
def listening(answer):
    """A server that answers each connection by this function of its socket, or not at all. The URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    open_ones = []

    def serve():
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                open_ones.append(connection)
                answer(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for connection in open_ones:
        connection.close()
    thread.join(PATIENCE_SECONDS)


def refuse(connection):
    connection.recv(65536)
    body = b'{"__type":"KMSInternalException","message":"not now"}'
    connection.sendall(b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
    connection.close()


def test_a_kms_that_is_broken_slow_or_gone_is_given_up_in_time(stage, kept):
    def given_up(code, url, wait):
        begun = time.monotonic()
        said = stage.fails(code, "unwrap", "r.json", "--wait", wait, AWS_ENDPOINT_URL_KMS=url)
        took = time.monotonic() - begun
        assert took < wait + 3, said
        return said, took

    with listening(refuse) as url:
        said, took = given_up(75, url, 2)
        assert "not now" in said and took > 0.5, "it was tried again"
    # Its listener is gone now.
    assert url[7:] in given_up(69, url, 1)[0]
    with listening(lambda connection: None) as url:
        said, took = given_up(69, url, 7)
        assert "did not answer" in said and f"waits for KMS at {url}" in said
        assert took > 5, "a try has five seconds"
    with listening(lambda connection: connection.close()) as url:
        given_up(69, url, 1)
    assert "URL" in stage.fails(1, "unwrap", "r.json", AWS_ENDPOINT_URL_KMS="http://192.0.2.1")


def test_a_program_waits_for_a_kms_that_comes_back(deployment):
    deployment.init().start()
    stage = Stage(deployment.folder, deployment.environment())
    key = stage.kms().create_key()["KeyMetadata"]["Arn"]
    stage.done("wrap", "--key", key, "--out", "r.json", given=SECRET)
    port = deployment.port
    deployment.stop()
    waits = stage.start("exec", "--key", "K=r.json", *script("import os; print(open(os.environ['K']).read())"))
    waits.log("waits for KMS")
    assert waits.runs()
    deployment.start(port=port)
    assert waits.output.readline() == SECRET.decode() + "\n"
    assert waits.wait() == 0


def test_nothing_of_a_secret_is_on_the_disk(deployment):
    deployment.init().start()
    stage = Stage(deployment.folder, deployment.environment() | {"TMPDIR": str(deployment.folder)})
    key = stage.kms().create_key()["KeyMetadata"]["Arn"]
    stage.done("wrap", "--key", key, "--out", "r.json", given=SECRET)
    reads = script("import os; assert b'marker' in open(os.environ['K'], 'rb').read()")
    for way in ["fd", "file"]:
        stage.done("exec", "--key", f"K=r.json:{way}", *reads)
    stage.done("rewrap", "r.json")
    deployment.stop()
    for form in [SECRET, SECRET.hex().encode()]:
        found = subprocess.run(["grep", "-rla", form.decode(), deployment.folder], capture_output=True, text=True)
        assert found.stdout == "" and found.returncode == 1


def test_credentials_and_cas_are_found_where_sdks_find_them(tmp_path):
    deployment = Deployment(tmp_path, tls="localhost").init().start()
    try:
        stage = Stage(tmp_path, deployment.environment())
        key = stage.kms().create_key()["KeyMetadata"]["Arn"]
        stage.done("wrap", "--key", key, "--out", "r.json", given=SECRET)
        assert "TLS" in stage.fails(69, "unwrap", "r.json", AWS_CA_BUNDLE="", SSL_CERT_FILE="/dev/null")

        (tmp_path / "credentials").write_text(
            f"[app]\naws_access_key_id = {stage.environment['AWS_ACCESS_KEY_ID']}\n"
            f"aws_secret_access_key = {stage.environment['AWS_SECRET_ACCESS_KEY']}\n"
        )
        (tmp_path / "config").write_text(
            f"[profile app]\nregion = {REGION}\nca_bundle = {deployment.ca}\nservices = here\n"
            f"[services here]\nkms =\n  endpoint_url = {deployment.endpoint}\n"
        )
        named = {
            "PATH": stage.environment["PATH"], "AWS_PROFILE": "app", "AWS_CONFIG_FILE": str(tmp_path / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        }
        assert Stage(tmp_path, named).done("unwrap", "r.json") == SECRET
        assert "nobody" in Stage(tmp_path, named).fails(1, "unwrap", "r.json", AWS_PROFILE="nobody")

        iam = stage.service("iam")
        trust = {"Effect": "Allow", "Principal": {"AWS": deployment.account}, "Action": "sts:AssumeRole"}
        role = iam.create_role(
            RoleName="app", AssumeRolePolicyDocument=document(trust)
        )["Role"]["Arn"]
        allow = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}
        iam.put_role_policy(
            RoleName="app", PolicyName="p", PolicyDocument=document(allow)
        )
        deputy = stage.user("deputy")
        assume = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role}
        iam.put_user_policy(
            UserName="deputy", PolicyName="p", PolicyDocument=document(assume)
        )
        endpoint = Process(
            ["credentials", "--role-arn", role, "--token-file", tmp_path / "token"], env=stage.environment | deputy
        )
        printed = [endpoint.output.readline() for _ in range(2)]
        variables = dict(line.strip().removeprefix("export ").split("=", 1) for line in printed)
        of_role = stage.environment | variables | {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
        assert Stage(tmp_path, of_role).done("unwrap", "r.json") == SECRET
        assert endpoint.end() == 0
        assert Stage(tmp_path, of_role).fails(75, "unwrap", "r.json", "--wait", "1")
    finally:
        deployment.end()


def test_a_service_calls_for_its_users(deployment):
    deployment.init()
    account = deployment.account
    configuration = deployment.folder / "keywright.toml"
    configuration.write_text(f'[[services]]\nname = "ec2"\nprincipal = "arn:aws:iam::{account}:user/volumes"\n')
    deployment.start("--config", configuration)
    stage = Stage(deployment.folder, deployment.environment())
    key = stage.kms().create_key()["KeyMetadata"]["Arn"]
    volumes, _ = stage.user("volumes"), stage.user("alice")
    allow = {
        "Effect": "Allow", "Action": ["kms:Encrypt", "kms:Decrypt"], "Resource": "*",
        "Condition": {"StringEquals": {"kms:ViaService": f"ec2.{REGION}.amazonaws.com"}},
    }
    stage.service("iam").put_user_policy(
        UserName="alice", PolicyName="p", PolicyDocument=document(allow)
    )
    alice = f"arn:aws:iam::{account}:user/alice"
    service = Stage(deployment.folder, stage.environment | volumes)
    service.done("--act-for", alice, "wrap", "--key", key, "--out", "r.json", given=SECRET)
    assert service.done("unwrap", "r.json", "--act-for", alice) == SECRET
    service.fails(77, "unwrap", "r.json")
    service.fails(77, "unwrap", "r.json", "--act-for", "service")
    service.fails(1, "unwrap", "r.json", "--act-for", "alice")
    stage.fails(77, "unwrap", "r.json", "--act-for", alice)


class AnotherKms(http.server.BaseHTTPRequestHandler):
    """moto's KMS, which plays the part of AWS and knows nothing of Keywright."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        operation = self.headers["X-Amz-Target"].removeprefix("TrentService.")
        body = self.rfile.read(int(self.headers["Content-Length"]))
        given = blobs_decoded("kms", operation, json.loads(body), of_input=True)
        try:
            status, answer = 200, self.server.kms._make_api_call(operation, given)
            del answer["ResponseMetadata"]
        except botocore.exceptions.ClientError as error:
            status, answer = 400, {"__type": error.response["Error"]["Code"], "message": error.response["Error"]["Message"]}
        shown = lambda value: base64.b64encode(value).decode() if isinstance(value, bytes) else value.timestamp()
        body = json.dumps(answer, default=shown).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def another(tmp_path, monkeypatch):
    """A stage at moto's KMS, and moto's client."""
    keys = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLEEXAMPLE00", "AWS_SECRET_ACCESS_KEY": "secret"}
    for name, value in keys.items():
        monkeypatch.setenv(name, value)
    with moto.mock_aws(), http.server.ThreadingHTTPServer(("127.0.0.1", 0), AnotherKms) as server:
        server.kms = boto3.client("kms", region_name=REGION)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.server_port}"
        yield Stage(tmp_path, keys | {"PATH": os.environ["PATH"], "AWS_ENDPOINT_URL": endpoint, "AWS_REGION": REGION}), server.kms
        server.shutdown()


def test_it_works_with_another_kms(another):
    stage, kms = another
    key, other = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    stage.done("wrap", "--key", key, "--context", "app=shop", "--out", "r.json", given=SECRET)
    stage.done("rewrap", "r.json", "--key", other)
    assert stage.record("r.json")["key"] == other
    stage.done("wrap", "--key", key, "--new", "32", "--out", "k.json")
    says = script("import os; print(os.environ['K'], len(open(os.environ['D'], 'rb').read()), end='')")
    assert stage.done("exec", "--key", "K=r.json:env", "--key", "D=k.json", *says) == SECRET + b" 32"
    stage.fails(78, "wrap", "--key", "alias/none", "--new", "32")


def test_the_pages_commands_do_what_they_say(machine):
    folder, _, _ = machine
    (folder / "bin/keywright-client").symlink_to(CLIENT)
    (folder / "examples").symlink_to(ROOT / "examples")
    start, *told = blocks("console", PAGE)
    does_what_it_says(start, told, machine, 8)
