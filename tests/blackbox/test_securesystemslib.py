"""securesystemslib, which signs the metadata of The Update Framework and in-toto: it hashes itself, and has digests
signed."""

import pytest
from securesystemslib.exceptions import UnsupportedAlgorithmError, UnverifiedSignatureError
from securesystemslib.signer import AWSSigner, Signer

from clients import within

PAYLOAD = b'{"_type":"targets"}'
RSA = [f"rsassa-pss-sha{bits}" for bits in (256, 384, 512)] + [f"rsa-pkcs1v15-sha{bits}" for bits in (256, 384, 512)]
# The first scheme of each is what the library takes by itself.
SCHEMES = {
    "ECC_NIST_P256": ["ecdsa-sha2-nistp256"],
    "ECC_NIST_P384": ["ecdsa-sha2-nistp384"],
    "RSA_2048": RSA,
}


@pytest.fixture
def signing_key(one, shared):
    def signing_key(spec):
        return one("CreateKey", KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]

    with within(shared.environment()):
        yield signing_key


@pytest.mark.parametrize("spec", SCHEMES)
def test_what_a_key_signs_is_verified_without_the_server(signing_key, one, spec):
    key = signing_key(spec)
    alias = f"alias/{spec}"
    one("CreateAlias", AliasName=alias, TargetKeyId=key["KeyId"])
    assert AWSSigner.import_(key["KeyId"])[1].scheme == SCHEMES[spec][0]
    for name in (key["KeyId"], key["Arn"], alias):
        for scheme in SCHEMES[spec]:
            uri, public = AWSSigner.import_(name, scheme)
            signature = Signer.from_priv_key_uri(uri, public).sign(PAYLOAD)
            public.verify_signature(signature, PAYLOAD)
            with pytest.raises(UnverifiedSignatureError):
                public.verify_signature(signature, PAYLOAD + b" ")


def test_a_key_that_signs_otherwise_is_refused(signing_key):
    with pytest.raises(UnsupportedAlgorithmError):
        AWSSigner.import_(signing_key("ECC_NIST_EDWARDS25519")["KeyId"])
    with pytest.raises(UnsupportedAlgorithmError):
        AWSSigner.import_(signing_key("ECC_NIST_P256")["KeyId"], "ecdsa-sha2-nistp384")
