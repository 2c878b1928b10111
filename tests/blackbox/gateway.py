"""An S3 gateway of one's own: `keywright-s3` beside a Keywright that it serves, and users of both."""

import base64
import concurrent.futures
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import re
import ssl
import time
import types
import zlib

import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.exceptions
import botocore.session
import pytest

from keywright import REGION, Deployment, Process, keywright, profile

BINARY = pathlib.Path(os.environ.get("KEYWRIGHT_S3_BINARY", "target/debug/keywright-s3")).resolve()
# What objects hold that are looked for on the disk.
MARKER = b"nobody may read this on the disk"
S3_ALL = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
KMS_USE = {"Effect": "Allow", "Action": ["kms:GenerateDataKey", "kms:Decrypt", "kms:DescribeKey"], "Resource": "*"}
OTHER_ACCOUNT = "444455556666"
KMS = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/docs"}
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class S3Gateway:
    """A deployment and its gateway, with these users: `alice` may use S3 and KMS, `bob` S3 alone, `gateway` is the gateway,
    `root` the account's, and `stranger` the other account's root user."""

    # What has the bucket of its sealed data.
    seaweed = None
    # More of what the gateway is told.
    options = ()

    def __init__(self, folder, tls=None, seaweed=None, bucket_endpoint=None, options=()):
        """`tls` is the host name that clients use; without it, they speak plain HTTP. With a SeaweedFS, sealed data is in its
        bucket, at its own endpoint or at another one. `options` are more of the gateway's."""
        self.folder = folder
        self.seaweed = seaweed
        self._bucket_endpoint = bucket_endpoint or (seaweed and seaweed.endpoint)
        self.data = folder / "objects"
        self.options = options
        self.keywright = Deployment(folder, tls=tls).init()
        self.account = self.keywright.account
        added = keywright("account", "add", "--data-dir", self.keywright.data, "--account-id", OTHER_ACCOUNT)
        assert added.returncode == 0, added.stderr
        configuration = folder / "keywright.toml"
        configuration.write_text(
            f'[[services]]\nname = "s3"\nprincipal = "arn:aws:iam::{self.account}:user/gateway"\naccounts = "any"\n'
        )
        self._options = ["--config", configuration]
        self.keywright.start(*self._options)
        self.access_keys = {
            "root": access_key(self.keywright.credentials), "stranger": access_key(profile(added.stdout))
        }
        self._prepare()
        self.process = None
        self.start()

    def _prepare(self):
        kms = self.kms()
        self.own_key = kms.create_key(Description="objects without a key of their own")["KeyMetadata"]["Arn"]
        kms.create_alias(AliasName="alias/keywright-s3", TargetKeyId=self.own_key)
        self.key = kms.create_key(Description="invoices")["KeyMetadata"]["Arn"]
        kms.create_alias(AliasName="alias/docs", TargetKeyId=self.key)
        own = {"Effect": "Allow", "Action": ["kms:GenerateDataKey", "kms:Decrypt"], "Resource": self.own_key}
        self.user("gateway", own)
        self.user("alice", S3_ALL, KMS_USE)
        self.user("bob", S3_ALL)

    def start(self, port=0):
        """Serves until `stop` or `kill`."""
        assert self.process is None
        self.process = self.launch(port)
        listens = self.process.log("listening on ")["message"]
        self.port = int(re.search(r"://[\d.]+:(\d+)", listens)[1])
        scheme = "https" if self.keywright.tls else "http"
        self.endpoint = f"{scheme}://{self.keywright.tls or '127.0.0.1'}:{self.port}"

    def launch(self, port, data=None, bucket=None):
        """The process of a gateway that is starting, over its own directory and bucket, or over these."""
        tls = []
        if self.keywright.tls:
            certificates = self.keywright.data / "tls"
            tls = ["--tls-cert", certificates / "server.pem", "--tls-key", certificates / "server.key"]
        environment = self.keywright.environment() | self._secrets("gateway") | {"NO_COLOR": "1"}
        options = [*(self.bucket_options() if bucket is None else bucket), *self.options]
        arguments = ["serve", "--data-dir", data or self.data, "--listen", f"127.0.0.1:{port}", *tls, *options]
        return Process(arguments, BINARY, env=environment)

    def bucket_options(self):
        """What the gateway is told of its bucket."""
        if not self.seaweed:
            return []
        place = ["--bucket", f"s3://{self.seaweed.bucket}/gateway", "--bucket-endpoint", self._bucket_endpoint]
        return [*place, "--bucket-credentials", self.seaweed.credentials]

    def stop(self):
        """Ends the gateway in good order."""
        code = self.process.end()
        self.process = None
        assert code == 0

    def kill(self):
        """Ends the gateway as a power loss would, as far as a process can tell."""
        self.process.signal(9)
        self.process.wait()
        self.process = None

    def end(self):
        if self.process:
            self.kill()
        self.keywright.end()

    @contextlib.contextmanager
    def without_keywright(self):
        """Inside, Keywright is stopped; afterwards it serves as before."""
        port = self.keywright.port
        self.keywright.stop()
        yield
        self.keywright.start(*self._options, port=port)

    def user(self, name, *statements):
        """Makes a user who may do this, and an access key."""
        iam = self.iam()
        iam.create_user(UserName=name)
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document(*statements))
        made = iam.create_access_key(UserName=name)["AccessKey"]
        self.access_keys[name] = (made["AccessKeyId"], made["SecretAccessKey"])

    def session(self, name, *statements, session_policy=None, seconds=3600):
        """Makes a role that may do this and that its account may assume, and the access key `name` of a session."""
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": self.account}}
        self.user(f"{name}-opener", {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"})
        iam = self.iam()
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(*statements))
        narrowed = {"Policy": document(*session_policy)} if session_policy else {}
        sts = self.client("sts", f"{name}-opener", self.keywright.endpoint)
        assumed = sts.assume_role(RoleArn=role, RoleSessionName="job", DurationSeconds=seconds, **narrowed)["Credentials"]
        self.access_keys[name] = (assumed["AccessKeyId"], assumed["SecretAccessKey"], assumed["SessionToken"])
        return role

    def s3(self, name="alice", **config):
        """A user's client of the gateway."""
        return self.client("s3", name, self.endpoint, **config)

    def kms(self, name="root"):
        return self.client("kms", name, self.keywright.endpoint)

    def iam(self):
        return self.client("iam", "root", self.keywright.endpoint)

    def client(self, service, name, endpoint, **config):
        session = botocore.session.Session()
        session.set_credentials(*self.access_keys[name])
        settings = {"retries": {"total_max_attempts": 1}, "signature_version": "s3v4" if service == "s3" else "v4"} | config
        return session.create_client(
            service, REGION, endpoint_url=endpoint, verify=str(self.keywright.ca) if self.keywright.tls else None,
            config=botocore.config.Config(s3={"addressing_style": "path"}, **settings),
        )

    def _secrets(self, name):
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        return dict(zip(names, self.access_keys[name], strict=False))

    def environment(self, name="alice"):
        """What a user of the gateway sets for AWS's clients."""
        return self.keywright.environment() | self._secrets(name) | {"AWS_ENDPOINT_URL": self.endpoint}

    def signed(self, method, target, headers=None, body_hash=EMPTY_SHA256, name="alice", at=None):
        """The headers that sign a request, now or at another time. The target is written as it is sent."""
        request = botocore.awsrequest.AWSRequest(method, self.endpoint + target, headers=headers or {})
        Stating(self.access_keys[name], body_hash, at).add_auth(request)
        return dict(request.headers.items())

    def connection(self):
        host = self.keywright.tls or "127.0.0.1"
        if self.keywright.tls:
            return http.client.HTTPSConnection(
                host, self.port, timeout=30, context=ssl.create_default_context(cafile=self.keywright.ca)
            )
        return http.client.HTTPConnection(host, self.port, timeout=30)

    def send(self, method, target, headers=None, body=b"", name="alice"):
        """Sends a request as it is written, signed: status, headers and body of the answer."""
        signed = self.signed(method, target, headers, hashlib.sha256(body).hexdigest(), name)
        return self.send_signed(method, target, signed, body)

    def send_signed(self, method, target, headers, body=b""):
        with contextlib.closing(self.connection()) as connection:
            connection.request(method, target, body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    def calls(self, *names):
        """Keywright's records of these operations so far."""
        return [record for record in self.keywright.journal() if record["eventName"] in names]

    def files(self):
        """The files of sealed data, or the objects of the bucket that has it."""
        if self.seaweed:
            objects = [SealedObject(self.seaweed, name) for name in self.seaweed.names() if name.startswith("gateway/data/")]
            # Those that no row named at a start are as good as put away.
            return [object for object in objects if not (self.data / "unnamed" / object.name).exists()]
        return [path for path in (self.data / "data").rglob("*") if path.is_file()]

    def holding(self, marker):
        """The files on the gateway's disk that have these bytes in them."""
        found = [path for path in self.data.rglob("*") if path.is_file() and marker in path.read_bytes()]
        return found + (self.seaweed.holding(marker) if self.seaweed else [])


class SealedObject:
    """An object of the bucket behind a gateway, to be read and changed as a file is."""

    def __init__(self, seaweed, key):
        self.name = key.rsplit("/", 1)[-1]
        self._client = seaweed.client
        self._at = {"Bucket": seaweed.bucket, "Key": key}

    def __eq__(self, other):
        return self.name == other.name

    def __hash__(self):
        return hash(self.name)

    def stat(self):
        return types.SimpleNamespace(st_size=self._client.head_object(**self._at)["ContentLength"])

    def read_bytes(self):
        return body(self._client.get_object(**self._at))

    def write_bytes(self, content):
        self._client.put_object(**self._at, Body=content)

    def unlink(self):
        self._client.delete_object(**self._at)


class Stating(botocore.auth.S3SigV4Auth):
    """Signs a request whose body has this hash, or is stated to have it, at a time that is stated too."""

    def __init__(self, access_key, body_hash, at):
        super().__init__(botocore.credentials.Credentials(*access_key), "s3", REGION)
        self._body_hash = body_hash
        self._at = at

    def add_auth(self, request):
        stamp = time.strftime("%Y%m%dT%H%M%SZ", self._at or time.gmtime())
        request.context["timestamp"] = stamp
        self._modify_request_before_signing(request)
        text = self.canonical_request(request)
        signature = self.signature(self.string_to_sign(request, text), request)
        self._inject_signature_to_request(request, signature)

    def _set_necessary_date_headers(self, request):
        request.headers["X-Amz-Date"] = request.context["timestamp"]

    def payload(self, request):
        return self._body_hash


def access_key(ini):
    return ini["aws_access_key_id"], ini["aws_secret_access_key"]


class Chunks:
    """A body in signed chunks, as AWS's older SDKs and minio-go send it."""

    def __init__(self, gateway, target, content, size=65536, name="alice", headers=None):
        self._content = content
        self._size = size
        self._key, self._secret = gateway.access_keys[name][:2]
        pieces = [content[at:at + size] for at in range(0, len(content), size)] + [b""]
        length = sum(len(f"{len(piece):x};chunk-signature={'0' * 64}\r\n") + len(piece) + 2 for piece in pieces)
        more = (headers or {}) | {
            "Content-Encoding": "aws-chunked", "X-Amz-Decoded-Content-Length": str(len(content)), "Content-Length": str(length),
        }
        self.headers = gateway.signed("PUT", target, more, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", name)
        self._pieces = pieces
        self._seed = re.search(r"Signature=(\w+)", self.headers["Authorization"])[1]
        self._date = self.headers["X-Amz-Date"]

    def body(self):
        previous, lines = self._seed, []
        for piece in self._pieces:
            previous = self._sign(previous, piece)
            lines.append(f"{len(piece):x};chunk-signature={previous}\r\n".encode() + piece + b"\r\n")
        return b"".join(lines)

    def _sign(self, previous, piece):
        scope = f"{self._date[:8]}/{REGION}/s3/aws4_request"
        key = f"AWS4{self._secret}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        text = "\n".join([
            "AWS4-HMAC-SHA256-PAYLOAD", self._date, scope, previous, EMPTY_SHA256, hashlib.sha256(piece).hexdigest()
        ])
        return hmac.new(key, text.encode(), "sha256").hexdigest()


@contextlib.contextmanager
def refused(code, status=None, text=None):
    """What is inside is refused with this code, and with this status and this text if they are given."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        yield caught
    error, answered = caught.value.response["Error"], caught.value.response["ResponseMetadata"]
    assert error["Code"] == code, error
    assert status in (None, answered["HTTPStatusCode"]), answered
    assert text is None or text in error["Message"], error


def body(answer):
    """The data of an object that is read."""
    return answer["Body"].read()


def encryption(answer):
    """How an answer says that its object is encrypted."""
    return answer.get("ServerSideEncryption"), answer.get("SSEKMSKeyId"), answer.get("BucketKeyEnabled")


def eventually(ask, seconds):
    """What is answered once something is true, which takes so long at most."""
    until = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.2)
    return answer


def many(ask, given, threads=8):
    """What is answered to each, asked at once."""
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        return list(pool.map(ask, given))


def crc32(content):
    return base64.b64encode(zlib.crc32(content).to_bytes(4)).decode()
