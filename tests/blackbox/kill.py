"""Kills the server at random moments under load, again and again, and looks for anything lost.

  kill.py --rounds 1000      kills it a thousand times; needs KEYWRIGHT_BINARY

After every kill the server opens its data directory again; every acknowledged change is there; every acknowledged call
has exactly one record; a change that was not acknowledged was made and recorded, or neither; the chain of records holds.
"""

import argparse
import collections
import http.client
import json
import pathlib
import random
import tempfile
import threading
import time

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from keywright import REGION, Deployment, Process, keywright

WORKERS = 4
# Rounds in one data directory: its journal and store get older, and reading them stays quick.
ROUNDS_EACH = 20
LOAD_SECONDS = 0.25
START_SECONDS = 0.1


class Lost(Exception):
    """The connection went, and nobody knows whether the call was done."""


class Line:
    """A connection, with calls signed by AWS's own signer."""

    def __init__(self, deployment):
        credentials = deployment.credentials
        credentials = Credentials(credentials["aws_access_key_id"], credentials["aws_secret_access_key"])
        self._signer = SigV4Auth(credentials, "kms", REGION)
        self._connection = http.client.HTTPConnection("127.0.0.1", deployment.port, timeout=30)
        self._url = deployment.endpoint + "/"

    def call(self, operation, **given):
        """The request's id and the output."""
        headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": f"TrentService.{operation}"}
        request = AWSRequest("POST", self._url, headers=headers, data=json.dumps(given))
        self._signer.add_auth(request)
        try:
            self._connection.request("POST", "/", request.data, dict(request.headers.items()))
            answer = self._connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Lost from error
        assert answer.status == 200, f"{operation} {given}: {answer.status} {body}"
        return answer.headers["x-amzn-requestid"], json.loads(body or b"{}")

    def all(self, operation, member, **given):
        """All items of a listing."""
        items, page = [], {"Truncated": True}
        while page["Truncated"]:
            marker = {"Marker": page["NextMarker"]} if "NextMarker" in page else {}
            _, page = self.call(operation, **given, **marker)
            items += page[member]
        return items

    def close(self):
        self._connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# What a key has, and the calls that change it. Each value is written once only, so that it tells which call wrote it.
Change = collections.namedtuple("Change", "event key member value")


class Worker:
    """A client with keys of its own, and what it knows of them."""

    def __init__(self, name, seed):
        self.name = name
        self.random = random.Random(f"{seed} {name}")
        self.keys = {}
        self.touched = set()
        self.pending = None
        self.acknowledged = []
        self.failure = None
        self._values = 0

    def work(self, line):
        """Calls until the server is gone."""
        try:
            while True:
                self._step(line)
        except Lost:
            pass
        except BaseException as error:
            self.failure = error
        finally:
            line.close()

    def _step(self, line):
        if len(self.keys) < 2 or self.random.random() < 0.05:
            self.pending = Change("CreateKey", None, None, self._value())
            id, output = line.call("CreateKey", Description=self.pending.value)
            key = output["KeyMetadata"]["KeyId"]
            self.keys[key] = {"Description": self.pending.value, "Enabled": True, "Tag": None, "Alias": None}
            self._done(id, key)
        elif self.random.random() < 0.25:
            key = self.random.choice(list(self.keys))
            if self.keys[key]["Enabled"]:
                id, _ = line.call("GenerateDataKey", KeyId=key, KeySpec="AES_256")
                self.acknowledged.append((id, "GenerateDataKey", key))
        else:
            self.pending = self._change()
            id, _ = line.call(self.pending.event, **self._given(self.pending))
            self.keys[self.pending.key][self.pending.member] = self.pending.value
            self._done(id, self.pending.key)

    def _done(self, id, key):
        self.acknowledged.append((id, self.pending.event, key))
        self.touched.add(key)
        self.pending = None

    def _change(self):
        key = self.random.choice(list(self.keys))
        known = self.keys[key]
        match self.random.randrange(4):
            case 0:
                return Change("UpdateKeyDescription", key, "Description", self._value())
            case 1:
                return Change("TagResource", key, "Tag", self._value())
            case 2:
                event = "DisableKey" if known["Enabled"] else "EnableKey"
                return Change(event, key, "Enabled", not known["Enabled"])
        if known["Alias"]:
            return Change("DeleteAlias", key, "Alias", None)
        return Change("CreateAlias", key, "Alias", f"alias/{self._value()}")

    def _given(self, change):
        match change.event:
            case "UpdateKeyDescription":
                return {"KeyId": change.key, "Description": change.value}
            case "TagResource":
                return {"KeyId": change.key, "Tags": [{"TagKey": "value", "TagValue": change.value}]}
            case "CreateAlias":
                return {"TargetKeyId": change.key, "AliasName": change.value}
            case "DeleteAlias":
                return {"AliasName": self.keys[change.key]["Alias"]}
        return {"KeyId": change.key}

    def _value(self):
        self._values += 1
        return f"{self.name}-{self._values}"


