"""The AWS Encryption SDK for Python and that for JavaScript: each opens what the other sealed. Their keyrings call
GenerateDataKey, Encrypt and Decrypt, and for key pairs GetPublicKey, Decrypt and DeriveSharedSecret."""

import base64
import contextlib

import boto3
import pytest
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl import errors, models
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_encryption_sdk import Algorithm, AWSEncryptionSDKClientError, CommitmentPolicy, EncryptionSDKClient

from clients import Boto3, Lines, Refused, within
from conftest import JS, node
from keywright import REGION, Deployment

MESSAGE = b"what only those may read who may use the key\n" * 100
CONTEXT = {"tenant": "a", "purpose": "test"}
OTHER_REGION = "eu-west-1"
BOTH_WAYS = [("python", "javascript"), ("javascript", "python")]


class Python:
    """The SDK for Python. It takes its settings from the environment."""

    def __init__(self):
        self._client = EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
        self._providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())

    def encrypt(self, keyring, plaintext, context):
        # The keyring for RSA keys takes no suite that signs.
        suite = {"algorithm": Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY} if keyring["kind"] == "rsa" else {}
        with self._refusals():
            return self._client.encrypt(
                source=plaintext, keyring=self._keyring(**keyring), encryption_context=context, **suite
            )[0]

    def decrypt(self, keyring, message):
        with self._refusals():
            plaintext, header = self._client.decrypt(source=message, keyring=self._keyring(**keyring))
            return plaintext, header.encryption_context

    @contextlib.contextmanager
    def _refusals(self):
        try:
            yield
        except (AWSEncryptionSDKClientError, errors.ServiceError) as error:
            raise Refused("", str(error)) from None

    def _keyring(self, kind, keys=(), account=None, region=None, **pair):
        providers = self._providers
        given = {"generator": keys[0], "kms_key_ids": list(keys[1:])} if keys else {}
        found = {
            "regions": [region or REGION],
            "discovery_filter": models.DiscoveryFilter(account_ids=[account], partition="aws"),
        }
        match kind:
            case "kms":
                return providers.create_aws_kms_multi_keyring(models.CreateAwsKmsMultiKeyringInput(**given))
            case "discovery":
                wanted = models.CreateAwsKmsDiscoveryMultiKeyringInput(**found)
                return providers.create_aws_kms_discovery_multi_keyring(wanted)
            case "mrk":
                return providers.create_aws_kms_mrk_multi_keyring(models.CreateAwsKmsMrkMultiKeyringInput(**given))
            case "mrkDiscovery":
                wanted = models.CreateAwsKmsMrkDiscoveryMultiKeyringInput(**found)
                return providers.create_aws_kms_mrk_discovery_multi_keyring(wanted)
            case "rsa":
                wanted = models.CreateAwsKmsRsaKeyringInput(kms_client=boto3.client("kms"), **pair)
                return providers.create_aws_kms_rsa_keyring(wanted)
            case "ecdh":
                wanted = models.CreateAwsKmsEcdhKeyringInput(
                    kms_client=boto3.client("kms"), curve_spec="ECC_NIST_P256", **pair
                )
                return providers.create_aws_kms_ecdh_keyring(wanted)


class JavaScript:
    """The SDK for JavaScript, in a program of its own."""

    def __init__(self, environment, folder):
        self._lines = Lines([node(), JS / "encryption-sdk.js"], environment, folder)

    def encrypt(self, keyring, plaintext, context):
        answer = self._ask(call="encrypt", keyring=keyring, plaintext=plaintext, context=context)
        return base64.b64decode(answer["message"])

    def decrypt(self, keyring, message):
        answer = self._ask(call="decrypt", keyring=keyring, message=message)
        return base64.b64decode(answer["plaintext"]), answer["context"]

    def _ask(self, **call):
        answer = self._lines.ask(call)
        if "refused" in answer:
            raise Refused("", answer["refused"])
        return answer

    def close(self):
        self._lines.close()


