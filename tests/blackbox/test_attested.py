"""Answers for enclaves: documents made by another library, answers opened by OpenSSL."""

import json

import pytest
from cryptography.hazmat.primitives import serialization

from attested import MODULE, Enclave, Hypervisor
from clients import Refused, refused
from keywright import Deployment, keywright

POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "NotAction": "kms:Decrypt", "Resource": "*"},
        {
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": "kms:Decrypt",
            "Resource": "*",
            "Condition": {"StringEqualsIgnoreCase": {"kms:RecipientAttestation:PCR8": "08" * 48}},
        },
    ],
}


@pytest.fixture(scope="module")
def hypervisor():
    return Hypervisor()


@pytest.fixture(scope="module")
def shared(tmp_path_factory, hypervisor):
    """A deployment that trusts the hypervisor."""
    folder = tmp_path_factory.mktemp("attested")
    hypervisor.root(folder)
    settings = folder / "keywright.toml"
    settings.write_text('[attestation]\nroots = ["aws", "root.pem"]\n')
    deployment = Deployment(folder).init().start("--config", settings)
    yield deployment
    deployment.end()


@pytest.fixture
def enclave(tmp_path):
    return Enclave(tmp_path)


def recipient(document):
    return {"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256", "AttestationDocument": document}


def test_every_answer_opens_in_the_enclave_and_nowhere_else(one, hypervisor, enclave):
    attested = {"Recipient": recipient(hypervisor.document(enclave.public_key))}
    key = one("CreateKey")["KeyMetadata"]["KeyId"]

    blob = one("Encrypt", KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
    answer = one("Decrypt", CiphertextBlob=blob, **attested)
    assert enclave.open(answer["CiphertextForRecipient"]) == b"secret"
    assert not answer.get("Plaintext") and "KeyMaterialId" not in answer

    answer = one("GenerateDataKey", KeyId=key, KeySpec="AES_256", **attested)
    opened = enclave.open(answer["CiphertextForRecipient"])
    assert one("Decrypt", CiphertextBlob=answer["CiphertextBlob"])["Plaintext"] == opened
    assert len(opened) == 32 and not answer.get("Plaintext")

    answer = one("GenerateDataKeyPair", KeyId=key, KeyPairSpec="RSA_3072", **attested)
    private = serialization.load_der_private_key(enclave.open(answer["CiphertextForRecipient"]), None)
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert public == answer["PublicKey"] and not answer.get("PrivateKeyPlaintext")

    answer = one("GenerateRandom", NumberOfBytes=1000, **attested)
    assert len(enclave.open(answer["CiphertextForRecipient"])) == 1000 and not answer.get("Plaintext")

    agreeing = one("CreateKey", KeySpec="ECC_NIST_P384", KeyUsage="KEY_AGREEMENT")["KeyMetadata"]["KeyId"]
    peer = one("GetPublicKey", KeyId=agreeing)["PublicKey"]
    agreement = {"KeyId": agreeing, "KeyAgreementAlgorithm": "ECDH", "PublicKey": peer}
    answer = one("DeriveSharedSecret", **agreement, **attested)
    assert enclave.open(answer["CiphertextForRecipient"]) == one("DeriveSharedSecret", **agreement)["SharedSecret"]
    assert not answer.get("SharedSecret")


@pytest.mark.parametrize("bits", [3072, 4096])
def test_longer_keys(one, hypervisor, tmp_path, bits):
    enclave = Enclave(tmp_path, bits)
    answer = one("GenerateRandom", NumberOfBytes=32, Recipient=recipient(hypervisor.document(enclave.public_key)))
    assert len(enclave.open(answer["CiphertextForRecipient"])) == 32


def test_a_policy_asks_for_a_measurement(one, hypervisor, enclave):
    key = one("CreateKey", Policy=json.dumps(POLICY))["KeyMetadata"]["KeyId"]
    blob = one("Encrypt", KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
    answer = one("Decrypt", CiphertextBlob=blob, Recipient=recipient(hypervisor.document(enclave.public_key)))
    assert enclave.open(answer["CiphertextForRecipient"]) == b"secret"
    other = hypervisor.document(enclave.public_key, pcrs={8: bytes(48)})
    for given in ({"Recipient": recipient(other)}, {}):
        with pytest.raises(Refused) as told:
            one("Decrypt", CiphertextBlob=blob, **given)
        assert told.value.code == "AccessDeniedException"


def test_what_is_not_believed(one, hypervisor, enclave):
    for document, message in [
        (Hypervisor().document(enclave.public_key), "The attestation document is not signed by a trusted certificate."),
        (hypervisor.document(enclave.public_key, age_seconds=310), "The attestation document has expired."),
        (hypervisor.document(None), "The attestation document contains no public key."),
        (hypervisor.document(enclave.public_key, digest="SHA256"), "The attestation document is malformed: digest."),
    ]:
        with refused("ValidationException", message):
            one("GenerateRandom", NumberOfBytes=8, Recipient=recipient(document))


def test_the_record_names_the_recipient(one, hypervisor, enclave, shared):
    one("GenerateRandom", NumberOfBytes=8, Recipient=recipient(hypervisor.document(enclave.public_key)))
    told = [record.get("additionalEventData", {}) for record in shared.journal()]
    attested = [additional["recipient"] for additional in told if "recipient" in additional]
    assert attested[-1]["attestationDocumentModuleId"] == MODULE
    assert attested[-1]["attestationDocumentEnclavePCR8"] == "08" * 48


def test_a_root_that_is_none_is_told(tmp_path, deployment):
    deployment.init()
    settings = tmp_path / "keywright.toml"
    settings.write_text('[attestation]\nroots = ["nothing.pem"]\n')
    (tmp_path / "nothing.pem").write_text("nothing")
    done = keywright("serve", "--data-dir", deployment.data, "--listen", "127.0.0.1:0", "--config", settings)
    assert done.returncode != 0
    assert "holds no root for attestation documents: there is no certificate in PEM in it" in done.stderr