class Directory:
    """A data directory that is served, killed and looked through."""

    def __init__(self, folder, seed, tally):
        self.deployment = Deployment(folder)
        self.tally = tally
        self.workers = [Worker(f"w{number}", f"{folder} {seed}") for number in range(WORKERS)]
        self.successes = collections.Counter()

    def round(self, random):
        """Serves under load, kills, serves again and looks."""
        self.deployment.start()
        threads = [threading.Thread(target=worker.work, args=[Line(self.deployment)]) for worker in self.workers]
        for thread in threads:
            thread.start()
        time.sleep(random.uniform(0, LOAD_SECONDS))
        self.deployment.kill()
        for thread in threads:
            thread.join()
        for worker in self.workers:
            if worker.failure:
                raise worker.failure
        if random.random() < 0.2:
            self._kill_while_it_starts(random)
        self.deployment.start()
        self.look(touched_only=True)
        self.deployment.kill()

    def _kill_while_it_starts(self, random):
        data = ["--data-dir", self.deployment.data]
        starting = Process(["serve", *data, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        time.sleep(random.uniform(0, START_SECONDS))
        starting.end(9)
        self.tally["kills while starting"] += 1

    def look(self, touched_only):
        """Compares what the server and its journal have with what the workers know."""
        self.deployment.verify()
        records = self.deployment.journal()
        ids = collections.Counter(record["requestId"] for record in records)
        events = {record["requestId"]: record["eventName"] for record in records}
        made = collections.Counter(
            (record["eventName"], arn.rpartition("/")[2])
            for record in records if record["httpStatus"] == 200
            for arn in record["resources"] if ":key/" in arn
        )
        with Line(self.deployment) as line:
            aliases = self._aliases(line)
            stored = {key["KeyId"] for key in line.all("ListKeys", "Keys")}
            assert stored == {key for event, key in made if event == "CreateKey"}, "keys and their records differ"
            for worker in self.workers:
                for id, event, key in worker.acknowledged:
                    assert ids[id] == 1 and events[id] == event, f"{event} {id}: {ids[id]} records"
                    self.successes[event, key] += 1
                self.tally["acknowledged"] += len(worker.acknowledged)
                worker.acknowledged = []
                self._pending(worker, line, aliases, stored, made)
                for key in worker.touched if touched_only else worker.keys:
                    has = self._state(line, aliases, key)
                    assert has == worker.keys[key], f"{key} is {has}, acknowledged was {worker.keys[key]}"
                worker.touched = set()

    def _pending(self, worker, line, aliases, stored, made):
        """A change that was not acknowledged is in the store if and only if its record is in the journal."""
        change, worker.pending = worker.pending, None
        if change is None:
            return
        if change.event == "CreateKey":
            known = {key for other in self.workers for key in other.keys}
            new = [key for key in stored - known if self._state(line, aliases, key)["Description"] == change.value]
            for key in new:
                worker.keys[key] = self._state(line, aliases, key)
                self.successes["CreateKey", key] += 1
            self.tally["made" if new else "not made"] += 1
            return
        has = self._state(line, aliases, change.key)
        applied = has[change.member] == change.value
        recorded = made[change.event, change.key] - self.successes[change.event, change.key]
        assert recorded == applied, f"{change}: made {applied}, recorded {recorded} times"
        if applied:
            worker.keys[change.key][change.member] = change.value
            self.successes[change.event, change.key] += 1
        worker.touched.add(change.key)
        self.tally["made" if applied else "not made"] += 1

    @staticmethod
    def _aliases(line):
        return {alias["TargetKeyId"]: alias["AliasName"] for alias in line.all("ListAliases", "Aliases")
                if "TargetKeyId" in alias}

    @staticmethod
    def _state(line, aliases, key):
        _, output = line.call("DescribeKey", KeyId=key)
        tags = line.all("ListResourceTags", "Tags", KeyId=key)
        return {
            "Description": output["KeyMetadata"]["Description"],
            "Enabled": output["KeyMetadata"]["Enabled"],
            "Tag": tags[0]["TagValue"] if tags else None,
            "Alias": aliases.get(key),
        }


def interrupted_init(folder, random):
    """Kills `init`; the next one takes up what is left, or says that all is done."""
    data = pathlib.Path(folder) / "data"
    first = Process(["init", "--data-dir", data])
    time.sleep(random.uniform(0, START_SECONDS))
    first.end(9)
    again = keywright("init", "--data-dir", data)
    done = again.returncode == 0 or "holds a deployment already" in again.stderr
    assert done, again.stderr


def run(rounds, seed):
    """Runs so many rounds, and returns what was counted."""
    tally = collections.Counter()
    moments = random.Random(seed)
    while tally["rounds"] < rounds:
        with tempfile.TemporaryDirectory() as spoiled, tempfile.TemporaryDirectory() as folder:
            interrupted_init(spoiled, moments)
            directory = Directory(folder, seed, tally)
            directory.deployment.init()
            try:
                for _ in range(min(ROUNDS_EACH, rounds - tally["rounds"])):
                    directory.round(moments)
                    tally["rounds"] += 1
                directory.deployment.start()
                directory.look(touched_only=False)
            finally:
                directory.deployment.end()
    return tally


def main(document, run, told):
    """The command line of a program that kills; `told` says what was counted."""
    parser = argparse.ArgumentParser(description=document, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    started = time.monotonic()
    tally = run(options.rounds, options.seed)
    seconds = time.monotonic() - started
    print(f"{tally['rounds']} kills under load and {tally['kills while starting']} while starting, in {seconds:.0f} s: {told(tally)}")


def told(tally):
    return (
        f"{tally['acknowledged']} acknowledged calls, none lost, each with its record; of the changes that were cut off, "
        f"{tally['made']} were made with their record and {tally['not made']} not at all"
    )


if __name__ == "__main__":
    main(__doc__, run, told)