@pytest.fixture(scope="module")
def deployment(tmp_path_factory):
    deployment = Deployment(tmp_path_factory.mktemp("regions")).init()
    yield deployment.start("--regions", f"{REGION},{OTHER_REGION}")
    deployment.end()


@pytest.fixture(scope="module")
def sdk(deployment, tmp_path_factory):
    """An SDK by its name."""
    with within(deployment.environment()):
        javascript = JavaScript(deployment.environment(), tmp_path_factory.mktemp("javascript"))
        yield {"python": Python(), "javascript": javascript}.__getitem__
        javascript.close()


@pytest.fixture(scope="module")
def regional(deployment, tmp_path_factory):
    """`regional(region)` is `kms(operation, member=value, ...)` in that Region, by boto3."""
    made = []

    def regional(region):
        made.append(Boto3(deployment.environment() | {"AWS_DEFAULT_REGION": region}, None))
        return lambda operation, _by=made[-1], **given: _by.call("kms", operation, **given)

    yield regional
    for client in made:
        client.close()


@pytest.fixture(scope="module")
def kms(regional):
    return regional(REGION)


def arn(kms, **given):
    return kms("CreateKey", **given)["KeyMetadata"]["Arn"]


def opened(context):
    """The SDKs add the public key of the message's own signature."""
    return {name: value for name, value in context.items() if name != "aws-crypto-public-key"}


@pytest.mark.parametrize(("sealer", "opener"), BOTH_WAYS)
def test_each_opens_what_the_other_sealed_also_after_a_rotation(sdk, kms, deployment, sealer, opener):
    generator, child = arn(kms), arn(kms)
    keyring = {"kind": "kms", "keys": [generator, child]}
    message = sdk(sealer).encrypt(keyring, MESSAGE, CONTEXT)
    assert MESSAGE not in message
    kms("RotateKeyOnDemand", KeyId=generator)
    kms("RotateKeyOnDemand", KeyId=child)
    either = [{"kind": "kms", "keys": [generator]}, {"kind": "kms", "keys": [child]}]
    for by in (keyring, *either, {"kind": "discovery", "account": deployment.account}):
        plaintext, context = sdk(opener).decrypt(by, message)
        assert (plaintext, opened(context)) == (MESSAGE, CONTEXT)
        assert "aws-crypto-public-key" in context


def other(message):
    """The message with another context than it was sealed with."""
    assert message.count(b"\x00\x06tenant\x00\x01a") == 1
    return message.replace(b"\x00\x06tenant\x00\x01a", b"\x00\x06tenant\x00\x01b")


@pytest.fixture
def refused(deployment):
    """`with refused(code)`: the SDK fails, and that is what the server told it; not every SDK says so."""

    @contextlib.contextmanager
    def refused(code):
        with pytest.raises(Refused):
            yield
        codes = [record["errorCode"] for record in deployment.journal() if "errorCode" in record]
        assert codes[-1] == code

    return refused


@pytest.mark.parametrize(("sealer", "opener"), BOTH_WAYS)
def test_another_context_another_key_and_a_disabled_key_are_refused(sdk, kms, refused, sealer, opener):
    key = arn(kms)
    keyring = {"kind": "kms", "keys": [key]}
    message = sdk(sealer).encrypt(keyring, MESSAGE, CONTEXT)
    with refused("InvalidCiphertextException"):
        sdk(opener).decrypt(keyring, other(message))
    for other_key in ({"kind": "kms", "keys": [arn(kms)]}, {"kind": "discovery", "account": "999999999999"}):
        with pytest.raises(Refused):
            sdk(opener).decrypt(other_key, message)
    kms("DisableKey", KeyId=key)
    with refused("DisabledException"):
        sdk(opener).decrypt(keyring, message)
    with refused("DisabledException"):
        sdk(opener).encrypt(keyring, MESSAGE, CONTEXT)
    kms("EnableKey", KeyId=key)
    assert sdk(opener).decrypt(keyring, message)[0] == MESSAGE


