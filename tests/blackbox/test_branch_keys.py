"""The AWS Encryption SDK's hierarchical keyring: branch keys that a key here seals, in a table that moto plays the part
of. Its key store calls GenerateDataKeyWithoutPlaintext, ReEncrypt and Decrypt, with contexts that tell the branch."""

import boto3
import moto
import pytest
from aws_cryptographic_material_providers.keystore import models as stores
from aws_cryptographic_material_providers.keystore.client import KeyStore
from aws_cryptographic_material_providers.keystore.config import KeyStoreConfig
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders, errors
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import CreateAwsKmsHierarchicalKeyringInput
from aws_encryption_sdk import AWSEncryptionSDKClientError, CommitmentPolicy, EncryptionSDKClient

from clients import within
from keywright import REGION

MESSAGE = b"what only those may read who may use the key\n" * 100
CONTEXT = {"tenant": "a"}
TABLE = "branch-keys"


@pytest.fixture
def table(shared):
    """A client of the table; calls to the server are let through."""
    settings = {"core": {"mock_credentials": False, "reset_boto3_session": False}}
    with within(shared.environment()), moto.mock_aws(config=settings):
        yield boto3.client("dynamodb", endpoint_url=f"https://dynamodb.{REGION}.amazonaws.com")


@pytest.fixture
def key(one):
    return one("CreateKey")["KeyMetadata"]["Arn"]


@pytest.fixture
def store(table, key):
    config = KeyStoreConfig(
        ddb_table_name=TABLE, logical_key_store_name=TABLE, ddb_client=table, kms_client=boto3.client("kms"),
        kms_configuration=stores.KMSConfigurationKmsKeyArn(key),
    )
    store = KeyStore(config)
    store.create_key_store(stores.CreateKeyStoreInput())
    return store


@pytest.fixture
def branch(store):
    wanted = stores.CreateKeyInput(branch_key_identifier="tenant-a", encryption_context=CONTEXT)
    return store.create_key(wanted).branch_key_identifier


@pytest.fixture
def keyring(store, branch):
    """`keyring()` is a new keyring, which has no branch key in its cache."""
    providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
    wanted = CreateAwsKmsHierarchicalKeyringInput(key_store=store, branch_key_id=branch, ttl_seconds=60)
    return lambda: providers.create_aws_kms_hierarchical_keyring(wanted)


@pytest.fixture
def sdk():
    return EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)


def test_a_branch_key_opens_messages_of_its_earlier_versions(store, branch, keyring, sdk, key, one, shared):
    before, _ = sdk.encrypt(source=MESSAGE, keyring=keyring(), encryption_context=CONTEXT)
    one("RotateKeyOnDemand", KeyId=key)
    store.version_key(stores.VersionKeyInput(branch_key_identifier=branch))
    after, _ = sdk.encrypt(source=MESSAGE, keyring=keyring(), encryption_context=CONTEXT)
    for message in (before, after):
        assert sdk.decrypt(source=message, keyring=keyring())[0] == MESSAGE
    called = {record["eventName"] for record in shared.journal() if record.get("resources") == [key]}
    assert {"GenerateDataKeyWithoutPlaintext", "ReEncrypt", "Decrypt"} <= called


def test_an_altered_branch_key_and_a_disabled_key_open_nothing(table, branch, keyring, sdk, key, one, shared):
    message, _ = sdk.encrypt(source=MESSAGE, keyring=keyring(), encryption_context=CONTEXT)

    def refused(code):
        # The SDK shows the message of what the server said, and not its name.
        with pytest.raises((AWSEncryptionSDKClientError, errors.ServiceError)):
            sdk.encrypt(source=MESSAGE, keyring=keyring(), encryption_context=CONTEXT)
        assert [record["errorCode"] for record in shared.journal() if "errorCode" in record][-1] == code

    (active,) = [item for item in table.scan(TableName=TABLE)["Items"] if item["type"]["S"] == "branch:ACTIVE"]
    # The context of a branch key is bound to it by the server.
    table.put_item(TableName=TABLE, Item=active | {"aws-crypto-ec:tenant": {"S": "b"}})
    refused("InvalidCiphertextException")
    table.put_item(TableName=TABLE, Item=active)
    one("DisableKey", KeyId=key)
    refused("DisabledException")
    one("EnableKey", KeyId=key)
    assert sdk.decrypt(source=message, keyring=keyring())[0] == MESSAGE
