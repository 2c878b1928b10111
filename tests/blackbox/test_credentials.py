"""The ways in which programs come by a role's credentials: profiles that assume it, tokens of an identity provider, a
`credential_process`, and the endpoint that `keywright credentials` serves. Each with every client that takes it."""

import base64
import contextlib
import http.server
import json
import os
import stat
import threading
import time
import urllib.error
import urllib.request

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from clients import Refused
from conftest import CLIENTS
from keywright import BINARY, Deployment, Process, keywright

# Releases of the aws CLI 2 before 2.13 cannot be told where to make the calls that they make by themselves.
WITH_ENDPOINT = [client for client in CLIENTS if client != "aws-cli-2"]
CLIENT_ID = "sts.amazonaws.com"
PINNED = "https://id.example.com/realms/apps"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, size=None):
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


class Rsa:
    """An issuer's key for RS256."""

    algorithm = "RS256"

    def __init__(self):
        self._key = rsa.generate_private_key(65537, 2048)

    def sign(self, message):
        return self._key.sign(message, padding.PKCS1v15(), hashes.SHA256())

    def public(self):
        numbers = self._key.public_key().public_numbers()
        return {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)}


class Ec:
    """An issuer's key for ES256."""

    algorithm = "ES256"

    def __init__(self):
        self._key = ec.generate_private_key(ec.SECP256R1())

    def sign(self, message):
        parts = utils.decode_dss_signature(self._key.sign(message, ec.ECDSA(hashes.SHA256())))
        return b"".join(part.to_bytes(32, "big") for part in parts)

    def public(self):
        numbers = self._key.public_key().public_numbers()
        return {"kty": "EC", "crv": "P-256", "x": number(numbers.x, 32), "y": number(numbers.y, 32)}


class Issuer:
    """An identity provider."""

    def __init__(self, key):
        self.key = key
        self.url = PINNED
        self.asked = []

    def keys(self):
        return json.dumps({"keys": [self.key.public() | {"kid": "k1", "use": "sig", "alg": self.key.algorithm}]})

    def token(self, **claims):
        now = int(time.time())
        claims = {"iss": self.url, "sub": "app", "aud": CLIENT_ID, "iat": now, "nbf": now, "exp": now + 600} | claims
        header = {"alg": self.key.algorithm, "kid": "k1", "typ": "JWT"}
        signed = ".".join(b64(json.dumps(part).encode()) for part in (header, claims))
        return f"{signed}.{b64(self.key.sign(signed.encode()))}"

    @contextlib.contextmanager
    def published(self):
        """Serves the discovery document and the keys on this machine."""
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                issuer.asked.append(self.path)
                document = {"issuer": issuer.url, "jwks_uri": f"{issuer.url}/keys"}
                pages = {"/.well-known/openid-configuration": json.dumps(document), "/keys": issuer.keys()}
                self.send_response(200 if self.path in pages else 404)
                self.end_headers()
                self.wfile.write(pages.get(self.path, "").encode())

            def log_message(self, *arguments):
                pass

        with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
            self.url = f"http://127.0.0.1:{server.server_port}"
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                yield
            finally:
                server.shutdown()
                thread.join()


