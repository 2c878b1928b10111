"""`keywright dev` as those use it who test their own programs: with boto3 as it comes, retries and all."""

import json
import os
import urllib.request

import botocore.config
import botocore.exceptions
import botocore.session
import pytest

from attested import Enclave, Hypervisor
from conftest import CLIENTS
from keywright import PATIENCE_SECONDS, REGION, Process, keywright

KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
SEED = f"""
keys:
  - id: {KEY}
    material: AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=
    aliases: [alias/app]
"""


class Development:
    """A server for development, and a client that was given no credentials of it."""

    def __init__(self, *options):
        self.process = Process(["dev", "--listen", "127.0.0.1:0", *options])
        self.endpoint = f"http://{self.process.log(' serves development')['listen']}"

    def kms(self, access_key_id="test", secret="test", **config):
        session = botocore.session.Session()
        session.set_credentials(access_key_id, secret)
        return session.create_client(
            "kms", REGION, endpoint_url=self.endpoint, config=botocore.config.Config(**config)
        )

    def control(self, path, body=None, method="POST"):
        data = json.dumps(body).encode() if body is not None else b""
        request = urllib.request.Request(f"{self.endpoint}/_keywright/{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return json.load(answer)


@pytest.fixture
def seed(tmp_path):
    path = tmp_path / "seed.yaml"
    path.write_text(SEED)
    return path


@pytest.fixture
def development(seed):
    development = Development("--seed", seed)
    yield development
    assert development.process.end() == 0


def test_fixed_keys_and_any_credentials(development):
    kms = development.kms()
    assert kms.describe_key(KeyId="alias/app")["KeyMetadata"]["KeyId"] == KEY
    blob = kms.encrypt(KeyId="alias/app", Plaintext=b"hello")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"hello"
    other = development.kms("111122223333", "anything").create_key()["KeyMetadata"]
    assert other["AWSAccountId"] == "111122223333"


@pytest.mark.parametrize("name", CLIENTS)
def test_every_client_needs_the_address_and_any_credentials(development, connect, tmp_path, name):
    environment = {
        "AWS_ENDPOINT_URL": development.endpoint, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_PAGER": "",
        "PATH": os.environ["PATH"], "HOME": str(tmp_path),
    }
    client = connect(name, environment, tmp_path)
    assert client.call("sts", "GetCallerIdentity")["Account"] == "000000000000"
    blob = client.call("kms", "Encrypt", KeyId="alias/app", Plaintext=b"hello")["CiphertextBlob"]
    assert client.call("kms", "Decrypt", CiphertextBlob=blob)["Plaintext"] == b"hello"
    client.close()


def test_a_client_retries_what_is_throttled(development):
    patient = development.kms(retries={"mode": "standard", "max_attempts": 3})
    development.control("faults", {"operation": "GenerateRandom", "error": "ThrottlingException", "times": 2})
    answer = patient.generate_random(NumberOfBytes=8)
    assert answer["ResponseMetadata"]["RetryAttempts"] == 2

    impatient = development.kms(retries={"mode": "standard", "max_attempts": 1})
    development.control("faults", {"operation": "*", "error": "KMSInternalException"})
    with pytest.raises(botocore.exceptions.ClientError, match="KMSInternalException"):
        impatient.generate_random(NumberOfBytes=8)
    assert development.control("faults", method="DELETE") == {"faults": []}
    impatient.generate_random(NumberOfBytes=8)


def test_time_passes_on_request(development):
    kms = development.kms()
    kms.enable_key_rotation(KeyId=KEY, RotationPeriodInDays=90)
    blob = kms.encrypt(KeyId=KEY, Plaintext=b"before")["CiphertextBlob"]
    development.control("clock", {"advance": "91d"})
    assert len(kms.list_key_rotations(KeyId=KEY)["Rotations"]) == 1
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"before"
    made = kms.create_key()["KeyMetadata"]["KeyId"]
    assert development.control("reset") == {"keys": 1}
    with pytest.raises(kms.exceptions.NotFoundException):
        kms.describe_key(KeyId=made)
    kms.describe_key(KeyId=KEY)


def test_a_year_passes_at_once(tmp_path):
    development = Development("--data-dir", tmp_path / "data")
    kms = development.kms()
    days = [90, 180, 365, 365]
    rotating = [kms.create_key()["KeyMetadata"]["Arn"] for _ in days]
    staying, doomed = kms.create_key()["KeyMetadata"]["Arn"], kms.create_key()["KeyMetadata"]["Arn"]
    blobs = {key: kms.encrypt(KeyId=key, Plaintext=b"before") for key in (*rotating, staying, doomed)}
    for key, period in zip(rotating, days):
        kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=period)
    kms.schedule_key_deletion(KeyId=doomed, PendingWindowInDays=30)
    development.control("clock", {"advance": "366d"})

    for key in rotating:
        (rotation,) = kms.list_key_rotations(KeyId=key)["Rotations"]
        assert rotation["RotationType"] == "AUTOMATIC"
    assert kms.list_key_rotations(KeyId=staying)["Rotations"] == []
    for key in (*rotating, staying):
        assert kms.decrypt(CiphertextBlob=blobs[key]["CiphertextBlob"])["Plaintext"] == b"before"
        again = kms.decrypt(CiphertextBlob=kms.encrypt(KeyId=key, Plaintext=b"after")["CiphertextBlob"])
        materials = {again["KeyMaterialId"], kms.decrypt(CiphertextBlob=blobs[key]["CiphertextBlob"])["KeyMaterialId"]}
        assert len(materials) == (1 if key == staying else 2)
    with pytest.raises(kms.exceptions.NotFoundException):
        kms.describe_key(KeyId=doomed)
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDeniedException"):
        kms.decrypt(CiphertextBlob=blobs[doomed]["CiphertextBlob"])

    assert development.process.end() == 0
    done = keywright("journal", "show", "--data-dir", tmp_path / "data")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    told = sorted(
        (event["eventName"], event["resources"]) for event in events if event["eventType"] == "AwsServiceEvent"
    )
    assert told == [("DeleteKey", [doomed]), *(("RotateKey", [key]) for key in sorted(rotating))]


def test_documents_of_a_hypervisor_of_ones_own(tmp_path):
    hypervisor, enclave = Hypervisor(), Enclave(tmp_path)
    development = Development("--attestation-root", hypervisor.root(tmp_path))
    recipient = {"AttestationDocument": hypervisor.document(enclave.public_key)}
    answer = development.kms().generate_random(NumberOfBytes=8, Recipient=recipient)
    assert len(enclave.open(answer["CiphertextForRecipient"])) == 8
    development.control("clock", {"advance": "6m"})
    with pytest.raises(botocore.exceptions.ClientError, match="The attestation document has expired."):
        development.kms().generate_random(NumberOfBytes=8, Recipient=recipient)
    assert development.process.end() == 0


def test_signatures_are_checked_on_request():
    development = Development("--verify")
    development.kms("111122223333", "keywright").list_keys()
    with pytest.raises(botocore.exceptions.ClientError, match="InvalidSignatureException"):
        development.kms("111122223333", "guessed").list_keys()
    assert development.process.end() == 0
