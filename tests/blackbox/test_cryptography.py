"""What keys do, checked by the `cryptography` package, which knows nothing of the server."""

import datetime
import hashlib
import hmac
import secrets

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, utils

from clients import Refused, refused
from conftest import CLIENTS

MESSAGE = b"a message that somebody signs"
SHA_256 = hashes.SHA256()
PSS = padding.PSS(padding.MGF1(SHA_256), padding.PSS.DIGEST_LENGTH)
OAEP = padding.OAEP(padding.MGF1(SHA_256), SHA_256, None)


def public(kms, key):
    return serialization.load_der_public_key(kms("GetPublicKey", KeyId=key)["PublicKey"])


SIGNERS = {
    "ECC_NIST_P256": ("ECDSA_SHA_256", lambda key, signature: key.verify(signature, MESSAGE, ec.ECDSA(SHA_256))),
    "ECC_SECG_P256K1": ("ECDSA_SHA_256", lambda key, signature: key.verify(signature, MESSAGE, ec.ECDSA(SHA_256))),
    "ECC_NIST_EDWARDS25519": ("ED25519_SHA_512", lambda key, signature: key.verify(signature, MESSAGE)),
    "RSA_2048": ("RSASSA_PSS_SHA_256", lambda key, signature: key.verify(signature, MESSAGE, PSS, SHA_256)),
}


