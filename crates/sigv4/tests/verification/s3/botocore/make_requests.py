"""Makes requests.json: what botocore sends to S3 for calls of boto3, at the time of S3's examples and with their key.

    python make_requests.py > requests.json
"""

import datetime
import io
import json
import time
import urllib.parse
import uuid

import boto3
import botocore.auth
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.httpchecksum import AwsChunkedWrapper

NOW = datetime.datetime(2013, 5, 24, tzinfo=datetime.UTC)
ACCESS_KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
BUCKET = "bucket"
# Objects' data: so many digits.
DATA = b"0123456789" * 1000
KEYS = [
    "a b", "a+b", "\u00fc/\u4e2d", "100%", "!*'()", "a~b", "a=b&c", "a:b@c$d,e;f", "a//b", "/a", "a/", "./a", "a/../b",
    "a?b#c", "%41", "a%2Fb", "\"<>[]{}|\\^`",
]

botocore.auth.get_current_datetime = lambda remove_tzinfo=True: NOW.replace(tzinfo=None)
time.time = NOW.timestamp
uuid.uuid4 = lambda: uuid.UUID(int=0)
# A body of several chunks is then not large.
AwsChunkedWrapper._DEFAULT_CHUNK_SIZE = 8192


class Recorder:
    def __init__(self):
        self.requests = []

    def client(self, scheme="https", token=None, **config):
        settings = Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"} | config.pop("s3", {}), **config)
        client = boto3.client(
            "s3", endpoint_url=f"{scheme}://s3.example:9000", region_name="us-east-1", config=settings,
            aws_access_key_id=ACCESS_KEY_ID, aws_secret_access_key=SECRET, aws_session_token=token,
        )
        client.meta.events.register("before-send.s3", self.record)
        return client

    def record(self, request, **_):
        body = request.body
        if hasattr(body, "read"):
            body = body.read()
        elif not isinstance(body, (bytes, bytearray, type(None))):
            body = b"".join(body)
        # Not signed, and it tells of the machine.
        del request.headers["User-Agent"]
        headers = [
            [name, value.decode() if isinstance(value, bytes) else value] for name, value in request.headers.items()
        ]
        self.add(request.method, request.url, headers, body or b"")
        return AWSResponse(request.url, 200, {}, io.BytesIO(b""))

    def add(self, method, url, headers, body=b""):
        parts = urllib.parse.urlsplit(url)
        if "host" not in (name.lower() for name, _ in headers):
            headers = headers + [["host", parts.netloc]]
        target = url[len(f"{parts.scheme}://{parts.netloc}"):]
        self.requests.append({"method": method, "target": target, "headers": headers, "body": body.decode()})

    def last(self, name, size):
        """The object's data in the last request; nothing if the request is refused."""
        self.requests[-1] |= {"name": name, "size": size}

    def call(self, name, operation, *, size=0, **parameters):
        """Records what a call sends, with so many bytes of data."""
        try:
            operation(Bucket=BUCKET, **parameters)
        except Exception:  # The empty answer is none that every operation reads.
            pass
        self.last(name, size)


def objects(recorder):
    for scheme in ["http", "https"]:
        client = recorder.client(scheme)
        for key in KEYS:
            recorder.call(f"{scheme} get {key}", client.get_object, Key=key)
        # Over http, bodies are sent as they are.
        for size in [0, 5] if scheme == "http" else [0, 5, 8192, len(DATA)]:
            recorder.call(f"{scheme} put {size}", client.put_object, Key="key", Body=DATA[:size], size=size)
        stream = io.BytesIO(DATA[:9])
        recorder.call(f"{scheme} put stream", client.put_object, Key="key", Body=stream, size=9)
        for algorithm in ["CRC32", "SHA1", "SHA256"]:
            recorder.call(
                f"{scheme} put {algorithm}", client.put_object, Key="key", Body=DATA[:9], ChecksumAlgorithm=algorithm,
                size=9,
            )
        recorder.call(
            f"{scheme} put with headers", client.put_object, Key="key", Body=DATA[:9], ContentType="text/plain",
            ContentEncoding="gzip", Metadata={"colour": "dark  red", "x": "\t1 2 "}, ServerSideEncryption="aws:kms",
            SSEKMSKeyId="alias/a", SSEKMSEncryptionContext="e30=", BucketKeyEnabled=True, Tagging="a=b&c=d", size=9,
        )
        part = {"UploadId": "a+b/c=", "PartNumber": 2, "Body": DATA[:9]}
        recorder.call(f"{scheme} part", client.upload_part, Key="key", **part, size=9)
        recorder.call(f"{scheme} list", client.list_objects_v2, Prefix="a b+\u00fc/", Delimiter="/", MaxKeys=2)
        recorder.call(f"{scheme} location", client.get_bucket_location)
        recorder.call(f"{scheme} range", client.get_object, Key="key", Range="bytes=0-9", ChecksumMode="ENABLED")
        recorder.call(f"{scheme} copy", client.copy_object, Key="key", CopySource={"Bucket": BUCKET, "Key": "a b"})
    plain = recorder.client(s3={"payload_signing_enabled": False}, request_checksum_calculation="when_required")
    recorder.call("unsigned", plain.put_object, Key="key", Body=DATA[:9], size=9)
    session = recorder.client(token="a/token+of=a==")
    recorder.call("session", session.get_object, Key="key")


def presigned(recorder):
    for token in [None, "a/token+of=a=="]:
        client = recorder.client(token=token, signature_version="s3v4")
        for operation, parameters, headers in [
            ("get_object", {"Key": "a b+\u00fc//c", "ResponseContentType": "text/plain"}, []),
            ("put_object", {"Key": "key"}, []),
            (
                "put_object",
                {"Key": "key", "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/a", "ContentType": "text/plain"},
                [
                    ["x-amz-server-side-encryption", "aws:kms"],
                    ["x-amz-server-side-encryption-aws-kms-key-id", "alias/a"],
                    ["content-type", "text/plain"],
                ],
            ),
        ]:
            url = client.generate_presigned_url(operation, Params={"Bucket": BUCKET} | parameters, ExpiresIn=604800)
            method, size = ("PUT", 9) if operation == "put_object" else ("GET", 0)
            recorder.add(method, url, headers, DATA[:size])
            recorder.last(f"presigned {operation} {len(headers)} {token}", size)


def outdated(recorder):
    """Signature Version 2, which is refused."""
    client = recorder.client(signature_version="s3")
    recorder.call("version 2", client.get_object, Key="key")
    recorder.last("version 2", None)
    url = client.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "key"})
    recorder.add("GET", url, [])
    recorder.last("presigned version 2", None)


def main():
    recorder = Recorder()
    objects(recorder)
    presigned(recorder)
    outdated(recorder)
    lines = ",\n".join(json.dumps(request, sort_keys=True) for request in recorder.requests)
    print(f"[\n{lines}\n]")


main()
