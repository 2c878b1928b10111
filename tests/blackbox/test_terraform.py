"""What Terraform's aws provider does with its resources: they are created, read as they were written, changed, read
again, destroyed, and destroyed once more without harm."""

import json

import pytest

import terraform
from keywright import REGION, Deployment
from terraform import ELSEWHERE, Cloud, meaning, trust

POWER_USER = "arn:aws:iam::aws:policy/AWSKeyManagementServicePowerUser"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
# How often in a row the provider wants to see the same before it believes it.
STEADY = 5


@pytest.fixture(scope="module")
def cloud(connect, tmp_path_factory):
    deployment = Deployment(tmp_path_factory.mktemp("cloud")).init().start("--regions", f"{REGION},{ELSEWHERE}")
    environment = deployment.environment()
    elsewhere = environment | {"AWS_REGION": ELSEWHERE, "AWS_DEFAULT_REGION": ELSEWHERE}
    clients = [connect("boto3", each, tmp_path_factory.mktemp("terraform")) for each in (environment, elsewhere)]
    yield Cloud(*clients)
    for client in clients:
        client.close()
    deployment.end()


def policy(action, principal=None, sid="Terraform"):
    statement = {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": "*"}
    if principal:
        statement["Principal"] = {"AWS": principal}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def key(account, **changes):
    return {
        "description": "made", "enabled": True, "multi_region": False,
        "policy": policy("kms:*", f"arn:aws:iam::{account}:root"), "spec": "SYMMETRIC_DEFAULT",
        "usage": "ENCRYPT_DECRYPT", "tags": {"team": "pay", "stage": "test"}, **changes,
    }


def changed_key(account, **changes):
    # The account's number means its root user.
    other = policy(["kms:*"], [account], sid="Other")
    return key(account, description="changed", policy=other, tags={"stage": "live", "new": ""}, **changes)


def role(account, action, managed, **changes):
    return {
        "assume_role_policy": trust(account), "description": "made", "max_session_duration": 7200,
        "tags": {"team": "pay"}, "managed": [managed], "inline": {action.replace(":", "-"): policy(action)}, **changes,
    }


SIGN = {"spec": "RSA_2048", "usage": "SIGN_VERIFY", "rotation": None}
REPLICA = {"multi_region": True, "rotation": None}
# Each resource as it is applied first, and as it is applied then; nothing where it is not changed.
RESOURCES = {
    "iam_user": (
        terraform.User,
        lambda account: {"path": "/a/", "tags": {"team": "pay"}, "boundary": None},
        lambda account: {"path": "/b/", "tags": {"team": "ship", "x": "y"}, "boundary": READ_ONLY},
    ),
    "iam_access_key": (
        terraform.AccessKey, lambda account: {"status": "Active"}, lambda account: {"status": "Inactive"}
    ),
    "iam_access_key_inactive": (
        terraform.AccessKey, lambda account: {"status": "Inactive"}, lambda account: {"status": "Active"}
    ),
    "iam_role": (
        terraform.Role,
        lambda account: role(account, "kms:Encrypt", READ_ONLY),
        lambda account: role(account, "kms:Decrypt", POWER_USER, description="changed", tags={}),
    ),
    "iam_policy": (
        terraform.ManagedPolicy,
        lambda account: {"policy": policy("kms:Encrypt"), "tags": {"a": "b"}},
        lambda account: {"policy": policy(["kms:Decrypt", "kms:Encrypt"]), "tags": {"a": "c"}},
    ),
    "kms_key": (
        terraform.Key,
        lambda account: key(account, rotation=365),
        lambda account: changed_key(account, rotation=None, enabled=False),
    ),
    "kms_key_disabled": (
        terraform.Key,
        lambda account: key(account, rotation=None, enabled=False),
        lambda account: changed_key(account, rotation=180),
    ),
    "kms_key_signing": (
        terraform.Key, lambda account: key(account, **SIGN), lambda account: changed_key(account, **SIGN)
    ),
    "kms_external_key": (
        terraform.ExternalKey, lambda account: key(account), lambda account: changed_key(account, enabled=False)
    ),
    "kms_replica_key": (
        terraform.ReplicaKey,
        lambda account: key(account, **REPLICA),
        lambda account: changed_key(account, **REPLICA, enabled=False),
    ),
    "kms_replica_external_key": (
        terraform.ReplicaExternalKey,
        lambda account: key(account, multi_region=True),
        lambda account: changed_key(account, multi_region=True),
    ),
    "kms_alias": (terraform.Alias, lambda account: {"target": "key"}, lambda account: {"target": "other"}),
    "kms_key_policy": (
        terraform.KeyPolicy,
        lambda account: {"policy": policy("kms:*", account)},
        lambda account: {"policy": policy("kms:*", [f"arn:aws:iam::{account}:root"], sid="Other")},
    ),
}
for _kind in ("User", "Group", "Role"):
    RESOURCES[f"iam_{_kind.lower()}_policy"] = (
        type("InlinePolicy", (terraform.InlinePolicy,), {"kind": _kind}),
        lambda account: {"policy": policy("kms:Encrypt")},
        lambda account: {"policy": policy(["kms:Decrypt"])},
    )
    RESOURCES[f"iam_{_kind.lower()}_policy_attachment"] = (
        type("Attachment", (terraform.Attachment,), {"kind": _kind}), lambda account: {"policy_arn": READ_ONLY}, None
    )
for _operation in ("RevokeGrant", "RetireGrant"):
    RESOURCES[f"kms_grant_{_operation}"] = (
        type("Grant", (terraform.Grant,), {"ended_by": _operation}),
        lambda account: {"operations": ["Decrypt", "Encrypt"], "context": {"app": "web"}},
        None,
    )


def plain(name, value):
    """A setting in the form in which it is compared."""
    if name in ("policy", "assume_role_policy"):
        return meaning(value)
    if name == "inline":
        return {key: meaning(text) for key, text in value.items()}
    return sorted(value) if isinstance(value, list) else value


def plan(resource, settings):
    """What would have to be changed for the settings to be what is there: nothing, when all is well."""
    found = resource.read()
    assert found is not None, "it is gone"
    assert all(resource.read() == found for _ in range(STEADY))
    assert found.keys() == settings.keys()
    return {
        name: (found[name], wanted)
        for name, wanted in settings.items()
        if plain(name, found[name]) != plain(name, wanted)
    }


@pytest.mark.parametrize("name", RESOURCES)
def test_a_resource_is_what_was_applied(cloud, name):
    make, first, then = RESOURCES[name]
    resource = make(cloud, name.replace("_", "-"))
    settings = first(cloud.account)
    resource.create(settings)
    assert plan(resource, settings) == {}
    if then:
        changed = then(cloud.account)
        assert plan(resource, changed) != {}
        resource.update(settings, changed)
        assert plan(resource, changed) == {}
    resource.delete()
    assert resource.read() is None
    resource.delete()


def test_data_sources(cloud):
    """`aws_kms_key`, `aws_kms_alias`, `aws_kms_ciphertext`, `aws_kms_secrets`, `aws_kms_public_key`, `aws_iam_user`,
    `aws_iam_policy` and `aws_iam_principal_policy_simulation`."""
    kms, iam = cloud.kms, cloud.iam
    made = kms("CreateKey", Description="data")["KeyMetadata"]
    kms("CreateAlias", AliasName="alias/data", TargetKeyId=made["KeyId"])
    assert kms("DescribeKey", KeyId="alias/data")["KeyMetadata"] == made
    assert "alias/data" in [alias["AliasName"] for alias in kms("ListAliases", Limit=100)["Aliases"]]
    sealed = kms("Encrypt", KeyId="alias/data", Plaintext=b"secret", EncryptionContext={"a": "b"})
    opened = kms("Decrypt", CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext={"a": "b"})
    assert opened["Plaintext"] == b"secret"
    signing = kms("CreateKey", KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    assert kms("GetPublicKey", KeyId=signing)["KeySpec"] == "ECC_NIST_P256"
    user = iam("CreateUser", UserName="data")["User"]["Arn"]
    assert iam("GetUser", UserName="data")["User"]["Arn"] == user
    assert POWER_USER in [found["Arn"] for found in iam("ListPolicies", Scope="AWS")["Policies"]]
    simulated = iam("SimulatePrincipalPolicy", PolicySourceArn=user, ActionNames=["kms:Encrypt"], MaxItems=1)
    assert [result["EvalDecision"] for result in simulated["EvaluationResults"]] == ["implicitDeny"]