@pytest.mark.parametrize("spec", SIGNERS)
def test_signatures_hold_elsewhere(one, spec):
    algorithm, verify = SIGNERS[spec]
    key = one("CreateKey", KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    assert algorithm in key["SigningAlgorithms"]
    signed = one("Sign", KeyId=key["KeyId"], Message=MESSAGE, SigningAlgorithm=algorithm)
    verify(public(one, key["KeyId"]), signed["Signature"])


def test_every_client_signs_and_verifies(kms):
    key = kms("CreateKey", KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    digest = hashlib.sha256(MESSAGE).digest()
    given = {"KeyId": key, "SigningAlgorithm": "ECDSA_SHA_256"}
    signed = kms("Sign", Message=digest, MessageType="DIGEST", **given)
    public(kms, key).verify(signed["Signature"], digest, ec.ECDSA(utils.Prehashed(SHA_256)))
    assert kms("Verify", Message=MESSAGE, Signature=signed["Signature"], **given)["SignatureValid"] is True
    with pytest.raises(Refused) as told:
        kms("Verify", Message=MESSAGE + b".", Signature=signed["Signature"], **given)
    assert told.value.code == "KMSInvalidSignatureException"
    with refused("ValidationException", "Digest is invalid length for algorithm ECDSA_SHA_256."):
        kms("Sign", Message=MESSAGE, MessageType="DIGEST", **given)


def test_every_client_makes_and_verifies_macs(kms):
    key = kms("CreateKey", KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["KeyId"]
    given = {"KeyId": key, "MacAlgorithm": "HMAC_SHA_256"}
    mac = kms("GenerateMac", Message=MESSAGE, **given)["Mac"]
    assert kms("VerifyMac", Message=MESSAGE, Mac=mac, **given)["MacValid"] is True
    with pytest.raises(Refused) as told:
        kms("VerifyMac", Message=MESSAGE + b".", Mac=mac, **given)
    assert told.value.code == "KMSInvalidMacException"


def test_what_is_encrypted_elsewhere_decrypts(one):
    key = one("CreateKey", KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["KeyId"]
    blob = public(one, key).encrypt(MESSAGE, OAEP)
    given = {"KeyId": key, "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
    assert one("Decrypt", CiphertextBlob=blob, **given)["Plaintext"] == MESSAGE


def test_secrets_are_agreed_on_with_others(one):
    key = one("CreateKey", KeySpec="ECC_NIST_P256", KeyUsage="KEY_AGREEMENT")["KeyMetadata"]["KeyId"]
    own = ec.generate_private_key(ec.SECP256R1())
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    agreed = one(
        "DeriveSharedSecret", KeyId=key, KeyAgreementAlgorithm="ECDH", PublicKey=own.public_key().public_bytes(*form)
    )
    assert agreed["SharedSecret"] == own.exchange(ec.ECDH(), public(one, key))


def test_data_key_pairs_belong_together(one):
    key = one("CreateKey")["KeyMetadata"]["KeyId"]
    pair = one("GenerateDataKeyPair", KeyId=key, KeyPairSpec="ECC_NIST_P256")
    private = serialization.load_der_private_key(pair["PrivateKeyPlaintext"], None)
    serialization.load_der_public_key(pair["PublicKey"]).verify(
        private.sign(MESSAGE, ec.ECDSA(SHA_256)), MESSAGE, ec.ECDSA(SHA_256)
    )
    opened = one("Decrypt", CiphertextBlob=pair["PrivateKeyCiphertextBlob"])
    assert opened["Plaintext"] == pair["PrivateKeyPlaintext"]


def imported(kms, spec, usage, material):
    """A key with this material, wrapped as its owner would."""
    key = kms("CreateKey", Origin="EXTERNAL", KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"]
    parameters = kms(
        "GetParametersForImport", KeyId=key, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_4096"
    )
    assert parameters["ParametersValidTo"] > datetime.datetime.now(datetime.UTC)
    wrapping = serialization.load_der_public_key(parameters["PublicKey"])
    kms(
        "ImportKeyMaterial", KeyId=key, ImportToken=parameters["ImportToken"],
        EncryptedKeyMaterial=wrapping.encrypt(material, OAEP), ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE",
    )
    return key


def test_imported_material_is_what_is_used(one):
    material = secrets.token_bytes(32)
    key = imported(one, "HMAC_256", "GENERATE_VERIFY_MAC", material)
    mac = one("GenerateMac", KeyId=key, Message=MESSAGE, MacAlgorithm="HMAC_SHA_256")["Mac"]
    assert mac == hmac.digest(material, MESSAGE, "sha256")

    own = ed25519.Ed25519PrivateKey.generate()
    form = (serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key = imported(one, "ECC_NIST_EDWARDS25519", "SIGN_VERIFY", own.private_bytes(*form))
    signed = one("Sign", KeyId=key, Message=MESSAGE, SigningAlgorithm="ED25519_SHA_512")
    own.public_key().verify(signed["Signature"], MESSAGE)


def test_what_old_material_sealed_opens_after_a_rotation(one):
    key = one("CreateKey")["KeyMetadata"]["KeyId"]
    before = one("Encrypt", KeyId=key, Plaintext=MESSAGE)["CiphertextBlob"]
    one("RotateKeyOnDemand", KeyId=key)
    after = one("Encrypt", KeyId=key, Plaintext=MESSAGE)["CiphertextBlob"]
    opened = [one("Decrypt", CiphertextBlob=blob) for blob in (before, after)]
    assert [each["Plaintext"] for each in opened] == [MESSAGE, MESSAGE]
    assert opened[0]["KeyMaterialId"] != opened[1]["KeyMaterialId"]


@pytest.mark.parametrize("name", CLIENTS)
def test_a_user_may_what_a_policy_or_a_grant_allows(shared, connect, tmp_path, name):
    """Root makes a user by boto3; the user calls by each client in turn."""
    root = connect("boto3", shared.environment(), tmp_path)
    user = root.call("iam", "CreateUser", UserName=f"user-{name}")["User"]
    secret = root.call("iam", "CreateAccessKey", UserName=user["UserName"])["AccessKey"]
    key = root.call("kms", "CreateKey")["KeyMetadata"]
    environment = shared.environment() | {
        "AWS_ACCESS_KEY_ID": secret["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": secret["SecretAccessKey"],
    }
    client = connect(name, environment, tmp_path)

    def encrypt():
        return client.call("kms", "Encrypt", KeyId=key["KeyId"], Plaintext=MESSAGE)

    assert client.call("sts", "GetCallerIdentity")["Arn"] == user["Arn"]
    message = (
        f"User: {user['Arn']} is not authorized to perform: kms:Encrypt on resource: {key['Arn']} because no "
        "identity-based policy allows the kms:Encrypt action"
    )
    with refused("AccessDeniedException", message):
        encrypt()
    grant = root.call(
        "kms", "CreateGrant", KeyId=key["KeyId"], GranteePrincipal=user["Arn"], Operations=["Encrypt"]
    )
    assert encrypt()["KeyId"] == key["Arn"]
    root.call("kms", "RevokeGrant", KeyId=key["KeyId"], GrantId=grant["GrantId"])
    with refused("AccessDeniedException", message):
        encrypt()
    client.close()
    root.close()
