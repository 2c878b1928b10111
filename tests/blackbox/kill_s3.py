"""Kills the S3 gateway at random moments under load, again and again, and looks for anything lost, changed or half there.

  kill_s3.py --rounds 1000   kills it a thousand times; needs KEYWRIGHT_BINARY and KEYWRIGHT_S3_BINARY

After every start: each acknowledged write is there with its content, metadata, tags and entity tag; each that nobody
answered is there as a whole or not at all; listings agree; uploads go on; and each file of sealed data has a row, and
each row its file.
"""

import collections
import dataclasses
import pathlib
import random
import sqlite3
import tempfile
import threading
import time

import cbor2

from gateway import KMS_USE, S3_ALL, S3Gateway
from kill import main
from object_format import CHUNK, HEADER, TAG
from s3_ledger import BUCKETS, KEYED, Ledger, path
from s3_load import Line, Worker, read

WORKERS = 4
# Rounds in one data directory.
ROUNDS_EACH = 25
LOAD_SECONDS = 0.5
# How long the load goes on when the moment that was chosen does not come.
LOAD_SECONDS_MAX = 3
START_SECONDS = 0.1
# How long after a request was sent the gateway is killed, at most. Mostly sooner: an operation takes some milliseconds.
SENT_SECONDS = 0.08
# Where a request is when the gateway is killed; of the others, at any moment.
PLACES = [("body", "PutObject"), ("body", "UploadPart"), *(("sent", operation) for operation in [
    "PutObject", "UploadPart", "UploadPartCopy", "CopyObject", "CompleteMultipartUpload", "CompleteMultipartUpload",
    "AbortMultipartUpload", "DeleteObject", "DeleteObjects", "PutObjectTagging", "UpdateObjectEncryption",
])]
# Who does everything: also puts objects under other keys.
USER = "mover"
REENCRYPT = {"Effect": "Allow", "Action": ["kms:Encrypt", "kms:ReEncrypt*"], "Resource": "*"}
ENCRYPTED = """
<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm>
<KMSMasterKeyID>alias/docs</KMSMasterKeyID></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled>
</Rule></ServerSideEncryptionConfiguration>
"""


class Moments:
    """Kills the gateway when a request has got to a place, or when the load has lasted."""

    def __init__(self, kill, random):
        self._kill = kill
        self._lock = threading.Lock()
        self._killed = threading.Event()
        self.place = random.choice(PLACES) if random.random() < 0.6 else None
        self._passed = random.randrange(3)
        self._wait = SENT_SECONDS * random.random() ** 2 if self.place and self.place[0] == "sent" else 0
        self._seconds = LOAD_SECONDS_MAX if self.place else random.uniform(0, LOAD_SECONDS)

    def reached(self, place, operation):
        """A request of this operation has got to this place."""
        with self._lock:
            if (place, operation) != self.place:
                return
            self._passed -= 1
            if self._passed >= 0:
                return
            self.place = None
        time.sleep(self._wait)
        self._kill()
        self._killed.set()

    def last(self):
        """Waits until the gateway is killed."""
        if not self._killed.wait(self._seconds):
            self._kill()