class Stage:
    """A deployment with a key, a role that may use it, and a user who may assume the role."""

    def __init__(self, deployment, connect, folder):
        self.deployment = deployment
        self.folder = folder
        root = connect("boto3", deployment.environment(), folder)
        self._root = root
        self.key = root.call("kms", "CreateKey")["KeyMetadata"]["Arn"]
        root.call("iam", "CreateUser", UserName="deployer")
        self.own = root.call("iam", "CreateAccessKey", UserName="deployer")["AccessKey"]
        self.role = self.make_role("app", {"AWS": f"arn:aws:iam::{deployment.account}:user/deployer"}, "sts:AssumeRole")
        (folder / "credentials").write_text(
            f"[base]\naws_access_key_id = {self.own['AccessKeyId']}\n"
            f"aws_secret_access_key = {self.own['SecretAccessKey']}\n"
        )

    def make_role(self, name, principal, action):
        statement = {"Effect": "Allow", "Principal": principal, "Action": action}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        made = self._root.call("iam", "CreateRole", RoleName=name, AssumeRolePolicyDocument=trust)
        statement = {"Effect": "Allow", "Action": ["kms:Encrypt", "kms:Decrypt"], "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self._root.call("iam", "PutRolePolicy", RoleName=name, PolicyName="use", PolicyDocument=policy)
        return made["Role"]["Arn"]

    def trust(self, issuer, name):
        """A role for whom the issuer vouches."""
        location = issuer.url.split("://")[1]
        self._root.call("iam", "CreateOpenIDConnectProvider", Url=f"https://{location}", ClientIDList=[CLIENT_ID])
        provider = f"arn:aws:iam::{self.deployment.account}:oidc-provider/{location}"
        return self.make_role(name, {"Federated": provider}, "sts:AssumeRoleWithWebIdentity")

    def environment(self, **more):
        """What programs have in their environment, without an access key."""
        environment = self.deployment.environment()
        del environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"]
        return environment | more

    def profile(self, name, *lines):
        """An environment in which clients use a profile of `~/.aws/config`."""
        config = self.folder / f"config-{name}"
        config.write_text(f"[profile {name}]\n" + "\n".join(lines) + "\n")
        files = {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(self.folder / "credentials")}
        return self.environment(AWS_PROFILE=name, **files)

    def handing_out(self, *options):
        """The arguments of `keywright credentials`, with the deployer's credentials from their file."""
        file = ["--credentials-file", self.folder / "credentials", "--profile", "base"]
        return ["credentials", "--role-arn", self.role, "--endpoint", self.deployment.endpoint, *file, *options]

    def close(self):
        self._root.close()


@pytest.fixture(scope="module")
def issuer():
    return Issuer(Rsa())


@pytest.fixture(scope="module")
def discovered():
    issuer = Issuer(Ec())
    with issuer.published():
        yield issuer


@pytest.fixture(scope="module")
def stage(issuer, discovered, connect, tmp_path_factory):
    folder = tmp_path_factory.mktemp("credentials")
    (folder / "keys.json").write_text(issuer.keys())
    config = folder / "keywright.toml"
    config.write_text(
        f'[oidc.issuers."{issuer.url}"]\njwks_file = "keys.json"\n'
        f'[oidc.issuers."{discovered.url}"]\ndiscover = true\n'
    )
    deployment = Deployment(folder).init().start("--config", config)
    stage = Stage(deployment, connect, folder)
    yield stage
    stage.close()
    deployment.end()


@pytest.fixture
def uses_the_role(connect, stage, tmp_path):
    """Checks that a client is a session of a role and may do what the role may."""

    def check(client, environment, role="app", session=None):
        client = connect(client, environment, tmp_path)
        try:
            arn = client.call("sts", "GetCallerIdentity")["Arn"]
            start = f"arn:aws:sts::{stage.deployment.account}:assumed-role/{role}/"
            assert arn == start + session if session else arn.startswith(start)
            sealed = client.call("kms", "Encrypt", KeyId=stage.key, Plaintext=b"by the role")["CiphertextBlob"]
            assert client.call("kms", "Decrypt", CiphertextBlob=sealed)["Plaintext"] == b"by the role"
            with pytest.raises(Refused) as denied:
                client.call("kms", "DescribeKey", KeyId=stage.key)
            assert denied.value.code == "AccessDeniedException"
        finally:
            client.close()

    return check


@pytest.mark.parametrize("client", WITH_ENDPOINT)
def test_a_profile_assumes_the_role(client, stage, uses_the_role):
    lines = [f"role_arn = {stage.role}", "source_profile = base", "role_session_name = by-profile"]
    uses_the_role(client, stage.profile("app", *lines), session="by-profile")


@pytest.mark.parametrize("client", WITH_ENDPOINT)
def test_a_token_of_a_pinned_issuer_assumes_the_role(client, issuer, stage, uses_the_role, web_role):
    uses_the_role(client, web_identity(stage, web_role, issuer.token()), role="web", session="by-token")


def test_a_token_of_a_discovered_issuer_assumes_the_role(discovered, stage, uses_the_role):
    assert discovered.asked == [], "nothing is fetched before it is needed"
    role = stage.trust(discovered, "found")
    for client in ["boto3", "sdk-rust", "sdk-js"]:
        uses_the_role(client, web_identity(stage, role, discovered.token()), role="found", session="by-token")
    assert discovered.asked == ["/.well-known/openid-configuration", "/keys"], "it is fetched once"
    record = next(
        record
        for record in stage.deployment.journal()
        if record["eventName"] == "AssumeRoleWithWebIdentity" and discovered.url[7:] in record["arn"]
    )
    assert record["requestParameters"]["roleArn"] == role and "accessKeyId" not in record


def test_other_tokens_are_refused(connect, issuer, stage, tmp_path, web_role):
    client = connect("boto3", stage.environment(), tmp_path)
    forged = Issuer(Rsa())
    now = int(time.time())
    for token, code in [
        (issuer.token(), None),
        (forged.token(), "InvalidIdentityToken"),
        (issuer.token(aud="somebody-else"), "InvalidIdentityToken"),
        (issuer.token(iss="https://id.example.com"), "InvalidIdentityToken"),
        (issuer.token(exp=now - 1), "ExpiredTokenException"),
        (issuer.token(nbf=now + 3600), "InvalidIdentityToken"),
        (issuer.token()[:-8] + "AAAAAAAA", "InvalidIdentityToken"),
        ("x" * 20_001, "ValidationError"),
    ]:
        given = {"RoleArn": web_role, "RoleSessionName": "any", "WebIdentityToken": token}
        try:
            client.call("sts", "AssumeRoleWithWebIdentity", **given)
            answered = None
        except Refused as refused:
            answered = refused.code
        assert answered == code, token[:60]
    client.close()


@pytest.mark.parametrize("client", CLIENTS)
def test_a_process_hands_credentials_out(client, stage, uses_the_role):
    command = " ".join(map(str, [BINARY, *stage.handing_out("--once", "--session-name", "by-process")]))
    environment = stage.profile("process", f"credential_process = {command}")
    uses_the_role(client, environment, session="by-process")


# Those releases do not know the variable that names a file with the token, either.
HANDED_OUT = [("token", client) for client in CLIENTS] + [("file", client) for client in WITH_ENDPOINT]


@pytest.mark.parametrize(("by", "client"), HANDED_OUT)
def test_an_endpoint_hands_credentials_out(by, client, endpoint, stage, uses_the_role):
    uses_the_role(client, stage.environment(**endpoint(by)), session="keywright-credentials")


def test_an_endpoint_answers_only_who_has_the_token(endpoint):
    variables = endpoint("token")
    url, token = variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"], variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"]

    def status(url, headers, **options):
        request = urllib.request.Request(url, headers=headers, **options)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    answered, session = status(url, {"Authorization": token})
    assert answered == 200
    assert sorted(session) == ["AccessKeyId", "Expiration", "RoleArn", "SecretAccessKey", "Token"]
    assert status(url, {"Authorization": token})[1] == session, "it is kept as long as most of it is left"
    for code, headers in [(401, {}), (403, {"Authorization": token[:-1]}), (403, {"Authorization": f"Bearer {token}"})]:
        refused, body = status(url, headers)
        assert refused == code and "SecretAccessKey" not in body
    assert status(url + "/x", {"Authorization": token})[0] == 404
    assert status(url, {"Authorization": token}, data=b"", method="POST")[0] == 405


