"""The S3 gateway with a list of users of its own, whose roles KMS is called with: as with AWS KMS. Keywright plays the part of AWS, since it
decides about roles as AWS does; moto plays it too, and knows nothing of Keywright."""

import contextlib
import http.server
import json
import re
import subprocess
import threading
import time
import urllib.request

import boto3
import moto
import pytest
import requests

from gateway import BINARY, KMS, KMS_USE, MARKER, S3_ALL, S3Gateway, access_key, body, document, encryption, refused
from keywright import PATIENCE_SECONDS, REGION, Deployment, Process
from test_readme import ROOT, begun, blocks, follow, free_port, machine, section, steps

PAGE = (ROOT / "docs/s3.md").read_text()
GATEWAY_USE = {"Effect": "Allow", "Action": ["kms:GenerateDataKey", "kms:Decrypt"]}
ACCESS_KEYS = {
    name: (f"AKIAEXAMPLE{name.upper():0<9}", f"{name}-wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    for name in ("alice", "bob", "carol", "dave", "erin")
}


def user(name, account, role=None, policy=S3_ALL, **fields):
    """An entry of a list."""
    key, secret = ACCESS_KEYS[name]
    own = {"name": name, "account": account, "access_key_id": key, "secret": secret}
    own |= {"role": role or f"arn:aws:iam::{account}:role/objects/{name}"} | ({"policy": document(policy)} if policy else {})
    return "[[users]]\n" + "".join(f"{field} = '{value}'\n" for field, value in (own | fields).items() if value)


def written(folder, text, name="users.toml", mode=0o600):
    file = folder / name
    file.write_text(text)
    file.chmod(mode)
    return file


class ListedGateway(S3Gateway):
    """A Keywright that knows roles and no service, and a gateway with a list of these users: `alice` may everything; the role of `bob`
    may decrypt alone; `carol` may read alone; nobody may assume the role of `dave`; `erin` has no policy."""

    def __init__(self, folder):
        self.folder = folder
        self.data = folder / "objects"
        self.keywright = Deployment(folder).init().start()
        self.account = self.keywright.account
        self._options = []
        self.access_keys = {"root": access_key(self.keywright.credentials)}
        kms = self.kms()
        self.own_key = kms.create_key()["KeyMetadata"]["Arn"]
        self.key = kms.create_key()["KeyMetadata"]["Arn"]
        kms.create_alias(AliasName="alias/keywright-s3", TargetKeyId=self.own_key)
        kms.create_alias(AliasName="alias/docs", TargetKeyId=self.key)
        assume = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": f"arn:aws:iam::{self.account}:role/objects/*"}
        self.user("gateway", GATEWAY_USE | {"Resource": self.own_key}, assume)
        for name in ACCESS_KEYS:
            self.role(name, KMS_USE if name != "bob" else {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"})
        reads = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}
        secret = written(folder, ACCESS_KEYS["bob"][1] + "\n", "bob.secret", 0o400)
        written(folder, document(reads), "carol.json", 0o644)
        self.list = written(folder, "\n".join([
            user("alice", self.account), user("bob", self.account, secret=None, secret_file=secret.name),
            user("carol", self.account, policy=None, policy_file="carol.json"), user("dave", self.account),
            user("erin", self.account, policy=None),
        ]))
        self.access_keys |= ACCESS_KEYS
        self.options = ["--users", self.list]
        self.process = None
        self.start()

    def role(self, name, *statements):
        trusted = self.account if name == "dave" else f"arn:aws:iam::{self.account}:user/gateway"
        trust = {"Effect": "Deny" if name == "dave" else "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": trusted}}
        iam = self.iam()
        iam.create_role(RoleName=name, Path="/objects/", AssumeRolePolicyDocument=document(trust))
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(*statements))


@pytest.fixture(scope="module")
def listed(tmp_path_factory):
    gateway = ListedGateway(tmp_path_factory.mktemp("listed"))
    gateway.s3().create_bucket(Bucket="docs")
    gateway.s3().put_object(Bucket="docs", Key="k", Body=MARKER, **KMS)
    yield gateway
    gateway.end()


def test_kms_sees_the_session_of_the_users_role(listed):
    assert body(listed.s3().get_object(Bucket="docs", Key="k")) == MARKER
    assert encryption(listed.s3().head_object(Bucket="docs", Key="k"))[:2] == ("aws:kms", listed.key)
    for operation in ("GenerateDataKey", "Decrypt"):
        arn = f"arn:aws:sts::{listed.account}:assumed-role/alice/alice"
        record = next(record for record in listed.calls(operation) if record["arn"] == arn)
        assert "invokedBy" not in record
        assert "arn:aws:s3:::docs/k" in json.dumps(record)
    for _ in range(10):
        listed.s3().get_object(Bucket="docs", Key="k")["Body"].read()
    assumed = [record for record in listed.calls("AssumeRole") if "role/objects/alice" in json.dumps(record)]
    assert len(assumed) == 1, "a session serves for an hour"
    assert not listed.calls("GetSigningKey"), "nobody asks Keywright who its users are"
    assert not listed.holding(MARKER)


def test_without_a_key_objects_are_under_the_gateways_own(listed):
    put = listed.s3().put_object(Bucket="docs", Key="own", Body=b"x")
    assert encryption(put)[0] == "AES256"
    assert body(listed.s3("bob").get_object(Bucket="docs", Key="own")) == b"x"
    with refused("AccessDenied", 403, "kms:GenerateDataKey"):
        # The key behind alias/aws/s3 is for who comes through S3 itself.
        listed.s3().put_object(Bucket="docs", Key="managed", Body=b"x", ServerSideEncryption="aws:kms")


def test_kms_denies_a_user_whose_role_may_not(listed):
    assert body(listed.s3("bob").get_object(Bucket="docs", Key="k")) == MARKER
    session = f"User: arn:aws:sts::{listed.account}:assumed-role/bob/bob is not authorized to perform: kms:GenerateDataKey"
    with refused("AccessDenied", 403, session):
        listed.s3("bob").put_object(Bucket="docs", Key="of-bob", Body=b"x", **KMS)
    with refused("AccessDenied", 403, "sts:AssumeRole"):
        listed.s3("dave").put_object(Bucket="docs", Key="of-dave", Body=b"x", **KMS)
    assert len(listed.s3().list_objects_v2(Bucket="docs", Prefix="of-").get("Contents", [])) == 0
    # Without KMS, dave works.
    assert listed.s3("dave").head_object(Bucket="docs", Key="k")["ContentLength"] == len(MARKER)


def test_what_a_role_loses_is_refused_at_once(listed):
    iam = listed.iam()
    iam.put_role_policy(RoleName="alice", PolicyName="p", PolicyDocument=document(KMS_USE | {"Effect": "Deny"}))
    with refused("AccessDenied", 403, "kms:Decrypt"):
        listed.s3().get_object(Bucket="docs", Key="k")
    iam.put_role_policy(RoleName="alice", PolicyName="p", PolicyDocument=document(KMS_USE))
    assert body(listed.s3().get_object(Bucket="docs", Key="k")) == MARKER


def test_s3_policies_deny_and_bucket_policies_name_users(listed):
    assert body(listed.s3("carol").get_object(Bucket="docs", Key="k")) == MARKER
    carol = f"User: arn:aws:iam::{listed.account}:user/carol is not authorized to perform: s3:PutObject"
    with refused("AccessDenied", 403, carol):
        listed.s3("carol").put_object(Bucket="docs", Key="of-carol", Body=b"x", **KMS)
    with refused("AccessDenied", 403):
        listed.s3("erin").get_object(Bucket="docs", Key="k")
    erin = {"AWS": f"arn:aws:iam::{listed.account}:user/erin"}
    allow = {"Effect": "Allow", "Principal": erin, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::docs/*"}
    username = {"Condition": {"StringEquals": {"aws:username": "bob"}}}
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::docs/*"} | username
    listed.s3().put_bucket_policy(Bucket="docs", Policy=document(allow, deny))
    assert body(listed.s3("erin").get_object(Bucket="docs", Key="k")) == MARKER
    with refused("AccessDenied", 403, "explicit deny"):
        listed.s3("bob").get_object(Bucket="docs", Key="k")
    listed.s3().delete_bucket_policy(Bucket="docs")
    with refused("AccessDenied", 403):
        listed.s3("erin").get_object(Bucket="docs", Key="k")


def test_a_disabled_key_is_said_as_s3_says_it(listed):
    listed.kms().disable_key(KeyId=listed.key)
    with refused("KMS.DisabledException", 400):
        listed.s3().get_object(Bucket="docs", Key="k")
    listed.kms().enable_key(KeyId=listed.key)
    assert body(listed.s3().get_object(Bucket="docs", Key="k")) == MARKER


def test_nobody_else_is_believed(listed):
    listed.access_keys["mallory"] = ("AKIAEXAMPLEMALLORY00", ACCESS_KEYS["alice"][1])
    listed.access_keys["guesser"] = (ACCESS_KEYS["alice"][0], "x" * 40)
    listed.access_keys["session"] = (*ACCESS_KEYS["alice"], "token")
    for name, code in (("mallory", "InvalidAccessKeyId"), ("guesser", "SignatureDoesNotMatch"), ("session", "InvalidToken")):
        with refused(code):
            listed.s3(name).get_object(Bucket="docs", Key="k")
    url = listed.s3().generate_presigned_url("get_object", {"Bucket": "docs", "Key": "k"})
    with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:
        assert answer.read() == MARKER
    said = json.dumps(listed.process.lines)
    assert not any(secret in said for _, secret in ACCESS_KEYS.values())


def test_without_sts_or_kms_clients_try_again_later(listed):
    with listed.without_keywright():
        for name in ("alice", "erin"):
            began = time.monotonic()
            with refused("ServiceUnavailable" if name == "alice" else "AccessDenied"):
                listed.s3(name).get_object(Bucket="docs", Key="k")
            assert time.monotonic() - began < 15
    listed.stop()
    listed.start()
    assert body(listed.s3().get_object(Bucket="docs", Key="k")) == MARKER


def test_a_wrong_list_is_refused_with_its_place(listed, tmp_path):
    good = user("alice", "111122223333")
    environment = listed.keywright.environment() | {"NO_COLOR": "1"}

    def refusal(text, mode=0o600):
        written(tmp_path, text, mode=mode)
        arguments = ["serve", "--data-dir", tmp_path / "objects", "--listen", "127.0.0.1:0", "--users", "users.toml"]
        done = subprocess.run([BINARY, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
        assert done.returncode == 1 and "EXAMPLEKEY" not in done.stderr + done.stdout
        assert not (tmp_path / "objects").exists(), "nothing was begun"
        return done.stderr

    twice = user("bob", "111122223333", access_key_id=ACCESS_KEYS["alice"][0])
    assert f"users.toml:12: access_key_id: the access key `{ACCESS_KEYS['alice'][0]}` is that of `alice` already" in refusal(good + "\n" + twice)
    assert "users.toml:5: unknown field `secrt`" in refusal(good.replace("secret =", "secrt ="))
    assert "users.toml:6: role: expected a role's ARN" in refusal(user("alice", "111122223333", role="alice"))
    assert "users.toml:7: policy: " in refusal(good.replace(document(S3_ALL), "{}"))
    assert "others on this machine can reach `users.toml` (mode 644)" in refusal(good, 0o644)
    missing = refusal(good.replace(f"secret = '{ACCESS_KEYS['alice'][1]}'", "secret_file = 'nowhere'"))
    assert "users.toml:5: secret_file: `nowhere`: No such file" in missing


class AnotherAws(http.server.BaseHTTPRequestHandler):
    """moto's KMS and STS, by the bytes of the wire."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        service = "kms" if "X-Amz-Target" in self.headers else "sts"
        key = re.search(r"Credential=(\w+)/", self.headers["Authorization"])[1]
        self.server.came.append((service, self.headers.get("X-Amz-Target"), key, self.headers.get("X-Keywright-Act-For")))
        answer = requests.post(f"https://{service}.{REGION}.amazonaws.com/", data=sent, headers=dict(self.headers))
        self.send_response(answer.status_code)
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *_):
        pass


@pytest.fixture
def another(monkeypatch):
    """A server that speaks as AWS does, and moto's client of KMS."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "AKIAEXAMPLEEXAMPLE00")
    with moto.mock_aws(), http.server.ThreadingHTTPServer(("127.0.0.1", 0), AnotherAws) as server:
        server.came = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server, boto3.client("kms", region_name=REGION)
        server.shutdown()


def test_it_works_with_another_kms(another, listed, tmp_path):
    server, kms = another
    account, role = "123456789012", "arn:aws:iam::123456789012:role/alice"
    key, own = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    kms.create_alias(AliasName="alias/docs", TargetKeyId=key)
    kms.create_alias(AliasName="alias/keywright-s3", TargetKeyId=own)
    users = written(tmp_path, user("alice", account, role=role))
    environment = listed.keywright.environment() | {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}", "NO_COLOR": "1",
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLEEXAMPLE00", "AWS_SECRET_ACCESS_KEY": "AKIAEXAMPLEEXAMPLE00",
    }
    process = Process(["serve", "--data-dir", tmp_path / "objects", "--listen", "127.0.0.1:0", "--users", users], BINARY, env=environment)
    endpoint = re.search(r"http://[\d.:]+", process.log("listening on ")["message"])[0]
    with contextlib.ExitStack() as stack:
        stack.callback(process.end)
        s3 = listed.client("s3", "alice", endpoint)
        s3.create_bucket(Bucket="docs")
        assert encryption(s3.put_object(Bucket="docs", Key="k", Body=MARKER, **KMS))[:2] == ("aws:kms", key)
        s3.put_object(Bucket="docs", Key="own", Body=MARKER)
        assert body(s3.get_object(Bucket="docs", Key="k")) == body(s3.get_object(Bucket="docs", Key="own")) == MARKER
        with refused("KMS.NotFoundException", 400):
            s3.put_object(Bucket="docs", Key="k", Body=b"x", **KMS | {"SSEKMSKeyId": "alias/nothing"})
        (assumed,) = [came for came in server.came if came[0] == "sts"]
        assert assumed[2] == "AKIAEXAMPLEEXAMPLE00"
        for operation in ("GenerateDataKey", "Decrypt"):
            signers = [access_key_id for _, target, access_key_id, _ in server.came if target == f"TrentService.{operation}"]
            # The gateway's own key is used with its own access key, and the user's with the role's session.
            assert sorted(signer[:4] for signer in signers)[:2] == ["AKIA", "ASIA"], operation
        assert not any(act_for for *_, act_for in server.came), "AWS knows no such header"


def test_the_pages_commands_do_what_they_say(machine):
    folder, environment, _ = machine
    (folder / "bin/keywright-s3").symlink_to(BINARY)
    listen = f"127.0.0.1:{free_port()}"
    part = section("With AWS KMS", PAGE)
    part = part.replace("--data-dir objects", f"--data-dir objects --listen {listen}").replace("127.0.0.1:8014", listen)
    start = blocks("console", PAGE)[0]
    server, export = begun(start, machine)
    files = re.findall(r"`([a-z]+\.(?:toml|json))`[^`]*:\n\n```\w+\n(.*?)^```$", part, re.M | re.S)
    assert [name for name, _ in files] == ["users.toml", "alice.json"]
    for name, text in files:
        (folder / name).write_text(text)
    told = [step for block in blocks("console", part) for step in steps(block)]
    assert len(told) > 10
    follow(told, folder, environment, export + "\ntrap 'kill $(jobs -p)' EXIT")
    assert server.end() == 0
