"""Makes messages.json: messages that the AWS Encryption SDK for Python wrote, for crates/envelope to read, and to write alike.

python3 make_messages.py, with the PyPI package aws-encryption-sdk. Message ids and data keys are fixed; signatures are new in each run.
"""

import hashlib
import json
import pathlib
from unittest import mock

from aws_encryption_sdk import Algorithm, CommitmentPolicy, EncryptionSDKClient
from aws_encryption_sdk.key_providers.base import MasterKey, MasterKeyConfig
from aws_encryption_sdk.structures import DataKey, EncryptedDataKey

DATA_KEY = bytes(range(32))
MESSAGE_ID = b"\x4d" * 32
ARN = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890a"
COMMITS = Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY
SIGNS = Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384
CONTEXT = {"purpose": "test", "Zürich": "", "a": "b"}


class FixedKeyConfig(MasterKeyConfig):
    provider_id = "aws-kms"


class FixedKey(MasterKey):
    """A key of KMS that has the data key already: its blob is 184 bytes that stand for it."""

    provider_id = "aws-kms"
    _config_class = FixedKeyConfig

    def _generate_data_key(self, algorithm, encryption_context):
        return DataKey(self.key_provider, DATA_KEY, self.blob())

    def _encrypt_data_key(self, data_key, algorithm, encryption_context):
        return EncryptedDataKey(self.key_provider, self.blob())

    def _decrypt_data_key(self, encrypted_data_key, algorithm, encryption_context):
        return DataKey(self.key_provider, DATA_KEY, encrypted_data_key.encrypted_data_key)

    def master_keys_for_encryption(self, encryption_context, plaintext_rostream, plaintext_length=None):
        return self, self._members

    def blob(self):
        return self.key_id[-1:] * 184


def pattern(size):
    return bytes(offset % 251 for offset in range(size))


def write(suite, size, frame, context=CONTEXT, keys=1):
    client = EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
    first, *others = [FixedKey(config=FixedKeyConfig(key_id=f"{ARN}{number}".encode())) for number in range(keys)]
    for other in others:
        first.add_master_key_provider(other)
    with mock.patch("aws_encryption_sdk.internal.utils.message_id", lambda size: MESSAGE_ID[:size]):
        message, _ = client.encrypt(source=pattern(size), key_provider=first, algorithm=suite,
                                    frame_length=frame, encryption_context=context)
    assert client.decrypt(source=message, key_provider=first)[0] == pattern(size)
    told = {"suite": suite.algorithm_id, "bytes": size, "frame": frame, "keys": keys, "context": context}
    if len(message) < 2000:
        return told | {"message": message.hex()}
    return told | {"sha256": hashlib.sha256(message).hexdigest()}


def main():
    made = {
        "about": "Messages of aws-encryption-sdk for Python, made by make_messages.py. Plaintexts are i mod 251 at offset i.",
        "data_key": DATA_KEY.hex(), "message_id": MESSAGE_ID.hex(), "arn": ARN,
        "written_alike": [write(COMMITS, 0, 65536), write(COMMITS, 5, 65536), write(COMMITS, 5, 65536, {}),
                          write(COMMITS, 65541, 65536), write(COMMITS, 200000, 65536)],
        "read": [write(COMMITS, 300, 128), write(COMMITS, 256, 128), write(COMMITS, 5, 65536, keys=3),
                 write(SIGNS, 300, 128), write(SIGNS, 256, 128), write(SIGNS, 0, 4096, {}), write(SIGNS, 5, 4096, keys=2)],
    }
    text = json.dumps(made, indent=1, ensure_ascii=False) + "\n"
    pathlib.Path(__file__).with_name("messages.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