def test_who_may_not_assume_the_role_is_told_at_once(stage):
    other = stage.make_role("closed", {"AWS": stage.deployment.account}, "sts:AssumeRole")
    for options in [["--once"], []]:
        arguments = [other if part == stage.role else part for part in stage.handing_out(*options)]
        done = keywright(*arguments, env={"HOME": str(stage.folder)})
        assert done.returncode == 1 and done.stdout == ""
        assert "AccessDenied" in done.stderr and stage.own["SecretAccessKey"] not in done.stderr
    done = keywright("credentials", "--once", "--role-arn", stage.role, env={"HOME": str(stage.folder)})
    assert done.returncode == 1 and "AWS_ACCESS_KEY_ID" in done.stderr


@pytest.fixture(scope="module")
def web_role(issuer, stage):
    return stage.trust(issuer, "web")


@pytest.fixture(scope="module")
def endpoint(stage, tmp_path_factory):
    """What a `keywright credentials` says to set, started once for each way to have the token."""
    started = {}

    def endpoint(by):
        if by not in started:
            file = tmp_path_factory.mktemp("endpoint") / "token"
            process = Process(stage.handing_out(*(["--token-file", file] if by == "file" else [])))
            lines = [process.output.readline().strip() for _ in range(2)]
            started[by] = process, dict(line.removeprefix("export ").split("=", 1) for line in lines)
            if by == "file":
                assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
        return started[by][1]

    yield endpoint
    for process, _ in started.values():
        assert process.end() == 0


def web_identity(stage, role, token):
    """The environment of a program that has a token in a file."""
    file = stage.folder / "web-identity-token"
    file.write_text(token)
    return stage.environment(
        AWS_WEB_IDENTITY_TOKEN_FILE=str(file), AWS_ROLE_ARN=role, AWS_ROLE_SESSION_NAME="by-token"
    )
