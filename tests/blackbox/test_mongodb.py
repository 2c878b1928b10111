"""MongoDB's client-side field level encryption, as pymongo and libmongocrypt do it: over TLS always, with requests that
they sign themselves. No database is needed, but a place for the sealed data keys."""

import copy

import bson
import pymongo.errors
import pytest
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo.encryption import Algorithm, ClientEncryption

from clients import Boto3
from keywright import REGION, Deployment

# libmongocrypt takes no endpoint without a dot in its name.
HOST = "127.0.0.1"
SECRET = "078-05-1120"


class MongoClient:
    """A key vault in memory, in as much of pymongo's words as the encryption uses of it, which takes types of this
    name."""

    def __init__(self):
        self.documents = []

    def __getitem__(self, name):
        return self

    def with_options(self, **options):
        return self

    def insert_one(self, document):
        self.documents.append(bson.decode(document.raw))

    def find(self, wanted):
        """Data keys by their ids, or all that libmongocrypt asks for otherwise."""
        ids = [each["_id"]["$in"] for each in wanted.get("$or", []) if "_id" in each]
        return _Cursor(each for each in self.documents if not ids or each["_id"] in ids[0])

    def bulk_write(self, updates):
        for update in updates:
            (document,) = [each for each in self.documents if each["_id"] == update._filter["_id"]]
            document |= bson.decode(bson.encode(update._doc["$set"]))


class _Cursor(list):
    def __init__(self, documents):
        super().__init__(RawBSONDocument(bson.encode(document)) for document in documents)

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        pass


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    deployment = Deployment(tmp_path_factory.mktemp("tls"), tls=HOST).init().start()
    yield deployment
    deployment.end()


@pytest.fixture
def kms(served):
    boto3 = Boto3(served.environment(), None)
    yield lambda operation, _service="kms", **given: boto3.call(_service, operation, **given)
    boto3.close()


@pytest.fixture
def vault():
    return MongoClient()


@pytest.fixture
def encryption(served, vault):
    """`encryption()` is a new client of the vault, which has no data key in its cache."""
    made = []

    def encryption(credentials=None, ca=served.ca):
        root = {
            "accessKeyId": served.credentials["aws_access_key_id"],
            "secretAccessKey": served.credentials["aws_secret_access_key"],
        }
        tls = {"aws": {"tlsCAFile": str(ca)}} if ca else None
        made.append(ClientEncryption({"aws": credentials or root}, "vault.keys", vault, CodecOptions(), tls))
        return made[-1]

    yield encryption
    for client in made:
        client.close()


@pytest.fixture
def master(served, kms):
    """`master()` is a new key as its users name it."""

    def master():
        key = kms("CreateKey")["KeyMetadata"]["Arn"]
        return {"region": REGION, "key": key, "endpoint": f"{HOST}:{served.port}"}

    return master


@pytest.fixture
def sealed(encryption, master):
    """A value under a data key under a new key, and that key."""
    given = master()
    client = encryption()
    data_key = client.create_data_key("aws", given)
    return client.encrypt(SECRET, Algorithm.AEAD_AES_256_CBC_HMAC_SHA_512_Random, data_key), given["key"]


def test_a_value_is_opened_by_another_client_after_a_rotation(sealed, encryption, kms, vault, served):
    value, key = sealed
    (document,) = vault.documents
    assert document["masterKey"]["key"] == key
    assert SECRET.encode() not in value
    kms("RotateKeyOnDemand", KeyId=key)
    assert encryption().decrypt(value) == SECRET
    # One by the client that sealed the value, one by this. They say nothing of themselves.
    records = [record for record in served.journal() if record.get("resources") == [key]]
    agents = [record.get("userAgent") for record in records if record["eventName"] == "Decrypt"]
    assert agents == [None, None]


def test_values_that_are_searched_for_are_sealed_alike(encryption, master):
    client = encryption()
    data_key = client.create_data_key("aws", master())
    alike = [client.encrypt(SECRET, Algorithm.AEAD_AES_256_CBC_HMAC_SHA_512_Deterministic, data_key) for _ in range(2)]
    assert alike[0] == alike[1]
    assert encryption().decrypt(alike[0]) == SECRET


def test_data_keys_move_to_another_key(sealed, encryption, master, kms, vault):
    value, key = sealed
    before = copy.deepcopy(vault.documents[0])
    other = master()
    assert encryption().rewrap_many_data_key({}, "aws", other).bulk_write_result is None
    assert vault.documents[0]["masterKey"]["key"] == other["key"]
    assert vault.documents[0]["keyMaterial"] != before["keyMaterial"]
    kms("DisableKey", KeyId=key)
    assert encryption().decrypt(value) == SECRET


def test_temporary_credentials_are_taken(sealed, encryption, kms):
    value, _ = sealed
    given = kms("GetSessionToken", "sts")["Credentials"]
    credentials = {
        "accessKeyId": given["AccessKeyId"],
        "secretAccessKey": given["SecretAccessKey"],
        "sessionToken": given["SessionToken"],
    }
    assert encryption(credentials).decrypt(value) == SECRET
    with pytest.raises(pymongo.errors.EncryptionError, match="UnrecognizedClientException"):
        encryption(credentials | {"sessionToken": "A" * 40}).decrypt(value)


def test_a_disabled_key_a_wrong_secret_and_an_unknown_ca_open_nothing(sealed, encryption, kms, served):
    value, key = sealed
    with pytest.raises(pymongo.errors.EncryptionError, match="CERTIFICATE_VERIFY_FAILED"):
        encryption(ca=None).decrypt(value)
    guessed = {"accessKeyId": served.credentials["aws_access_key_id"], "secretAccessKey": "guessed"}
    with pytest.raises(pymongo.errors.EncryptionError, match="InvalidSignatureException"):
        encryption(guessed).decrypt(value)
    kms("DisableKey", KeyId=key)
    with pytest.raises(pymongo.errors.EncryptionError, match="DisabledException"):
        encryption().decrypt(value)
    kms("EnableKey", KeyId=key)
    assert encryption().decrypt(value) == SECRET
