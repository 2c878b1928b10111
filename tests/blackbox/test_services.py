"""A storage gateway that calls for its users, with boto3: what docs/services.md says."""

import contextlib
import json

import botocore.config
import botocore.exceptions
import botocore.session
import pytest

from keywright import REGION, keywright

ALICE = "arn:aws:iam::{account}:user/alice"
CONTEXT = {"aws:s3:arn": "arn:aws:s3:::invoices/2026/11.pdf"}


class Gateway:
    """A deployment with a service identity, and clients of its users."""

    def __init__(self, deployment):
        self.deployment = deployment.init()
        self.root = (deployment.credentials["aws_access_key_id"], deployment.credentials["aws_secret_access_key"])
        self.account = deployment.account
        self.alice = ALICE.format(account=self.account)
        configuration = deployment.folder / "keywright.toml"
        configuration.write_text(
            f'[[services]]\nname = "s3"\nprincipal = "arn:aws:iam::{self.account}:user/gateway"\n'
            "[quotas]\nkeys_per_region = 1\n"
        )
        deployment.start("--config", configuration)
        self.keys = {name: self.user(name) for name in ("gateway", "alice")}

    def client(self, service, access_key, act_for=None):
        session = botocore.session.Session()
        session.set_credentials(*access_key)
        client = session.create_client(
            service,
            REGION,
            endpoint_url=self.deployment.endpoint,
            config=botocore.config.Config(retries={"total_max_attempts": 1}),
        )
        if act_for:

            def add(request, **_):
                request.headers["X-Keywright-Act-For"] = act_for

            client.meta.events.register("before-sign", add)
        return client

    def kms(self, name, act_for=None):
        return self.client("kms", self.keys.get(name, self.root), act_for)

    def user(self, name):
        iam = self.client("iam", self.root)
        iam.create_user(UserName=name)
        made = iam.create_access_key(UserName=name)["AccessKey"]
        return made["AccessKeyId"], made["SecretAccessKey"]

    def allow(self, name, action, condition):
        statement = {"Effect": "Allow", "Action": action, "Resource": "*", "Condition": condition}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.client("iam", self.root).put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document)

    def journal(self):
        """The records, once the server has written them."""
        self.deployment.stop()
        return self.deployment.journal()


@pytest.fixture
def gateway(deployment):
    return Gateway(deployment)


@contextlib.contextmanager
def denied():
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        yield
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"


def test_users_come_through_the_gateway_and_the_record_shows_both(gateway):
    key = gateway.kms("root").create_key()["KeyMetadata"]["Arn"]
    through = {"StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}}
    gateway.allow("alice", ["kms:GenerateDataKey", "kms:Decrypt"], through)
    for_alice = gateway.kms("gateway", gateway.alice)

    made = for_alice.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext=CONTEXT)
    opened = for_alice.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext=CONTEXT)
    assert opened["Plaintext"] == made["Plaintext"]
    for other in (gateway.kms("alice"), gateway.kms("gateway"), gateway.kms("alice", gateway.alice)):
        with denied():
            other.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext=CONTEXT)
    with denied():
        gateway.kms("gateway", f"arn:aws:iam::{gateway.account}:user/nobody").list_aliases()

    (record,) = [record for record in gateway.journal() if record["eventName"] == "GenerateDataKey"]
    assert (record["arn"], record["invokedBy"]) == (gateway.alice, "s3.amazonaws.com")
    assert record["invokedByArn"] == f"arn:aws:iam::{gateway.account}:user/gateway"
    assert record["invokedByAccessKeyId"] == gateway.keys["gateway"][0]
    assert "accessKeyId" not in record


def test_sessions_are_forwarded_by_their_token(gateway):
    key = gateway.kms("root").create_key()["KeyMetadata"]["Arn"]
    gateway.allow("alice", "kms:Encrypt", {})
    session = gateway.client("sts", gateway.keys["alice"]).get_session_token()["Credentials"]
    stated = f"{session['AccessKeyId']}:{session['SessionToken']}"
    gateway.kms("gateway", stated).encrypt(KeyId=key, Plaintext=b"secret")
    with denied():
        gateway.kms("gateway", stated[:-4]).encrypt(KeyId=key, Plaintext=b"secret")
    records = gateway.journal()
    assert session["SessionToken"] not in json.dumps(records)
    (record,) = [record for record in records if record["eventName"] == "Encrypt" and record["httpStatus"] == 200]
    assert record["accessKeyId"] == session["AccessKeyId"]


def test_the_key_of_the_service_is_made_when_it_is_first_used(gateway):
    root, for_alice = gateway.kms("root"), gateway.kms("gateway", gateway.alice)
    aliases = {alias["AliasName"]: alias for alias in root.list_aliases()["Aliases"]}
    assert set(aliases["alias/aws/s3"]) == {"AliasName", "AliasArn"}
    blob = for_alice.encrypt(KeyId="alias/aws/s3", Plaintext=b"secret")["CiphertextBlob"]
    assert for_alice.decrypt(CiphertextBlob=blob)["Plaintext"] == b"secret"
    for other in (root, gateway.kms("alice")):
        with denied():
            other.decrypt(CiphertextBlob=blob)

    key = root.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    assert key["KeyManager"] == "AWS"
    status = root.get_key_rotation_status(KeyId=key["KeyId"])
    assert (status["KeyRotationEnabled"], status["RotationPeriodInDays"]) == (True, 365)
    with denied():
        root.schedule_key_deletion(KeyId=key["KeyId"])
    root.create_key()
    with pytest.raises(botocore.exceptions.ClientError, match="LimitExceeded"):
        root.create_key()
    assert len(root.list_keys()["Keys"]) == 2, "that of the service does not count"


def test_services_that_do_not_exist_are_told_before_anything_is_opened(tmp_path):
    path = tmp_path / "keywright.toml"
    for name, nearest in (("ebs", "ec2"), ("secretmanager", "secretsmanager"), ("s4", "s3")):
        path.write_text(f'[[services]]\nname = "{name}"\nprincipal = "arn:aws:iam::111122223333:user/g"\n')
        told = keywright("check", "--config", path)
        assert told.returncode != 0
        assert f"did you mean `{nearest}`?" in told.stderr
