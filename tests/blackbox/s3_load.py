"""What clients do with an S3 gateway that is killed."""

import base64
import collections
import contextlib
import dataclasses
import hashlib
import http.client
import time
import xml.etree.ElementTree

from s3_ledger import BUCKETS, ENCRYPTION, KEY, Lost, Part, Upload, Value, content, made_of, path

KEYS_EACH = 6
UPLOADS_EACH = 2
# The least that a part has that is not the last one.
PART_BYTES_MIN = 5 * 1024 * 1024
VANISHING = 0.04
VANISHED_SECONDS = 0.01


class Vanished(Lost):
    """The client has gone without waiting for the answer."""


Answer = collections.namedtuple("Answer", "status headers content")


class Line:
    """A connection of a client, which sends requests in two pieces and may end at any moment."""

    def __init__(self, gateway, user, moments=None, random=None):
        """`moments` is told how far a request got. With `random`, the client vanishes at times."""
        self._gateway = gateway
        self._user = user
        self._moments = moments
        self._random = random
        self._connection = None
        self.operation = None

    def call(self, operation, method, target, headers=None, body=b"", expected=200):
        """Sends a request, and answers what came back."""
        self.operation = operation
        signed = self._gateway.signed(method, target, headers, hashlib.sha256(body).hexdigest(), self._user)
        leaving = self._random and self._random.random() < VANISHING and self._random.choice(["body", "sent"])
        whole = False
        try:
            connection = self._connect()
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in (signed | {"Content-Length": str(len(body))}).items():
                connection.putheader(name, value)
            if body:
                connection.endheaders(body[:len(body) // 2])
                self._reached("body", leaving, whole)
                whole = True
                connection.send(body[len(body) // 2:])
            else:
                whole = True
                connection.endheaders()
            self._reached("sent", leaving, whole)
            answer = connection.getresponse()
            answer = Answer(answer.status, answer.headers, answer.read())
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Lost(whole) from error
        self.operation = None
        assert answer.status == expected, f"{operation} {target}: {answer.status} {answer.content[:500]}"
        return answer

    def xml(self, operation, method, target, headers=None, body=b""):
        return xml.etree.ElementTree.fromstring(self.call(operation, method, target, headers, body).content)

    def close(self):
        if self._connection:
            self._connection.close()
        self._connection = None

    def _connect(self):
        self._connection = self._connection or self._gateway.connection()
        return self._connection

    def _reached(self, place, leaving, whole):
        if self._moments:
            self._moments.reached(place, self.operation)
        if place == leaving:
            # Some have gone before the request is read, and some while it is done.
            time.sleep(self._random.uniform(0, VANISHED_SECONDS) if whole else 0)
            self.close()
            self.operation = None
            raise Vanished(whole)


class Worker:
    """A client with keys and uploads of its own."""

    def __init__(self, name, ledger, random):
        self.name = name
        self.ledger = ledger
        self.random = random
        self.failure = None
        self.cut_off = None
        self._values = 0
        self._keys = [(bucket, f"{name}/{number}") for bucket in BUCKETS for number in range(KEYS_EACH)]

    def work(self, line, race):
        """Calls until the gateway is gone. `race` is a key that all clients want to make."""
        self.cut_off = None
        raced = False
        try:
            while True:
                try:
                    if not raced and self.random.random() < 0.1:
                        raced = True
                        self._race(line, race)
                    else:
                        self._step(line)
                except Vanished:
                    pass
        except Lost:
            self.cut_off = line.operation
        except BaseException as error:
            self.failure = error
        finally:
            line.close()

    def _step(self, line):
        steps = {
            self._put: 6, self._put_if: 3, self._delete: 1, self._delete_many: 1, self._tag: 2, self._copy: 2,
            self._rewrap: 2, self._read: 2, self._begin: 2, self._send: 5, self._send_copied: 1,
            self._complete: 3, self._abort: 0.5,
        }
        self.random.choices(list(steps), list(steps.values()))[0](line)

    def _put(self, line):
        key = self._free()
        self._put_at(line, key, {})

    def _put_if(self, line):
        """A conditional write, which the condition refuses or not."""
        key = self._free()
        now = self.ledger.known.get(key)
        condition, holds = self.random.choice([
            ({"If-None-Match": "*"}, now is None),
            ({"If-Match": now.etag if now else '"0"'}, now is not None),
            ({"If-Match": '"' + "0" * 32 + '"'}, False),
        ])
        if holds:
            self._put_at(line, key, condition)
        else:
            missing = now is None and "If-Match" in condition
            body = content(self._mark(), self._size())
            line.call("PutObject", "PUT", path(key), condition, body, expected=404 if missing else 412)

    def _put_at(self, line, key, condition):
        value, headers, body = self._new(key)
        with self.ledger.changing((key, value)):
            answer = line.call("PutObject", "PUT", path(key), headers | condition, body)
        self.ledger.settled("PutObject", (key, heard(value, answer.headers["ETag"])))

    def _race(self, line, key):
        """Many write an object that must not be there yet: one of them at most makes it."""
        value, headers, body = self._new(key)
        ledger = self.ledger
        ledger.races.add(key)
        with ledger.changing((key, value)):
            # The status of the losers is another one.
            try:
                answer = line.call("PutObject", "PUT", path(key), headers | {"If-None-Match": "*"}, body)
            except AssertionError as refused:
                if "PreconditionFailed" not in str(refused):
                    raise
                answer = None
        with ledger.lock:
            if answer is None:
                ledger.withdraw((key, value))
                return
            assert ledger.known.get(key) is None, f"two made {key}, which none was to overwrite"
            ledger.settled("PutObject", (key, heard(value, answer.headers["ETag"])))

    def _delete(self, line):
        key = self._free()
        with self.ledger.changing((key, None)):
            line.call("DeleteObject", "DELETE", path(key), expected=204)
        self.ledger.settled("DeleteObject", (key, None))

    def _delete_many(self, line):
        bucket = self.random.choice(BUCKETS)
        free = [key for key in self._keys if key[0] == bucket and not self.ledger.unsure[key]]
        changes = [(key, None) for key in self.random.sample(free, min(2, len(free)))]
        if not changes:
            return
        body = "".join(f"<Object><Key>{key[1]}</Key></Object>" for key, _ in changes)
        body = f"<Delete>{body}</Delete>".encode()
        headers = {"Content-MD5": base64.b64encode(hashlib.md5(body).digest()).decode()}
        with self.ledger.changing(*changes):
            line.call("DeleteObjects", "POST", f"/{bucket}?delete", headers, body)
        self.ledger.settled("DeleteObjects", *changes)

    def _tag(self, line):
        key = self._free(there=True)
        if not key:
            return
        value = dataclasses.replace(self.ledger.known[key], tags=f"tag={self._mark()}")
        body = f"<Tagging><TagSet><Tag><Key>tag</Key><Value>{value.tags[4:]}</Value></Tag></TagSet></Tagging>".encode()
        headers = {"Content-MD5": base64.b64encode(hashlib.md5(body).digest()).decode()}
        with self.ledger.changing((key, value)):
            line.call("PutObjectTagging", "PUT", f"{path(key)}?tagging", headers, body)
        self.ledger.settled("PutObjectTagging", (key, value))

    def _copy(self, line):
        source, key = self._free(there=True), self._free()
        if not source or source == key:
            return
        headers, encryption = self.random.choice(self.ledger.encryptions(key[0]))
        value = dataclasses.replace(self.ledger.known[source], encryption=encryption, etag=None)
        with self.ledger.changing((key, value)):
            copied = line.xml("CopyObject", "PUT", path(key), headers | {"x-amz-copy-source": path(source)})
        self.ledger.settled("CopyObject", (key, dataclasses.replace(value, etag=copied.findtext("{*}ETag"))))

    def _rewrap(self, line):
        """Puts an object under another key of KMS."""
        key, kms_key = self._free(there=True), self.random.choice(self.ledger.kms_keys)
        if not key:
            return
        value = dataclasses.replace(self.ledger.known[key], encryption=kms_key)
        body = f"<ObjectEncryption><SSE-KMS><KMSKeyArn>{kms_key}</KMSKeyArn></SSE-KMS></ObjectEncryption>".encode()
        with self.ledger.changing((key, value)):
            line.call("UpdateObjectEncryption", "PUT", f"{path(key)}?encryption", {}, body)
        self.ledger.settled("UpdateObjectEncryption", (key, value))

    def _read(self, line):
        key = self._free(there=True)
        if key:
            has, known = read(line, key), self.ledger.known[key]
            assert known.fits(has), f"{key} is {has}, acknowledged was {known}"

    def _begin(self, line):
        key = self._free()
        own = [upload for upload in [*self.ledger.uploads, *self.ledger.begun] if upload.key in self._keys]
        if len(own) >= UPLOADS_EACH:
            return
        headers, encryption = self.random.choice(self.ledger.encryptions(key[0]))
        upload = Upload(None, key, self._mark(), encryption)
        headers = headers | {"x-amz-meta-mark": upload.mark, "x-amz-tagging": f"tag={upload.mark}"}
        self.ledger.begun.append(upload)
        try:
            begun = line.xml("CreateMultipartUpload", "POST", f"{path(key)}?uploads", headers)
        except Lost as lost:
            if not lost.whole:
                self.ledger.begun.remove(upload)
            raise
        self.ledger.begun.remove(upload)
        upload.id = begun.findtext("{*}UploadId")
        self.ledger.uploads.append(upload)
        self.ledger.acknowledged["CreateMultipartUpload"] += 1

    def _send(self, line):
        """Sends a part, at times again. Most uploads have one part, and some a long one before it."""
        upload = self._upload()
        if not upload:
            return
        number = self.random.choice([1, 2, 2, 2, 3])
        part = Part(self._mark(), PART_BYTES_MIN if number == 1 else self._size())
        with self._sending(upload, number, part, "UploadPart"):
            part.etag = line.call("UploadPart", "PUT", part_target(upload, number), {}, part.content()).headers["ETag"]

    def _send_copied(self, line):
        """Sends a part that is a copy of an object."""
        upload, source = self._upload(), self._free(there=True)
        if not upload or not source:
            return
        value, number = self.ledger.known[source], self.random.choice([2, 3])
        part = Part(value.mark, value.size)
        if hashlib.sha256(part.content()).hexdigest() != value.sha256:
            # An object of parts: its mark does not tell what they were.
            return
        with self._sending(upload, number, part, "UploadPartCopy"):
            copied = line.xml("UploadPartCopy", "PUT", part_target(upload, number), {"x-amz-copy-source": path(source)})
            part.etag = copied.findtext("{*}ETag")

    @contextlib.contextmanager
    def _sending(self, upload, number, part, operation):
        upload.unsure[number] = part
        try:
            yield
        except Lost as lost:
            if not lost.whole:
                del upload.unsure[number]
            raise
        upload.parts[number] = upload.unsure.pop(number)
        self.ledger.acknowledged[operation] += 1

    def _complete(self, line):
        upload = self._upload()
        if not upload or not upload.parts or self.ledger.unsure[upload.key]:
            return
        # Others of the parts that were sent are not used.
        last = self.random.choice([number for number in upload.parts if number > 1] or [1])
        chosen = {number: part for number, part in upload.parts.items() if number in (1, last)}
        value = made_of(upload, chosen)
        body = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{part.etag}</ETag></Part>" for number, part in sorted(chosen.items())
        )
        upload.completion = f"<CompleteMultipartUpload>{body}</CompleteMultipartUpload>".encode()
        with self._ending(upload, "CompleteMultipartUpload", value), self.ledger.changing((upload.key, value)):
            made = line.xml("CompleteMultipartUpload", "POST", upload.target, {}, upload.completion)
        assert made.findtext("{*}ETag") == value.etag, f"{upload}: {made.findtext('{*}ETag')}"
        self.ledger.settled("CompleteMultipartUpload", (upload.key, value))

    def _abort(self, line):
        upload = self._upload()
        if upload:
            with self._ending(upload, "AbortMultipartUpload", None):
                line.call("AbortMultipartUpload", "DELETE", upload.target, expected=204)
            self.ledger.acknowledged["AbortMultipartUpload"] += 1

    @contextlib.contextmanager
    def _ending(self, upload, operation, value):
        upload.ended_by, upload.makes = operation, value
        try:
            yield
        except Lost as lost:
            if not lost.whole:
                upload.ended_by = upload.makes = None
            raise
        self.ledger.uploads.remove(upload)

    def _new(self, key):
        """A new object: its value, headers and body."""
        mark = self._mark()
        headers, encryption = self.random.choice(self.ledger.encryptions(key[0]))
        tags = self.random.choice(["", f"tag={mark}"])
        body = content(mark, self._size())
        etag = f'"{hashlib.md5(body).hexdigest()}"' if encryption == "AES256" else None
        value = Value(mark, hashlib.sha256(body).hexdigest(), len(body), encryption, tags, etag)
        return value, headers | {"x-amz-meta-mark": mark} | ({"x-amz-tagging": tags} if tags else {}), body

    def _free(self, there=False):
        """A key of which everything is known, and if it has to be there, `None` if none is."""
        ledger = self.ledger
        free = [key for key in self._keys if not ledger.unsure[key] and (not there or ledger.known.get(key))]
        if not free and not there:
            # All of its keys are unsure: the client goes on when the gateway was started again.
            raise Lost(whole=False)
        return self.random.choice(free) if free else None

    def _upload(self):
        own = [upload for upload in self.ledger.uploads if upload.key in self._keys]
        own = [upload for upload in own if not upload.ended_by and not upload.unsure]
        return self.random.choice(own) if own else None

    def _size(self):
        """Mostly small; some are of several chunks of 64 KiB, some end with one, and some are empty."""
        exact = self.random.choice([0, 1, 65536, 131072])
        most = self.random.choices([1000, 100_000, 400_000, 2_000_000], [6, 3, 1, 0.5])[0]
        return exact if self.random.random() < 0.1 else self.random.randrange(most)

    def _mark(self):
        self._values += 1
        return f"{self.name}-{self._values}"


def heard(value, etag):
    """A value whose entity tag was answered. That of SSE-S3 is the MD5."""
    assert value.etag in (None, etag), f"{value} was answered with {etag}"
    return dataclasses.replace(value, etag=etag)


def part_target(upload, number):
    return f"{path(upload.key)}?partNumber={number}&uploadId={upload.id}"


def read(line, key):
    """What an object has; `None` if there is none."""
    try:
        answer = line.call("GetObject", "GET", path(key))
    except AssertionError as refused:
        if "NoSuchKey" in str(refused):
            return None
        raise
    tags = ""
    if answer.headers["x-amz-tagging-count"]:
        listed = line.xml("GetObjectTagging", "GET", f"{path(key)}?tagging").findall(".//{*}Tag")
        tags = "&".join(f"{tag.findtext('{*}Key')}={tag.findtext('{*}Value')}" for tag in listed)
    shown = answer.headers[KEY] or answer.headers[ENCRYPTION]
    hashed = hashlib.sha256(answer.content).hexdigest()
    return Value(answer.headers["x-amz-meta-mark"], hashed, len(answer.content), shown, tags, answer.headers["ETag"])
