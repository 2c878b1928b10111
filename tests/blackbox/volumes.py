"""What tests of volumes need of the machine: root, disks that are files, and cryptsetup with our token handler."""

import contextlib
import json
import os
import re
import shutil
import subprocess

from keywright import PATIENCE_SECONDS
from test_client import CLIENT, ROOT, Stage
from test_readme import blocks

HANDLER = ROOT / "crates/client/cryptsetup-token"
PAGE = (ROOT / "docs/volumes.md").read_text()
# Encryption is root's business; everything else here is not.
AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
# Debian has the programs where only root looks for them.
SYSTEM = "/usr/sbin:/sbin"
MIB = 1 << 20


def as_root(*command, given=None, code=0):
    """Runs a program of the system, and returns its output."""
    done = subprocess.run(
        [*AS_ROOT, *map(str, command)], input=given, capture_output=True, timeout=PATIENCE_SECONDS,
        env=os.environ | {"PATH": f"{os.environ['PATH']}:{SYSTEM}", "LC_ALL": "C"},
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


class VolumeStage(Stage):
    """A stage whose commands are root's, with the system's programs on the path."""

    def __init__(self, folder, environment):
        super().__init__(folder, environment | {"PATH": f"{environment['PATH']}:{SYSTEM}"})

    def run(self, *arguments, given=b"", **variables):
        variables = [f"{name}={value}" for name, value in (self.environment | variables).items()]
        return subprocess.run(
            [*AS_ROOT, "env", *variables, CLIENT, *map(str, arguments)], input=given, capture_output=True, cwd=self.folder,
            timeout=2 * PATIENCE_SECONDS,
        )

    def volume(self, *arguments, **variables):
        """What a command for volumes prints."""
        printed = self.done("volume", *arguments, **variables)
        return json.loads(printed) if printed else None

    def refuses(self, code, *arguments, **variables):
        return self.fails(code, "volume", *arguments, **variables)

    def image(self, key, name="disk.img", *options):
        """A new volume of the kind `luks`, and its path."""
        self.volume("create", "--kind", "luks", "--key", key, "--size", "17M", name, *options)
        return self.folder / name

    def directory(self, key, name="disk/data"):
        self.volume("create", "--kind", "directory", "--key", key, name)
        return self.folder / name

    def keys(self, path):
        """The KMS keys under which a volume is, by its own account."""
        return [token["key"] for token in self.volume("status", "--offline", path)["tokens"]]


@contextlib.contextmanager
def encrypting_disk(folder, options=("-O", "encrypt")):
    """A disk with an ext4 that can encrypt, mounted at `disk` in a folder; its image."""
    image, mounted = folder / "ext4.img", folder / "disk"
    with open(image, "wb") as file:
        file.truncate(32 * MIB)
    as_root("mkfs.ext4", "-q", "-F", *options, image)
    mounted.mkdir()
    as_root("mount", "-o", "loop", image, mounted)
    try:
        yield image
    finally:
        as_root("umount", mounted)


def has(image, text):
    """Whether the bytes are anywhere in a file, once everything is written."""
    os.sync()
    return subprocess.run(["grep", "-qaF", text, image]).returncode == 0


def tokens(image):
    """The tokens in a header, by their numbers."""
    return json.loads(as_root("cryptsetup", "luksDump", "--dump-json-metadata", image))["tokens"]


class TokenHandler:
    """Our handler in the place where cryptsetup looks for it; this is seen by the commands that are run here, and by no others."""

    def __init__(self, folder, environment):
        """The handler starts the client that is tested, which finds KMS by the files in `folder`."""
        (folder / "config").write_text(
            f"[default]\nregion = {environment['AWS_REGION']}\nendpoint_url = {environment['AWS_ENDPOINT_URL']}\n"
        )
        self.credentials = folder / "credentials"
        self.handlers = folder / "handlers"
        self.handlers.mkdir()
        sources = folder / "cryptsetup-token"
        shutil.copytree(HANDLER, sources)
        (told,) = blocks("sh", PAGE)
        gcc, *options = told.replace("\\\n", " ").split()
        definitions = [f'-DKEYWRIGHT_CLIENT="{CLIENT}"', f'-DKEYWRIGHT_FOLDER="{folder}"']
        subprocess.run([gcc, *definitions, *options], cwd=sources, check=True)
        shutil.move(sources / options[options.index("-o") + 1], self.handlers)
        said = as_root("cryptsetup", "--help").decode()
        self.place = re.search(r"token plugin path: (\S+)\.", said).group(1)

    def sign_in(self, key):
        """Whose access key the handler has from now on."""
        names = {"AWS_ACCESS_KEY_ID": "aws_access_key_id", "AWS_SECRET_ACCESS_KEY": "aws_secret_access_key"}
        lines = [f"{names[name]} = {value}\n" for name, value in key.items()]
        self.credentials.write_text("[default]\n" + "".join(lines))

    def run(self, *command):
        """Runs a program in a world of mounts of its own."""
        script = 'mkdir -p "$2" && mount --bind "$1" "$2" && shift 2 && exec "$@"'
        return subprocess.run(
            [*AS_ROOT, "unshare", "--mount", "sh", "-c", script, "-", self.handlers, self.place, *map(str, command)],
            capture_output=True, text=True, timeout=PATIENCE_SECONDS,
            env={"PATH": f"{os.environ['PATH']}:{SYSTEM}", "LC_ALL": "C"},
        )

    def opens(self, image, *options):
        """Whether cryptsetup opens a volume by its tokens alone, and what it says."""
        done = self.run("cryptsetup", "open", "--test-passphrase", "--token-only", *options, image)
        return done.returncode == 0, done.stdout + done.stderr


class Killer:
    """A program of the system that kills whoever started it, when it has done its work for a chosen time."""

    def __init__(self, folder, program):
        self.folder = folder / f"killer-{program}"
        self.folder.mkdir()
        self.calls = self.folder / "calls"
        self.real = shutil.which(program, path=f"{os.environ['PATH']}:{SYSTEM}")
        self.becomes(
            program,
            f'n=$(($(cat {self.calls}) + 1))\necho $n > {self.calls}\n{self.real} "$@"\ncode=$?\n'
            '[ "$KILL_AFTER" = $n ] && kill -9 $PPID\nexit $code',
        )

    def becomes(self, program, script):
        wrapper = self.folder / program
        wrapper.write_text(f"#!/bin/sh\n{script}\n")
        wrapper.chmod(0o755)

    def path(self, stage):
        return f"{self.folder}:{stage.environment['PATH']}"

    def moments(self, stage, prepare, *arguments):
        """Runs a command again and again, each time killed after another step, until it is through. `prepare` is called before
        each run; after each that was killed, the caller has its turn."""
        for number in range(1, 40):
            prepare()
            self.calls.write_text("0")
            done = stage.run(*arguments, PATH=self.path(stage), KILL_AFTER=str(number))
            if done.returncode == 0:
                assert number > 2, "nothing was killed"
                return
            assert done.returncode in (-9, 137), done.stderr
            yield number
        raise AssertionError("it is never through")
