"""A Keywright of one's own: a data directory, and the server that serves it."""

import configparser
import json
import os
import pathlib
import pty
import signal
import subprocess
import threading
import urllib.error
import urllib.request

import boto3

BINARY = pathlib.Path(os.environ.get("KEYWRIGHT_BINARY", "target/debug/keywright")).resolve()
REGION = "us-east-1"
# Generous, because it is only ever waited for in full when something is broken.
PATIENCE_SECONDS = 60


def keywright(*arguments, **options):
    """Runs a command to its end; what it says is captured."""
    return subprocess.run(
        [BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE_SECONDS, **options
    )


def profile(text):
    """The default profile of an AWS credentials file."""
    parser = configparser.ConfigParser()
    parser.read_string(text)
    return dict(parser["default"])


class Process:
    """A running server, and what it logs."""

    def __init__(self, arguments, program=BINARY, terminal=False, **options):
        """With `terminal`, its standard output is one."""
        self.lines = []
        self._news = threading.Condition()
        shown, out = pty.openpty() if terminal else (None, subprocess.PIPE)
        self._popen = subprocess.Popen(
            [program, *map(str, arguments)], stdout=out, stderr=subprocess.PIPE, text=True, **options
        )
        if terminal:
            os.close(out)
            self._popen.stdout = open(shown)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.pid = self._popen.pid
        self.output = self._popen.stdout

    def _read(self):
        for line in self._popen.stderr:
            with self._news:
                self.lines.append(json.loads(line) if line.startswith("{") else {"message": line.rstrip("\n")})
                self._news.notify_all()
        with self._news:
            self.lines.append(None)
            self._news.notify_all()

    def log(self, text):
        """Waits for the first line whose message or error holds the text, and returns it."""

        def found():
            said = (line for line in self.lines if line)
            return next((line for line in said if text in json.dumps(line)), None) or self.lines[-1:] == [None]

        with self._news:
            line = self._news.wait_for(found, PATIENCE_SECONDS)
        assert isinstance(line, dict), f"`{text}` is not in the log: {self.lines}"
        return line

    def end(self, number=signal.SIGTERM):
        """Ends it by a signal, and returns its exit code."""
        self._popen.send_signal(number)
        return self.wait()

    def wait(self):
        code = self._popen.wait(PATIENCE_SECONDS)
        self._reader.join(PATIENCE_SECONDS)
        self._popen.stdout.close()
        self._popen.stderr.close()
        return code

    def signal(self, number):
        self._popen.send_signal(number)

    def runs(self):
        return self._popen.poll() is None


class Deployment:
    """A data directory under `folder`, its root user's credentials, and the server while it runs."""

    def __init__(self, folder, tls=None):
        """`tls` is the host name that clients use; without it, they speak plain HTTP."""
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.tls = tls
        self.process = None
        self.credentials = None
        self.account = None

    def init(self, *options):
        names = ["--tls", self.tls] if self.tls else []
        done = keywright("init", "--data-dir", self.data, *names, *options)
        assert done.returncode == 0, done.stderr
        self.credentials = profile(done.stdout)
        self.account = done.stderr.split("account ")[1][:12]
        return self

    def certify(self, name):
        """Makes a CA and a certificate, with which the server speaks TLS from its next start on."""
        done = keywright("certificate", "--data-dir", self.data, "--tls", name)
        assert done.returncode == 0, done.stderr
        self.tls = name

    def start(self, *options, port=0, **popen):
        """Serves until `stop` or `kill`, on a port that is free unless one is given."""
        assert self.process is None
        listen = f"127.0.0.1:{port}"
        arguments = ["serve", "--data-dir", self.data, "--listen", listen, "--admin-listen", "127.0.0.1:0"]
        self.process = Process([*arguments, *options], **popen)
        serves = self.process.log(" serves")
        self.port = int(serves["listen"].rpartition(":")[2])
        self.admin = f"http://{serves['admin']}"
        return self

    def stop(self):
        """Ends the server in good order."""
        code = self.process.end()
        self.process = None
        assert code == 0

    def kill(self):
        """Ends the server as a power loss would, as far as a process can tell."""
        self.process.end(signal.SIGKILL)
        self.process = None

    def restart(self, *options):
        self.stop()
        return self.start(*options)

    def end(self):
        if self.process:
            self.process.end(signal.SIGKILL)

    @property
    def endpoint(self):
        return f"https://{self.tls}:{self.port}" if self.tls else f"http://127.0.0.1:{self.port}"

    @property
    def ca(self):
        return self.data / "tls" / "ca.pem"

    def client(self, service, access_key_id=None, secret=None):
        """A client of the root user, or of an access key."""
        return boto3.client(
            service, region_name=REGION, endpoint_url=self.endpoint, verify=self.ca if self.tls else None,
            aws_access_key_id=access_key_id or self.credentials["aws_access_key_id"],
            aws_secret_access_key=secret or self.credentials["aws_secret_access_key"],
        )

    def environment(self):
        """What the documentation tells users of AWS's clients to set, and nothing of this machine's own settings."""
        environment = {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": self.credentials["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": self.credentials["aws_secret_access_key"],
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
            "HOME": str(self.folder),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
        }
        if self.tls:
            environment |= self.trust()
        return environment

    def trust(self):
        """What makes clients trust the deployment's CA: those in Python, in Go and Rust, in JavaScript."""
        return dict.fromkeys(["AWS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"], str(self.ca))

    def page(self, path):
        """A page of the admin listener: status and text."""
        try:
            with urllib.request.urlopen(self.admin + path, timeout=PATIENCE_SECONDS) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def journal(self):
        """All records."""
        done = keywright("journal", "show", "--data-dir", self.data)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.split("\n")[:-1]]

    def verify(self):
        """What `journal verify` says of an unbroken chain."""
        done = keywright("journal", "verify", "--data-dir", self.data)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
