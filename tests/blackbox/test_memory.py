"""What callers send and get that is secret is gone from the server's memory once it is answered."""

import base64
import contextlib
import http.client
import json
import os
import pathlib
import secrets
import socket
import ssl
import time
import urllib.parse

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from attacks import DATA, END_HEADERS, HEADERS, PREFACE, SETTINGS, frame
from clients import Boto3
from keywright import PATIENCE_SECONDS, REGION
from test_import import OpenSSL, imported

EVERYTHING = json.dumps({
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
})
ANYBODY = json.dumps({
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}},
})
VERSIONS = {"iam": "2010-05-08", "sts": "2011-06-15"}
# So long a part of a secret is looked for: long enough not to be there by chance.
PART_BYTES = 24
END_STREAM = 1


class Http1:
    """A connection of HTTP/1.1, which stays open."""

    def __init__(self, deployment):
        self._connection = http.client.HTTPConnection("127.0.0.1", deployment.port, timeout=PATIENCE_SECONDS)

    def exchange(self, method, path, headers, body):
        """Whether the request succeeded, and the answer."""
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        return answer.status == 200, answer.read()

    def close(self):
        self._connection.close()


class Tls(Http1):
    """The same over TLS."""

    def __init__(self, deployment):
        context = ssl.create_default_context(cafile=deployment.ca)
        self._connection = http.client.HTTPSConnection(
            deployment.tls, deployment.port, timeout=PATIENCE_SECONDS, context=context
        )


class Http2:
    """A connection of HTTP/2, without a table of fields (RFC 7541, section 6.2.2)."""

    def __init__(self, deployment):
        self._connection = socket.create_connection(("127.0.0.1", deployment.port), PATIENCE_SECONDS)
        self._connection.sendall(PREFACE + frame(SETTINGS, 0, 0))
        self._received = self._connection.makefile("rb")
        self._stream = -1

    def exchange(self, method, path, headers, body):
        self._stream += 2
        headers = {name.lower(): value for name, value in headers.items()}
        authority = headers.pop("host")
        pseudo = {":method": method, ":path": path, ":scheme": "http", ":authority": authority}
        fields = b"".join(
            b"\x10" + text(name.encode()) + text(value.encode()) for name, value in (pseudo | headers).items()
        )
        self._connection.sendall(
            frame(HEADERS, END_HEADERS, self._stream, fields) + frame(DATA, END_STREAM, self._stream, body)
        )
        succeeded, answer = False, b""
        while True:
            head = self._received.read(9)
            payload = self._received.read(int.from_bytes(head[:3]))
            if int.from_bytes(head[5:]) != self._stream:
                continue
            if head[3] == HEADERS:
                # Index 8 of the static table.
                succeeded = payload[0] == 0x88
            if head[3] == DATA:
                answer += payload
            if head[4] & END_STREAM:
                return succeeded, answer

    def close(self):
        self._received.close()
        self._connection.close()


def text(octets):
    """A text of HPACK that is not compressed (RFC 7541, section 5.2)."""
    rest, length = len(octets) - 127, b""
    if rest < 0:
        return bytes([len(octets)]) + octets
    while rest >= 128:
        length += bytes([rest % 128 + 128])
        rest //= 128
    return b"\x7f" + length + bytes([rest]) + octets


class Caller:
    """Calls with a signature, over one connection."""

    def __init__(self, line, deployment, access_key, secret, token=None):
        self._line, self._url = line, deployment.endpoint + "/"
        self._credentials = Credentials(access_key, secret, token)

    def kms(self, operation, is_forged=False, **given):
        headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": f"TrentService.{operation}"}
        return self._call("kms", headers, json.dumps(given), is_forged)

    def query(self, service, operation, **given):
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        given = {"Action": operation, "Version": VERSIONS[service]} | given
        answer = self._call(service, headers, urllib.parse.urlencode(given))
        return answer[f"{operation}Response"][f"{operation}Result"]

    def presigned(self):
        """GetCallerIdentity, with everything in the URL."""
        url = f"{self._url}?Action=GetCallerIdentity&Version={VERSIONS['sts']}"
        request = AWSRequest("GET", url)
        SigV4QueryAuth(self._credentials, "sts", REGION, expires=60).add_auth(request)
        url = urllib.parse.urlsplit(request.url)
        succeeded, answer = self._line.exchange("GET", f"/?{url.query}", {"host": url.netloc}, b"")
        assert succeeded, answer

    def _call(self, service, headers, body, is_forged=False):
        request = AWSRequest("POST", self._url, headers=headers, data=body.encode())
        SigV4Auth(self._credentials, service, REGION).add_auth(request)
        sent = dict(request.headers.items()) | {"host": urllib.parse.urlsplit(self._url).netloc}
        if is_forged:
            sent["Authorization"] = sent["Authorization"][:-8] + "00000000"
        succeeded, answer = self._line.exchange("POST", "/", sent, request.data)
        assert succeeded is not is_forged, answer
        return json.loads(answer)