class Directory:
    """A gateway over a data directory of its own that is killed and looked through."""

    def __init__(self, gateway, kms_keys, folder, random, tally):
        self.gateway = gateway
        self.random = random
        self.tally = tally
        self.ledger = Ledger(kms_keys)
        self.workers = [Worker(f"w{number}", self.ledger, random_of(random)) for number in range(WORKERS)]
        self.rounds = 0
        gateway.data = pathlib.Path(folder)
        # The catalog and the directories are made, or half of them.
        self._kill_while_it_starts()
        gateway.start(gateway.port)
        line = Line(gateway, USER)
        for bucket in BUCKETS:
            line.call("CreateBucket", "PUT", f"/{bucket}")
        line.call("PutBucketEncryption", "PUT", f"/{KEYED}?encryption", {}, ENCRYPTED.encode())
        line.close()

    def round(self):
        """Kills under load, starts again and looks."""
        self.rounds += 1
        self._kill_under_load()
        if self.random.random() < 0.2:
            self._kill_while_it_starts()
        self._start()
        self.look(touched_only=self.rounds % 10 > 0)

    def _kill_under_load(self):
        moments = Moments(lambda: self.gateway.process.signal(9), random_of(self.random))
        race = (self.random.choice(BUCKETS), f"race/{self.rounds}")
        threads = [
            threading.Thread(target=worker.work, args=[Line(self.gateway, USER, moments, worker.random), race])
            for worker in self.workers
        ]
        for thread in threads:
            thread.start()
        moments.last()
        self.gateway.kill()
        for thread in threads:
            thread.join()
        for worker in self.workers:
            if worker.failure:
                raise worker.failure
            self.tally[f"cut off: {worker.cut_off}"] += worker.cut_off is not None

    def _kill_while_it_starts(self):
        starting = self.gateway.launch(self.gateway.port)
        time.sleep(self.random.uniform(0, START_SECONDS))
        starting.end(9)
        self.tally["kills while starting"] += 1

    def _start(self):
        """Starts the gateway, and looks whether what a crash left is gone."""
        before = set(self.gateway.files())
        self.gateway.start(self.gateway.port)
        after = look_at_files(self.gateway)
        assert after <= before, f"a start made files: {after - before}"
        self.tally["files put away"] += len(before - after)

    def end(self):
        """Looks at everything a last time, also after a kill without any load."""
        self.gateway.kill()
        self._start()
        self.look(touched_only=False)
        self.gateway.kill()

    def look(self, touched_only):
        """Compares what the gateway has with what the workers know."""
        line, ledger = Line(self.gateway, USER), self.ledger
        for key in set(ledger.touched if touched_only else ledger.known | dict.fromkeys(ledger.touched)):
            self._look_at_object(line, key)
        for bucket in BUCKETS:
            self._look_at_listing(line, bucket)
            self._look_at_uploads(line, bucket)
        ledger.touched.clear()
        ledger.unsure.clear()
        line.close()
        self.tally["acknowledged"] += ledger.acknowledged.total()
        self.tally.update({f"acknowledged: {operation}": count for operation, count in ledger.acknowledged.items()})
        ledger.acknowledged.clear()

    def _look_at_object(self, line, key):
        has, known, possible = read(line, key), self.ledger.known.get(key), self.ledger.possible(key)
        fitting = [value for value in possible if (value.fits(has) if value else has is None)]
        assert fitting, f"{path(key)} is {has}, and may be one of {possible}"
        if len(possible) > 1:
            self.tally["not made" if fitting[0] == known else "made"] += 1
        self.ledger.known[key] = has

    def _look_at_listing(self, line, bucket):
        listed = pages(line, "ListObjectsV2", f"/{bucket}?list-type=2&max-keys=40", "Contents", ["continuation-token"])
        listed = {
            item.findtext("{*}Key"): (int(item.findtext("{*}Size")), item.findtext("{*}ETag")) for item in listed
        }
        known = {
            key[1]: (value.size, value.etag) for key, value in self.ledger.known.items() if value and key[0] == bucket
        }
        assert listed == known, f"listed in {bucket}: {listed.items() - known.items()}, known: {known.items() - listed.items()}"

    def _look_at_uploads(self, line, bucket):
        ledger = self.ledger
        listed = pages(
            line, "ListMultipartUploads", f"/{bucket}?uploads", "Upload", ["key-marker", "upload-id-marker"]
        )
        listed = {item.findtext("{*}UploadId"): (bucket, item.findtext("{*}Key")) for item in listed}
        for upload in [upload for upload in ledger.uploads if upload.key[0] == bucket]:
            goes_on = listed.pop(upload.id, None)
            if upload.ended_by == "CompleteMultipartUpload":
                self._look_at_completion(line, upload, goes_on)
            assert goes_on == upload.key or upload.ended_by and not goes_on, f"{upload} is listed as of {goes_on}"
            if goes_on:
                upload.ended_by = upload.makes = None
                self._look_at_parts(line, upload)
            else:
                ledger.uploads.remove(upload)
        for id, key in listed.items():
            begun = [upload for upload in ledger.begun if upload.key == key]
            assert begun, f"nobody began the upload {id} of {key}"
            # Which of them, if there are some, only the object will tell.
            ledger.begun.remove(begun[0])
            line.call("AbortMultipartUpload", "DELETE", dataclasses.replace(begun[0], id=id).target, expected=204)
        ledger.begun = [upload for upload in ledger.begun if upload.key[0] != bucket]

    def _look_at_completion(self, line, upload, goes_on):
        """An upload that nobody said to be completed goes on, or its object is there and the answer can be heard."""
        has = self.ledger.known[upload.key]
        made = upload.makes.fits(has)
        assert made != bool(goes_on), f"{upload} goes on: {goes_on}, its object is there: {made}"
        if made:
            again = line.xml("CompleteMultipartUpload", "POST", upload.target, {}, upload.completion)
            assert again.findtext("{*}ETag") == has.etag, f"{upload} was completed to {again.findtext('{*}ETag')}"
            self.tally["completions heard later"] += 1

    def _look_at_parts(self, line, upload):
        listed = pages(line, "ListParts", upload.target, "Part", ["part-number-marker"])
        listed = {
            int(item.findtext("{*}PartNumber")): (int(item.findtext("{*}Size")), item.findtext("{*}ETag")) for item in listed
        }
        for number in upload.parts.keys() | upload.unsure.keys() | listed.keys():
            has, part, unsure = listed.get(number), upload.parts.get(number), upload.unsure.pop(number, None)
            if has == (part and (part.size, part.etag)):
                continue
            assert unsure and has and has[0] == unsure.size, f"{upload}: part {number} is {has}"
            unsure.etag = has[1]
            upload.parts[number] = unsure


