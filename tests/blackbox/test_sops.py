"""SOPS: files whose values are encrypted under data keys that keys here seal."""

import json
import subprocess

import pytest

from keywright import PATIENCE_SECONDS, REGION
from names import names

SECRETS = {"database": {"user": "app", "password": "correct horse"}}
CONTEXT = "environment:test,team:pay"


class Sops:
    """The command, in a folder with `secrets.json`; a call returns what it writes."""

    def __init__(self, folder, environment):
        self.folder = folder
        self._environment = environment
        (folder / "secrets.json").write_text(json.dumps(SECRETS))

    def __call__(self, *arguments):
        done = subprocess.run(
            ["sops", *arguments], env=self._environment, cwd=self.folder, capture_output=True, text=True,
            timeout=PATIENCE_SECONDS,
        )
        if done.returncode:
            raise ValueError(done.stderr)
        return done.stdout


@pytest.fixture
def sops(shared, tmp_path):
    return Sops(tmp_path, shared.environment())


def test_a_file_is_sealed_by_two_keys_and_opened_by_either(sops, one):
    keys = [one("CreateKey")["KeyMetadata"]["Arn"] for _ in range(2)]
    sealed = sops("encrypt", "--kms", ",".join(keys), "--encryption-context", CONTEXT, "secrets.json")
    assert "correct horse" not in sealed
    (sops.folder / "sealed.json").write_text(sealed)
    for key in keys:
        one("RotateKeyOnDemand", KeyId=key)
    assert json.loads(sops("decrypt", "sealed.json")) == SECRETS
    sops("rotate", "--in-place", "sealed.json")
    sops("set", "sealed.json", '["database"]["password"]', '"battery staple"')
    one("DisableKey", KeyId=keys[0])
    assert sops("decrypt", "--extract", '["database"]["password"]', "sealed.json") == "battery staple"
    one("DisableKey", KeyId=keys[1])
    with pytest.raises(ValueError, match="DisabledException"):
        sops("decrypt", "sealed.json")
    one("EnableKey", KeyId=keys[1])
    assert sops("decrypt", "sealed.json")


def test_another_context_is_refused(sops, one):
    key = one("CreateKey")["KeyMetadata"]["Arn"]
    sealed = json.loads(sops("encrypt", "--kms", key, "--encryption-context", CONTEXT, "secrets.json"))
    (by,) = sealed["sops"]["kms"]
    assert by["context"] == {"environment": "test", "team": "pay"}
    by["context"]["team"] = "ship"
    (sops.folder / "sealed.json").write_text(json.dumps(sealed))
    with pytest.raises(ValueError, match="InvalidCiphertextException"):
        sops("decrypt", "sealed.json")


def test_a_role_is_assumed_to_use_the_key(sops, one, connect, shared, tmp_path):
    root = connect("boto3", shared.environment(), tmp_path)
    trust = {"Effect": "Allow", "Principal": {"AWS": shared.account}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = root.call("iam", "CreateRole", RoleName="deployer", AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    key = one("CreateKey")["KeyMetadata"]
    with pytest.raises(ValueError, match="AccessDeniedException"):
        sops("encrypt", "--kms", f"{key['Arn']}+{role}", "secrets.json")
    one("CreateGrant", KeyId=key["KeyId"], GranteePrincipal=role, Operations=["Encrypt", "Decrypt"])
    (sops.folder / "sealed.json").write_text(sops("encrypt", "--kms", f"{key['Arn']}+{role}", "secrets.json"))
    assert json.loads(sops("decrypt", "sealed.json")) == SECRETS
    record = [record for record in shared.journal() if record["eventName"] == "Decrypt"][-1]
    assert ":assumed-role/deployer/" in record["arn"]
    root.close()


def test_aws_is_called_by_its_own_names(deployment, connect, tmp_path):
    deployment.init("--takeover", REGION).start()
    environment = deployment.environment() | deployment.trust()
    del environment["AWS_ENDPOINT_URL"]
    with names(deployment.port) as proxy:
        environment["HTTPS_PROXY"] = proxy.address
        root = connect("boto3", environment, tmp_path)
        key = root.call("kms", "CreateKey")["KeyMetadata"]["Arn"]
        root.close()
        sops = Sops(tmp_path, environment)
        (tmp_path / "sealed.json").write_text(sops("encrypt", "--kms", key, "secrets.json"))
        assert json.loads(sops("decrypt", "sealed.json")) == SECRETS
        distrusting = environment | dict.fromkeys(deployment.trust(), "") | {"AWS_MAX_ATTEMPTS": "1"}
        with pytest.raises(ValueError, match="x509: certificate"):
            Sops(tmp_path, distrusting)("decrypt", "sealed.json")
    assert proxy.asked == {f"kms.{REGION}.amazonaws.com:443"}