def call_with_secrets(line, deployment):
    """Calls over one connection. What is secret in them, by name, and a text that the server keeps."""
    root = Boto3(deployment.environment(), deployment.folder)
    role = root.call("iam", "CreateRole", RoleName="reader", AssumeRolePolicyDocument=ANYBODY)["Role"]["Arn"]
    root.call("iam", "PutRolePolicy", RoleName="reader", PolicyName="all", PolicyDocument=EVERYTHING)
    root.call("iam", "CreateUser", UserName="alice")
    root.call("iam", "PutUserPolicy", UserName="alice", PolicyName="all", PolicyDocument=EVERYTHING)
    user = root.call("iam", "CreateAccessKey", UserName="alice")["AccessKey"]
    alice = Caller(line, deployment, user["AccessKeyId"], user["SecretAccessKey"])
    second = alice.query("iam", "CreateAccessKey", UserName="alice")["AccessKey"]
    session = alice.query("sts", "AssumeRole", RoleArn=role, RoleSessionName="session")["Credentials"]
    caller = Caller(
        line, deployment, session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]
    )
    description = secrets.token_hex(PART_BYTES)
    key = caller.kms("CreateKey", Description=description)["KeyMetadata"]["KeyId"]
    encrypted = {name: secrets.token_bytes(size) for name, size in {"short": 64, "long": 4096}.items()}
    for plaintext in encrypted.values():
        given = base64.b64encode(plaintext).decode()
        blob = caller.kms("Encrypt", KeyId=key, Plaintext=given)["CiphertextBlob"]
        assert caller.kms("Decrypt", CiphertextBlob=blob)["Plaintext"] == given
    forged = secrets.token_bytes(64)
    caller.kms("Encrypt", is_forged=True, KeyId=key, Plaintext=base64.b64encode(forged).decode())
    data_key = caller.kms("GenerateDataKey", KeyId=key, NumberOfBytes=64)["Plaintext"]
    pair = caller.kms("GenerateDataKeyPair", KeyId=key, KeyPairSpec="RSA_2048")["PrivateKeyPlaintext"]
    caller.presigned()
    made = {"data key": base64.b64decode(data_key), "private key": base64.b64decode(pair)}
    blobs = encrypted | made | {"of a forged request": forged}
    texts = {f"{name} in base64": base64.b64encode(blob) for name, blob in blobs.items()}
    credentials = {
        "secret of the root user": deployment.credentials["aws_secret_access_key"],
        "secret of an access key": user["SecretAccessKey"],
        "secret that was made over the connection": second["SecretAccessKey"],
        "secret of the session": session["SecretAccessKey"],
        "token of the session": session["SessionToken"],
        "token in a URL": urllib.parse.quote(session["SessionToken"], safe=""),
    }
    return blobs | texts | {name: secret.encode() for name, secret in credentials.items()}, description.encode()


def memory(pid):
    """What a process may write to, a mapping at a time. Nobody but root reads it, and tests need not run as root."""
    if os.geteuid() != 0:
        return
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as file:
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, modes, *_ = line.split()
            begin, end = (int(address, 16) for address in span.split("-"))
            # Mappings of the kernel's own cannot be read.
            with contextlib.suppress(OSError):
                if modes.startswith("rw"):
                    file.seek(begin)
                    yield file.read(end - begin)


def parts(secret):
    """Two parts of a secret. How a private key begins is not secret, and a copy that is written over loses that first."""
    middle = len(secret) // 2
    return secret[middle:][:PART_BYTES], secret[-PART_BYTES:]


def left(pid, what):
    """Names of what is in the memory of a process, whole or in part."""
    mappings = list(memory(pid))
    return sorted(
        name
        for name, secret in what.items()
        if any(part in mapping for part in parts(secret) for mapping in mappings)
    )


@pytest.mark.parametrize("line, tls", [(Http1, None), (Tls, "localhost"), (Http2, None)], ids=["1.1", "tls", "2"])
def test_what_was_secret_is_not_left_in_memory(deployment, line, tls):
    deployment.init()
    if tls:
        deployment.certify(tls)
    deployment.start()
    pid = deployment.process.pid
    with contextlib.closing(line(deployment)) as connection:
        what, kept = call_with_secrets(connection, deployment)
        assert left(pid, {"what is kept": kept}) or os.geteuid() != 0, "what is there is found"
        if line is Http1:
            assert not left_at_last(pid, what), "while the connection is open"
    assert not left_at_last(pid, what)


def test_rsa_keys_are_not_left_in_memory_as_they_were_stored(deployment):
    """AWS-LC keeps the numbers of an open key with the lowest byte first, PKCS#8 has the highest first."""
    deployment.init().start()
    openssl = OpenSSL(deployment.folder)

    def kms(operation, **given):
        # A new client: the server listens elsewhere when it has been started again.
        return Boto3(deployment.environment(), deployment.folder).call("kms", operation, **given)

    private = {usage: openssl.material("RSA_2048") for usage in ["SIGN_VERIFY", "ENCRYPT_DECRYPT"]}
    signing, decrypting = [
        imported(kms, openssl, material, "RSA_2048", usage, "RSA_AES_KEY_WRAP_SHA_256")
        for usage, material in private.items()
    ]

    def use():
        kms("Sign", KeyId=signing, Message=b"text", SigningAlgorithm="RSASSA_PSS_SHA_256")
        oaep = {"KeyId": decrypting, "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
        blob = kms("Encrypt", Plaintext=b"text", **oaep)["CiphertextBlob"]
        assert kms("Decrypt", CiphertextBlob=blob, **oaep)["Plaintext"] == b"text"
        pid, backwards = deployment.process.pid, {usage: material[::-1] for usage, material in private.items()}
        assert len(left(pid, backwards)) == 2 or os.geteuid() != 0, "what is open is found"
        assert not left_at_last(pid, private)

    use()
    deployment.restart()
    use()


def left_at_last(pid, what):
    """The same when the server has done what comes after an answer, or has learnt that a connection is closed."""
    patience = time.monotonic() + PATIENCE_SECONDS
    while (found := left(pid, what)) and time.monotonic() < patience:
        time.sleep(0.1)
    return found
