"""Attacks a server, one attack after the other, and looks what it costs: memory, journal, and the time of another client's calls.

  abuse.py --seconds 20 --connections 2000      attacks for so long each; needs KEYWRIGHT_BINARY

Prints a table, and ends with 1 if a bound is broken.
"""

import argparse
import collections
import multiprocessing
import pathlib
import resource
import statistics
import sys
import tempfile
import threading
import time

import attacks
from clients import Boto3
from keywright import Deployment
from kill import Line

MIB = 1024 * 1024
RSS_BYTES_MAX = 300 * MIB
# What may stay in memory when an attack is over and what arrived is worked on.
STAYS_BYTES_MAX = 24 * MIB
P99_SECONDS_MAX = 0.05
# The hour's part of the share of strangers, which they may use at once.
SHARE_BYTES = MIB
# What the journal may grow by besides: room for records to come, and those of calls that were made with a signature.
ROOM_BYTES = 512 * 1024
# A record of a call with a signature has an encryption context of up to 8 KiB, and why the call was denied.
RECORD_BYTES = 16 * 1024
# Between two calls of the other client.
PAUSE_SECONDS = 0.005
SETTLE_SECONDS = 3

CONFIG = f"[strangers]\njournal_bytes_per_day = {24 * SHARE_BYTES}\ndisk_reserve_bytes = 0\n"

Cost = collections.namedtuple("Cost", "attack rss rss_after journal calls p99 worst broken")


class User:
    """Somebody who calls: what `Line` needs to know."""

    def __init__(self, deployment, access_key, secret):
        self.credentials = {"aws_access_key_id": access_key, "aws_secret_access_key": secret}
        self.port, self.endpoint = deployment.port, deployment.endpoint


class Beside(threading.Thread):
    """A client with a signature that calls while the attack lasts, and how long its calls take."""

    def __init__(self, deployment, key):
        super().__init__(daemon=True)
        self._line, self._key = Line(deployment), key
        # Before its first good signature, a connection makes room for others.
        self._line.call("GenerateDataKey", KeyId=self._key, KeySpec="AES_256")
        self._ended = threading.Event()
        self.took, self.failure = [], None

    def run(self):
        try:
            while not self._ended.wait(PAUSE_SECONDS):
                began = time.perf_counter()
                self._line.call("GenerateDataKey", KeyId=self._key, KeySpec="AES_256")
                self.took.append(time.perf_counter() - began)
        except BaseException as failure:
            self.failure = failure

    def end(self):
        self._ended.set()
        self.join()
        self._line.close()


def rss(pid):
    """Bytes that a process has in memory."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


def journal_bytes(deployment):
    return sum(file.stat().st_size for file in (deployment.data / "journal").iterdir())


def signed_records(deployment):
    """How many records are of calls that somebody signed."""
    return sum("arn" in record for record in deployment.journal())


def attack(deployment, attack, target, key, seconds):
    """Lets an attack go on for so long, and tells what it cost."""
    before, signed = journal_bytes(deployment), signed_records(deployment)
    rss_before = rss(deployment.process.pid)
    beside = Beside(deployment, key)
    attacker = multiprocessing.get_context("fork").Process(target=attack, args=[target], daemon=True)
    attacker.start()
    beside.start()
    peak, ends = 0, time.monotonic() + seconds
    while time.monotonic() < ends and attacker.is_alive():
        peak = max(peak, rss(deployment.process.pid))
        time.sleep(0.05)
    went_on = attacker.is_alive()
    beside.end()
    attacker.kill()
    attacker.join()
    # What has arrived is still worked on.
    ends = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < ends:
        peak = max(peak, rss(deployment.process.pid))
        time.sleep(0.05)
    after = rss(deployment.process.pid)
    grown = journal_bytes(deployment) - before - RECORD_BYTES * (signed_records(deployment) - signed)
    took = sorted(beside.took) or [float("inf")]
    p99 = took[int(len(took) * 0.99)]
    broken = [
        what
        for what, is_so in [
            ("the attack ended by itself", not went_on),
            (f"the other client failed: {beside.failure}", beside.failure),
            ("memory", peak > RSS_BYTES_MAX),
            ("memory after", after - rss_before > STAYS_BYTES_MAX),
            ("journal", grown > SHARE_BYTES + ROOM_BYTES),
        ]
        if is_so
    ]
    name = attack.__name__.replace("_", " ")
    return Cost(name, peak, after, max(grown, 0), len(took), p99, took[-1], broken)


def run(folder, seconds, connections, names=(), p99_seconds_max=P99_SECONDS_MAX):
    """Makes a deployment and runs the attacks of these names, or all. Their costs."""
    allow_files(connections)
    config = pathlib.Path(folder) / "abuse.toml"
    config.write_text(CONFIG)
    deployment = Deployment(folder).init().start("--config", config)
    try:
        boto3 = Boto3(deployment.environment(), folder)
        boto3.call("iam", "CreateUser", UserName="mallory")
        boto3.call("iam", "PutUserPolicy", UserName="mallory", PolicyName="all", PolicyDocument=attacks.policy())
        made = boto3.call("iam", "CreateAccessKey", UserName="mallory")["AccessKey"]
        user = User(deployment, made["AccessKeyId"], made["SecretAccessKey"])
        with Line(deployment) as line:
            key = line.call("CreateKey")[1]["KeyMetadata"]["KeyId"]
        target = attacks.Target(deployment, connections, user, key)
        chosen = [each for each in attacks.ATTACKS if not names or each.__name__ in names]
        costs = [attack(deployment, each, target, key, seconds) for each in chosen]
        deployment.verify()
    finally:
        deployment.end()
    return [
        cost._replace(broken=[*cost.broken, "p99"]) if cost.p99 > p99_seconds_max else cost for cost in costs
    ]


def allow_files(connections):
    """As many open files as the connections need, in this process and those that it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + 1000
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))


def table(costs):
    """The costs, a line each."""
    lines = [f"{'attack':24}{'RSS':>9}{'after':>9}{'journal':>10}{'calls':>8}{'p99':>10}{'worst':>10}  bounds"]
    for cost in costs:
        verdict = ", ".join(map(str, cost.broken)) or "hold"
        lines.append(
            f"{cost.attack:24}{cost.rss / MIB:>5.0f} MiB{cost.rss_after / MIB:>5.0f} MiB"
            f"{cost.journal / 1024:>6.0f} KiB{cost.calls:>8}{cost.p99 * 1000:>7.1f} ms{cost.worst * 1000:>7.1f} ms  {verdict}"
        )
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--connections", type=int, default=2000)
    parser.add_argument("attacks", nargs="*", metavar="ATTACK", help="those to run [default: all]")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        costs = run(folder, options.seconds, options.connections, options.attacks)
    print(table(costs))
    print(f"median of all p99: {statistics.median(cost.p99 for cost in costs) * 1000:.1f} ms")
    sys.exit(any(cost.broken for cost in costs))


if __name__ == "__main__":
    main()
