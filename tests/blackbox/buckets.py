"""A bucket that a real server holds: SeaweedFS, which checks signatures."""

import contextlib
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import time
import urllib.parse
import urllib.request

import botocore.config
import botocore.exceptions
import botocore.session

from keywright import PATIENCE_SECONDS, REGION

VENV = pathlib.Path(os.environ["VIRTUAL_ENV"])


# Below the ports that connections get for their own end, with those 10000 above too: nobody takes them before SeaweedFS does.
PORTS = range(12000, 22000)


def free_ports(count):
    """Ports that are free, and free as SeaweedFS's ports for gRPC, which are 10000 above."""
    found = []
    while len(found) < count:
        port = random.choice([port for port in PORTS if port not in found])
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)), socket.create_server(("127.0.0.1", port + 10000)):
            found.append(port)
    return found


class SeaweedFS:
    """A SeaweedFS with one bucket, for one access key. AWS's command line has one for all services: give it that."""

    def __init__(self, folder, access_key_id, secret, bucket="audit", configuration=None, environment=None, options=()):
        """`configuration` is what its file has beside its users, `environment` is added to this process's own, and `options` to
        those that it has here."""
        self.bucket = bucket
        self.access_key_id = access_key_id
        self.folder = folder / "seaweed"
        self.folder.mkdir()
        keys = [{"accessKey": access_key_id, "secretKey": secret}]
        identity = {"name": "owner", "credentials": keys, "actions": ["Admin", "Read", "Write", "List", "Tagging"]}
        (folder / "s3.json").write_text(json.dumps({"identities": [identity]} | (configuration or {})))
        self.credentials = folder / "bucket.ini"
        self.write_credentials(secret)
        master, volume, filer, self.port = free_ports(4)
        self._arguments = [
            VENV / "bin/weed", "-v=1", "server", "-ip=127.0.0.1", f"-dir={self.folder}", f"-master.port={master}",
            f"-volume.port={volume}", "-filer", f"-filer.port={filer}", "-s3", f"-s3.port={self.port}",
            f"-s3.config={folder / 's3.json'}", "-master.volumeSizeLimitMB=64", "-volume.max=4", "-s3.iam=false",
            "-master.electionTimeout=1s",
            # Two more services have ports that are the same for every SeaweedFS of a machine.
            "-s3.port.iceberg=0", "-s3.port.lance=0",
            *options,
        ]
        self._filer = f"127.0.0.1:{filer}"
        self._master = f"127.0.0.1:{master}"
        self._environment = os.environ | (environment or {})
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.client = client(self.endpoint, access_key_id, secret)
        self.start()

    def start(self):
        """Serves until `end`, and makes the bucket if it is not there."""
        self.log = (self.folder.parent / "seaweed.log").open("a")
        self.process = subprocess.Popen(
            self._arguments, cwd=self.folder.parent, env=self._environment, stdout=self.log, stderr=self.log
        )
        for _ in range(PATIENCE_SECONDS * 5):
            if self.process.poll() is not None:
                break
            try:
                self.client.create_bucket(Bucket=self.bucket)
                return
            except (self.client.exceptions.BucketAlreadyExists, self.client.exceptions.BucketAlreadyOwnedByYou):
                return
            except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
                time.sleep(0.2)
        self.end()
        raise AssertionError((self.folder.parent / "seaweed.log").read_text()[-4000:])

    def write_credentials(self, secret):
        self.credentials.write_text(f"[default]\naws_access_key_id = {self.access_key_id}\naws_secret_access_key = {secret}\n")

    def table(self, name="audit"):
        """The configuration's table for it."""
        return f'[buckets.{name}]\nendpoint = "{self.endpoint}"\ncredentials_file = "{self.credentials}"\nbucket = "{self.bucket}"\n'

    def names(self):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def holding(self, marker):
        """The files on its disk that have these bytes in them."""
        return [path for path in self.folder.rglob("*") if path.is_file() and marker in path.read_bytes()]

    def file(self, method, path, content=None):
        """Puts, gets or deletes a file that is in no bucket."""
        request = urllib.request.Request(f"http://{self._filer}{urllib.parse.quote(path)}", content, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return answer.read()

    def shell(self, command):
        """What a command of its shell says. The command is not shown among the processes: it may have a secret."""
        done = subprocess.run(
            [VENV / "bin/weed", "shell", f"-filer={self._filer}", f"-master={self._master}"], cwd=self.folder.parent,
            input=f"{command}\n", capture_output=True, text=True, timeout=PATIENCE_SECONDS,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    @contextlib.contextmanager
    def synchronizing(self, directory):
        """Inside, what happens in a directory that is mounted from another server happens there too."""
        command = [VENV / "bin/weed", "filer.remote.sync", f"-filer={self._filer}", f"-dir={directory}"]
        process = subprocess.Popen(command, cwd=self.folder.parent, stdout=self.log, stderr=self.log)
        try:
            yield
        finally:
            process.kill()
            process.wait()

    def end(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.log.close()


def client(endpoint, access_key_id, secret):
    session = botocore.session.Session()
    session.set_credentials(access_key_id, secret)
    style = botocore.config.Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
    return session.create_client("s3", REGION, endpoint_url=endpoint, config=style)