@pytest.mark.parametrize(("sealer", "opener"), BOTH_WAYS)
def test_a_replica_opens_what_its_primary_sealed_and_the_other_way(sdk, kms, regional, deployment, sealer, opener):
    primary = arn(kms, MultiRegion=True)
    replica = kms("ReplicateKey", KeyId=primary, ReplicaRegion=OTHER_REGION)["ReplicaKeyMetadata"]["Arn"]
    there = regional(OTHER_REGION)
    assert there("DescribeKey", KeyId=replica)["KeyMetadata"]["Enabled"]
    for seals, opens, region in [(primary, replica, OTHER_REGION), (replica, primary, REGION)]:
        message = sdk(sealer).encrypt({"kind": "mrk", "keys": [seals]}, MESSAGE, CONTEXT)
        kms("RotateKeyOnDemand", KeyId=primary)
        for by in (
            {"kind": "mrk", "keys": [opens]},
            {"kind": "mrkDiscovery", "account": deployment.account, "region": region},
        ):
            plaintext, context = sdk(opener).decrypt(by, message)
            assert (plaintext, opened(context)) == (MESSAGE, CONTEXT)
        # Only the keyrings for multi-Region keys know that the two belong together.
        with pytest.raises(Refused):
            sdk(opener).decrypt({"kind": "kms", "keys": [opens]}, message)


def pem(der):
    return b"-----BEGIN PUBLIC KEY-----\n" + base64.encodebytes(der) + b"-----END PUBLIC KEY-----\n"


@pytest.mark.parametrize("algorithm", ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"])
def test_an_rsa_key_opens_what_was_sealed_without_the_server(sdk, kms, refused, algorithm):
    key = arn(kms, KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
    public = pem(kms("GetPublicKey", KeyId=key)["PublicKey"])
    keyring = {"kind": "rsa", "kms_key_id": key, "encryption_algorithm": algorithm, "public_key": public}
    python = sdk("python")
    message = python.encrypt(keyring, MESSAGE, CONTEXT)
    assert python.decrypt(keyring, message) == (MESSAGE, CONTEXT)
    with pytest.raises(Refused):
        python.decrypt(keyring, other(message))
    kms("DisableKey", KeyId=key)
    with refused("DisabledException"):
        python.decrypt(keyring, message)


def test_two_keys_that_agree_open_what_one_sealed(sdk, kms, refused):
    sender, recipient = (arn(kms, KeySpec="ECC_NIST_P256", KeyUsage="KEY_AGREEMENT") for _ in range(2))
    public = {key: kms("GetPublicKey", KeyId=key)["PublicKey"] for key in (sender, recipient)}
    sends = models.KmsEcdhStaticConfigurationsKmsPrivateKeyToStaticPublicKey(
        models.KmsPrivateKeyToStaticPublicKeyInput(
            sender_kms_identifier=sender, sender_public_key=public[sender], recipient_public_key=public[recipient]
        )
    )
    receives = models.KmsEcdhStaticConfigurationsKmsPublicKeyDiscovery(
        models.KmsPublicKeyDiscoveryInput(recipient_kms_identifier=recipient)
    )
    python = sdk("python")
    message = python.encrypt({"kind": "ecdh", "key_agreement_scheme": sends}, MESSAGE, CONTEXT)
    for scheme in (sends, receives):
        plaintext, context = python.decrypt({"kind": "ecdh", "key_agreement_scheme": scheme}, message)
        assert (plaintext, opened(context)) == (MESSAGE, CONTEXT)
    with pytest.raises(Refused):
        python.decrypt({"kind": "ecdh", "key_agreement_scheme": receives}, other(message))
    kms("DisableKey", KeyId=recipient)
    with refused("DisabledException"):
        python.decrypt({"kind": "ecdh", "key_agreement_scheme": receives}, message)