def look_at_files(gateway):
    """Every file has a row, and every row a file as long as it says. Answers the files."""
    files = {file.name: file for file in gateway.files()}
    rows = rows_of(gateway.data / "catalog.db")
    assert files.keys() == rows.keys(), f"files without rows: {files.keys() - rows}, rows without files: {rows.keys() - files}"
    for name, size in rows.items():
        sealed = HEADER + size + TAG * max(1, -(-size // CHUNK))
        assert files[name].stat().st_size == sealed, f"{name} has {files[name].stat().st_size} bytes for {size}"
    return set(files.values())


def is_in_order(gateway):
    """Whether each file has a row, and each row its file."""
    try:
        look_at_files(gateway)
    except (AssertionError, FileNotFoundError):
        return False
    return True


def rows_of(catalog):
    """The files that the catalog names, and how many bytes each has sealed."""
    database = sqlite3.connect(f"file:{catalog}?mode=ro", uri=True)
    try:
        for question in [
            "SELECT count(*) FROM object LEFT JOIN content USING (version) WHERE parts IS NULL",
            "SELECT count(*) FROM content LEFT JOIN object USING (version) WHERE key IS NULL",
            "SELECT count(*) FROM part LEFT JOIN upload ON upload.id = part.upload WHERE upload.id IS NULL",
        ]:
            assert database.execute(question).fetchone() == (0,), question
        assert database.execute("PRAGMA quick_check").fetchone() == ("ok",)
        parts = [part for blob, in database.execute("SELECT parts FROM content") for part in cbor2.loads(blob)]
        rows = [(file.hex(), size) for _, size, file, _, _ in parts]
        rows += [(file.hex(), size) for file, size in database.execute("SELECT file, size FROM part")]
    finally:
        database.close()
    assert len(rows) == len(dict(rows)), "two rows name one file"
    return dict(rows)


def pages(line, operation, target, member, markers):
    """All items of a listing."""
    items, more = [], ""
    while more is not None:
        page = line.xml(operation, "GET", target + more)
        items += page.findall(f"{{*}}{member}")
        nexts = {marker: page.findtext(f"{{*}}Next{''.join(word.title() for word in marker.split('-'))}") for marker in markers}
        truncated = page.findtext("{*}IsTruncated") == "true"
        more = "".join(f"&{marker}={value}" for marker, value in nexts.items()) if truncated else None
    return items


def random_of(other):
    """Moments of its own for each thread, all of one seed."""
    return random.Random(other.getrandbits(64))


def run(rounds, seed, gateway_in=S3Gateway):
    """Runs so many rounds, and returns what was counted."""
    tally = collections.Counter()
    moments = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        gateway = gateway_in(pathlib.Path(folder))
        gateway.user(USER, S3_ALL, KMS_USE, REENCRYPT)
        kms_keys = [gateway.key, gateway.kms().create_key()["KeyMetadata"]["Arn"]]
        gateway.kill()
        try:
            while tally["rounds"] < rounds:
                with tempfile.TemporaryDirectory() as data:
                    directory = Directory(gateway, kms_keys, data, moments, tally)
                    for _ in range(min(ROUNDS_EACH, rounds - tally["rounds"])):
                        directory.round()
                        tally["rounds"] += 1
                    directory.end()
        except BaseException as error:
            error.add_note(f"seed {seed}, round {tally['rounds'] + 1}")
            raise
        finally:
            gateway.end()
    return tally


def told(tally):
    lines = [
        f"{tally['acknowledged']} acknowledged writes, none lost or changed; of the objects whose writes nobody answered, "
        f"{tally['made']} were changed and {tally['not made']} not, none in half; the starts put away {tally['files put away']} "
        "files without rows"
    ]
    for kind in "acknowledged", "cut off":
        counted = sorted((key, count) for key, count in tally.items() if key.startswith(f"{kind}: "))
        lines.append(f"{kind}: " + ", ".join(f"{key.partition(': ')[2]} {count}" for key, count in counted))
    return "\n".join(lines)


if __name__ == "__main__":
    main(__doc__, run, told)
