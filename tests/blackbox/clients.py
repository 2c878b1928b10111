"""AWS's clients behind one face, so that the tests tell each story once: `call` takes a service, an operation and its
input as the API's model has them, blobs as bytes, and returns the output likewise, or raises `Refused`."""

import base64
import contextlib
import functools
import itertools
import json
import os
import re
import subprocess
import unittest.mock

import boto3
import botocore.config
import botocore.exceptions
import botocore.session
from botocore import xform_name

from keywright import PATIENCE_SECONDS, REGION


class Refused(Exception):
    """The server's error, as the client tells it."""

    def __init__(self, code, message):
        super().__init__(code, message)
        self.code = code
        self.message = message


@functools.cache
def model(service):
    """AWS's own model of a service: tells blobs from texts."""
    return botocore.session.get_session().get_service_model(service)


def blobs_decoded(service, operation, output, of_input=False):
    """Output in which blobs are base64 texts, or input, with them decoded."""
    described = model(service).operation_model(operation)
    shape = described.input_shape if of_input else described.output_shape
    members = shape.members if shape else {}
    return {
        name: base64.b64decode(value) if name in members and members[name].type_name == "blob" else value
        for name, value in output.items()
    }


@contextlib.contextmanager
def within(environment):
    """Libraries that are used inside find this environment, as they would in a new process."""
    with unittest.mock.patch.dict(os.environ, environment, clear=True):
        # boto3 keeps the settings that it read first.
        boto3.setup_default_session()
        yield
    boto3.DEFAULT_SESSION = None


class Boto3:
    """botocore, which boto3 is a face of."""

    name = "boto3"

    def __init__(self, environment, folder):
        self._environment = environment
        self._clients = {}

    def _client(self, service):
        if service not in self._clients:
            # A new session reads the environment as a new process would.
            self._clients[service] = botocore.session.Session().create_client(service)
        return self._clients[service]

    def call(self, service, operation, **given):
        try:
            # Also during the call: a client that has to get credentials first reads the environment only then.
            with unittest.mock.patch.dict(os.environ, self._environment, clear=True):
                output = getattr(self._client(service), xform_name(operation))(**given)
        except botocore.exceptions.ClientError as error:
            raise Refused(error.response["Error"]["Code"], error.response["Error"]["Message"]) from None
        del output["ResponseMetadata"]
        return output

    def close(self):
        for client in self._clients.values():
            client.close()


class AwsCli:
    """An aws CLI, given its options as users give them."""

    def __init__(self, name, program, environment, folder):
        self.name = name
        self._program = program
        self._environment = environment
        self._folder = folder
        self._files = itertools.count()

    def call(self, service, operation, **given):
        command = [*self._program, service, xform_name(operation, "-"), "--output", "json"]
        for name, value in given.items():
            command += self._option(xform_name(name, "-"), value)
        done = subprocess.run(
            command, env=self._environment, cwd=self._folder, capture_output=True, text=True,
            timeout=PATIENCE_SECONDS, stdin=subprocess.DEVNULL,
        )
        if done.returncode == 0:
            return blobs_decoded(service, operation, json.loads(done.stdout or "{}"))
        told = re.search(r"An error occurred \((\w+)\) when calling the \w+ operation[^:]*: (.*)", done.stderr, re.S)
        assert told, f"{command}: {done.stderr}"
        raise Refused(told[1], told[2].strip())

    def _option(self, name, value):
        match value:
            case True:
                return [f"--{name}"]
            case False:
                return [f"--no-{name}"]
            case bytes():
                path = self._folder / f"blob-{next(self._files)}"
                path.write_bytes(value)
                return [f"--{name}", f"fileb://{path}"]
            case [str(), *_]:
                return [f"--{name}", *value]
            case list() | dict():
                return [f"--{name}", json.dumps(value)]
        return [f"--{name}", str(value)]

    def close(self):
        pass


class Lines:
    """A program that takes a call a line, as JSON, and answers each with a line."""

    def __init__(self, command, environment, folder):
        self._popen = subprocess.Popen(
            command, env=environment, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, call):
        self._popen.stdin.write(json.dumps(call, default=self._blob) + "\n")
        self._popen.stdin.flush()
        return json.loads(self._popen.stdout.readline())

    def close(self):
        self._popen.stdin.close()
        self._popen.wait(PATIENCE_SECONDS)
        self._popen.stdout.close()

    def _blob(self, content):
        """Bytes as the program takes them."""
        return {"blob": base64.b64encode(content).decode()}


class SdkRust(Lines):
    """The AWS SDK for Rust."""

    name = "sdk-rust"

    def call(self, service, operation, **given):
        answer = self.ask({"service": service, "operation": operation, "input": given})
        if "refused" in answer:
            raise Refused(answer["refused"]["code"], answer["refused"]["message"])
        assert "output" in answer, answer
        return blobs_decoded(service, operation, answer["output"])

    def _blob(self, content):
        return base64.b64encode(content).decode()


class SdkJavaScript(Lines):
    """The AWS SDK for JavaScript v3."""

    name = "sdk-js"

    def call(self, service, operation, **given):
        answer = self.ask({"call": "operation", "service": service, "operation": operation, "input": given})
        if "refused" in answer:
            raise Refused(answer["refused"]["code"], answer["refused"]["message"])
        return blobs_decoded(service, operation, answer["output"])


@contextlib.contextmanager
def refused(code, message):
    """What is inside is refused with this code and this message."""
    try:
        yield
    except Refused as error:
        assert (error.code, error.message) == (code, message)
    else:
        raise AssertionError(f"it was not refused with {code}")
