"""Tink for Python: a key as an AEAD of its own, as the key of envelopes, and as the key of keysets."""

import pytest
import tink
from tink import aead
from tink.integration import awskms

from clients import within

PLAINTEXT = b"what only those may read who may use the key\n" * 200
ASSOCIATED = b"record 7 \xff"


@pytest.fixture(scope="module", autouse=True)
def registered():
    aead.register()


@pytest.fixture
def remote(one, shared):
    """A new key as Tink's AEAD, and its id."""
    key = one("CreateKey")["KeyMetadata"]
    uri = f"aws-kms://{key['Arn']}"
    with within(shared.environment()):
        yield awskms.AwsKmsClient(uri, credentials_path=None).get_aead(uri), key["KeyId"]


def refuses(primitive, ciphertext, associated):
    with pytest.raises(tink.TinkError):
        primitive.decrypt(ciphertext, associated)


def test_a_key_is_an_aead(remote, one):
    primitive, key = remote
    ciphertext = primitive.encrypt(b"hello", ASSOCIATED)
    one("RotateKeyOnDemand", KeyId=key)
    assert primitive.decrypt(ciphertext, ASSOCIATED) == b"hello"
    # Tink's associated data is in the encryption context, so that policies and records can tell it.
    context = {"associatedData": ASSOCIATED.hex()}
    assert one("Decrypt", CiphertextBlob=ciphertext, EncryptionContext=context)["Plaintext"] == b"hello"
    refuses(primitive, ciphertext, b"record 8")
    assert primitive.decrypt(primitive.encrypt(b"hello", b""), b"") == b"hello"


@pytest.mark.parametrize("template", ["AES256_GCM", "AES128_CTR_HMAC_SHA256", "XCHACHA20_POLY1305"])
def test_a_key_seals_the_keys_of_envelopes(remote, one, template):
    primitive, key = remote
    envelope = aead.KmsEnvelopeAead(getattr(aead.aead_key_templates, template), primitive)
    ciphertext = envelope.encrypt(PLAINTEXT, ASSOCIATED)
    one("RotateKeyOnDemand", KeyId=key)
    assert envelope.decrypt(ciphertext, ASSOCIATED) == PLAINTEXT
    refuses(envelope, ciphertext, b"record 8")
    one("DisableKey", KeyId=key)
    refuses(envelope, ciphertext, ASSOCIATED)


def test_a_key_seals_a_keyset(remote):
    primitive, _ = remote
    keyset = tink.new_keyset_handle(aead.aead_key_templates.AES256_GCM)
    sealed = tink.json_proto_keyset_format.serialize_encrypted(keyset, primitive, ASSOCIATED)
    ciphertext = keyset.primitive(aead.Aead).encrypt(PLAINTEXT, b"")
    again = tink.json_proto_keyset_format.parse_encrypted(sealed, primitive, ASSOCIATED)
    assert again.primitive(aead.Aead).decrypt(ciphertext, b"") == PLAINTEXT
    with pytest.raises(tink.TinkError):
        tink.json_proto_keyset_format.parse_encrypted(sealed, primitive, b"record 8")
