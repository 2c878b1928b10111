"""Wallets of Ethereum and Solana, whose keys never leave the server."""

import base64

import pytest
from cryptography.hazmat.primitives import serialization

from clients import Lines
from conftest import JS, node

MESSAGE = "a message that somebody signs"


@pytest.fixture(scope="module")
def wallets(shared, tmp_path_factory):
    lines = Lines([node(), JS / "wallets.js"], shared.environment(), tmp_path_factory.mktemp("wallets"))
    yield lines.ask
    lines.close()


def test_a_key_signs_for_an_ethereum_account(wallets, one):
    key = one("CreateKey", KeySpec="ECC_SECG_P256K1", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    # The wallet makes the smaller of two signatures of what it gets, which may be either.
    for _ in range(8):
        answer = wallets({"call": "ethereum", "key": key, "message": MESSAGE})
        assert answer["signers"] == [answer["address"]] * 3, answer
    one("DisableKey", KeyId=key)
    assert "DisabledException" in wallets({"call": "ethereum", "key": key, "message": MESSAGE})["refused"]


def test_a_key_signs_for_a_solana_account(wallets, one):
    key = one("CreateKey", KeySpec="ECC_NIST_EDWARDS25519", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    answer = wallets({"call": "solana", "key": key, "message": MESSAGE})
    assert answer["available"] is True
    public = serialization.load_der_public_key(one("GetPublicKey", KeyId=key)["PublicKey"])
    public.verify(base64.b64decode(answer["signature"]), MESSAGE.encode())
