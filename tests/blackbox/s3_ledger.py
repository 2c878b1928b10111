"""What clients of an S3 gateway know of their objects and uploads, and what may have become of them."""

import collections
import contextlib
import dataclasses
import hashlib
import threading

# The one has no encryption of its own, the other has a key and a key of the bucket.
PLAIN, KEYED = BUCKETS = "plain", "keyed"
# The headers that ask for encryption, and what they answer.
ENCRYPTION = "x-amz-server-side-encryption"
KEY = f"{ENCRYPTION}-aws-kms-key-id"
BUCKET_KEY = f"{ENCRYPTION}-bucket-key-enabled"


class Lost(Exception):
    """Nobody answered. `whole`: the request was sent to its end, so that it may have been done."""

    def __init__(self, whole):
        super().__init__()
        self.whole = whole


@dataclasses.dataclass(frozen=True)
class Value:
    """What an object has. The mark is its metadata, and written once: it tells which request made the object."""

    mark: str
    sha256: str
    size: int
    # A key of KMS, or SSE-S3.
    encryption: str
    tags: str = ""
    # `None`: the client did not hear it, and cannot know it.
    etag: str | None = None

    def fits(self, has):
        return has is not None and dataclasses.replace(has, etag=self.etag and has.etag) == self


@dataclasses.dataclass
class Part:
    seed: str
    size: int
    etag: str | None = None

    def content(self):
        return content(self.seed, self.size)


@dataclasses.dataclass
class Upload:
    """An upload that goes on: its parts by their numbers, and those that may be there instead."""

    id: str | None
    key: tuple
    mark: str
    encryption: str
    parts: dict = dataclasses.field(default_factory=dict)
    unsure: dict = dataclasses.field(default_factory=dict)
    # The request that may have ended it, and the object that it made then.
    ended_by: str | None = None
    makes: Value | None = None
    completion: bytes = b""

    @property
    def target(self):
        return f"{path(self.key)}?uploadId={self.id}"


class Ledger:
    """What is known of the objects of all clients. A key is changed by one client at a time, but for keys of races."""

    def __init__(self, kms_keys):
        """`kms_keys` are what objects are encrypted under. The first one is the default of a bucket."""
        self.kms_keys = kms_keys
        self.known = {}
        # What a key may have instead of what is known: of requests that nobody answered.
        self.unsure = collections.defaultdict(list)
        self.touched = set()
        # Keys that are made once: whoever is told to have made one has.
        self.races = set()
        self.uploads = []
        # Uploads whose id nobody heard.
        self.begun = []
        self.acknowledged = collections.Counter()
        self.lock = threading.Lock()

    def encryptions(self, bucket):
        """What objects of a bucket may be written with: headers, and what they lead to."""
        s3 = {ENCRYPTION: "AES256"}, "AES256"
        if bucket == KEYED:
            return [({}, self.kms_keys[0]), s3]
        kms = [({ENCRYPTION: "aws:kms", KEY: key}, key) for key in self.kms_keys]
        return [({}, "AES256"), s3, *kms, *((headers | {BUCKET_KEY: "true"}, key) for headers, key in kms)]

    def possible(self, key):
        """All that a key may have."""
        known = self.known.get(key)
        return [known] if known and key in self.races else [known, *self.unsure[key]]

    @contextlib.contextmanager
    def changing(self, *changes):
        """Inside, keys are about to have new values. If nobody answers, each may have the new one or the old one."""
        for key, value in changes:
            self.touched.add(key)
            self.unsure[key].append(value)
        try:
            yield
        except Lost as lost:
            if not lost.whole:
                self.withdraw(*changes)
            raise

    def withdraw(self, *changes):
        for key, value in changes:
            if value in self.unsure[key]:
                self.unsure[key].remove(value)

    def settled(self, operation, *changes):
        """The changes are acknowledged."""
        self.acknowledged[operation] += 1
        for key, value in changes:
            self.known[key] = value
            self.unsure[key].clear()


def content(seed, size):
    return hashlib.shake_128(seed.encode()).digest(size)


def path(key):
    return "/" + "/".join(key)


def made_of(upload, parts):
    """The object that parts of an upload make."""
    parts = [part for _, part in sorted(parts.items())]
    hashed = hashlib.sha256(b"".join(part.content() for part in parts)).hexdigest()
    etag = hashlib.md5(b"".join(bytes.fromhex(part.etag.strip('"')) for part in parts)).hexdigest()
    size = sum(part.size for part in parts)
    return Value(upload.mark, hashed, size, upload.encryption, f"tag={upload.mark}", f'"{etag}-{len(parts)}"')
