"""Material that OpenSSL made and wrapped, imported, and found again in what the key does."""

import secrets
import subprocess

import check_blob
import pytest

from clients import Boto3, Refused
from keywright import PATIENCE_SECONDS, REGION, Deployment

MESSAGE = b"a message for a key that somebody brought along"
CONTEXT = {"purpose": "import"}
CHINA = "cn-north-1"
ALGORITHMS = ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "RSA_AES_KEY_WRAP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256"]
CURVES = {
    "ECC_NIST_P256": "P-256", "ECC_NIST_P384": "P-384", "ECC_NIST_P521": "P-521", "ECC_SECG_P256K1": "secp256k1",
}
# For each key spec: the bytes of its material, or how OpenSSL makes its key pair.
MATERIAL = {
    "SYMMETRIC_DEFAULT": 32, "HMAC_224": 28, "HMAC_256": 32, "HMAC_384": 48, "HMAC_512": 64,
    **{f"RSA_{bits}": ("RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}") for bits in (2048, 3072, 4096)},
    **{spec: ("EC", "-pkeyopt", f"group:{curve}") for spec, curve in CURVES.items()},
    "ECC_NIST_EDWARDS25519": ("ED25519",), "SM2": ("SM2",),
}


class OpenSSL:
    """The `openssl` command, in a folder with the files that it is given."""

    def __init__(self, folder):
        self._folder = folder

    def __call__(self, *arguments, stdin=b"", **files):
        for name, content in files.items():
            (self._folder / name).write_bytes(content)
        done = subprocess.run(
            ["openssl", *arguments], input=stdin, cwd=self._folder, capture_output=True, timeout=PATIENCE_SECONDS
        )
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
        return done.stdout

    def material(self, spec):
        """New material for a key of this spec: bytes, or a private key in PKCS#8."""
        made = MATERIAL[spec]
        if isinstance(made, int):
            return self("rand", str(made))
        pair = self("genpkey", "-algorithm", *made)
        return self("pkcs8", "-topk8", "-nocrypt", "-outform", "DER", stdin=pair)

    def public(self, private):
        return self("pkey", "-inform", "DER", "-pubout", "-outform", "DER", stdin=private)

    def to(self, public, plaintext, *options):
        encrypt = ["pkeyutl", "-encrypt", "-pubin", "-keyform", "DER", "-inkey", "public", *options]
        return self(*encrypt, stdin=plaintext, public=public)

    def wrapped(self, material, public, algorithm):
        """Material on its way: under the wrapping key, or under an AES key that is under the wrapping key."""
        if algorithm == "SM2PKE":
            return self.to(public, material)
        oaep = oaep_of(algorithm)
        if algorithm.startswith("RSAES_OAEP"):
            return self.to(public, material, *oaep)
        between = self("rand", "32")
        # The initial value of RFC 5649.
        wrap = ["enc", "-id-aes256-wrap-pad", "-iv", "A65959A6", "-K", between.hex()]
        return self.to(public, between, *oaep) + self(*wrap, stdin=material)


def oaep_of(algorithm):
    digest = "sha1" if algorithm.endswith("SHA_1") else "sha256"
    options = ["rsa_padding_mode:oaep", f"rsa_oaep_md:{digest}", f"rsa_mgf1_md:{digest}"]
    return [word for option in options for word in ("-pkeyopt", option)]


@pytest.fixture
def openssl(tmp_path):
    return OpenSSL(tmp_path)


@pytest.fixture(scope="module")
def regional(tmp_path_factory):
    """`regional(region)` is `kms(operation, member=value, ...)` in that Region, by boto3."""
    deployments, clients = [], {}
    # Each is of a partition of its own.
    for region in (REGION, CHINA):
        deployment = Deployment(tmp_path_factory.mktemp(region)).init().start("--regions", region)
        deployments.append(deployment)
        clients[region] = Boto3(deployment.environment() | {"AWS_DEFAULT_REGION": region}, None)
    yield lambda region: lambda operation, **given: clients[region].call("kms", operation, **given)
    for client in clients.values():
        client.close()
    for deployment in deployments:
        deployment.end()


@pytest.fixture
def kms(regional):
    return regional(REGION)


def imported(kms, openssl, material, spec, usage, algorithm, wrapping="RSA_2048", altered=lambda wrapped: wrapped):
    key = kms("CreateKey", Origin="EXTERNAL", KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"]
    given = kms("GetParametersForImport", KeyId=key, WrappingAlgorithm=algorithm, WrappingKeySpec=wrapping)
    kms(
        "ImportKeyMaterial", KeyId=key, ImportToken=given["ImportToken"],
        EncryptedKeyMaterial=altered(openssl.wrapped(material, given["PublicKey"], algorithm)),
        ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE",
    )
    return key


def seals(kms, openssl, key, material):
    """What the key seals opens with the material alone, and the other way around."""
    context = check_blob.canonical(CONTEXT)
    blob = kms("Encrypt", KeyId=key, Plaintext=MESSAGE, EncryptionContext=CONTEXT)["CiphertextBlob"]
    prefix, label = blob[:76], "keywright/blob/v1"
    assert check_blob.open_envelope(material, label, prefix, context, blob) == MESSAGE
    sealed = check_blob.seal(
        material, label, prefix, context, MESSAGE, secrets.token_bytes(16), secrets.token_bytes(12)
    )
    assert kms("Decrypt", CiphertextBlob=sealed, EncryptionContext=CONTEXT)["Plaintext"] == MESSAGE


def authenticates(kms, openssl, key, material):
    (algorithm,) = kms("DescribeKey", KeyId=key)["KeyMetadata"]["MacAlgorithms"]
    digest = algorithm.replace("HMAC_SHA_", "-sha")
    mac = openssl("dgst", digest, "-mac", "HMAC", "-macopt", f"hexkey:{material.hex()}", "-binary", stdin=MESSAGE)
    assert kms("GenerateMac", KeyId=key, Message=MESSAGE, MacAlgorithm=algorithm)["Mac"] == mac


def signs(kms, openssl, key, material):
    """What the key signs, OpenSSL verifies; what OpenSSL signs, the key verifies."""
    public = openssl.public(material)
    told = kms("GetPublicKey", KeyId=key)
    assert told["PublicKey"] == public
    algorithm = told["SigningAlgorithms"][0]
    digest = {"ED25519_SHA_512": [], "SM2DSA": ["-digest", "sm3", "-pkeyopt", "distid:1234567812345678"]}.get(
        algorithm, ["-digest", f"sha{algorithm.rpartition('_')[2]}"]
    )
    pss = ["-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:digest"] if "PSS" in algorithm else []
    # OpenSSL reads what Ed25519 signs from a file only.
    how = ["-rawin", *digest, *pss, "-keyform", "DER", "-in", "message"]
    given = {"KeyId": key, "SigningAlgorithm": algorithm, "Message": MESSAGE}
    openssl(
        "pkeyutl", "-verify", "-pubin", "-inkey", "public", "-sigfile", "signature", *how,
        public=public, message=MESSAGE, signature=kms("Sign", **given)["Signature"],
    )
    signature = openssl("pkeyutl", "-sign", "-inkey", "private", *how, private=material)
    assert kms("Verify", Signature=signature, **given)["SignatureValid"]


def opens(kms, openssl, key, material):
    for algorithm in ("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"):
        given = {"KeyId": key, "EncryptionAlgorithm": algorithm}
        sent = openssl.to(openssl.public(material), MESSAGE, *oaep_of(algorithm))
        assert kms("Decrypt", CiphertextBlob=sent, **given)["Plaintext"] == MESSAGE
        received = kms("Encrypt", Plaintext=MESSAGE, **given)["CiphertextBlob"]
        by = ["pkeyutl", "-decrypt", "-keyform", "DER", "-inkey", "private", *oaep_of(algorithm)]
        assert openssl(*by, stdin=received, private=material) == MESSAGE


def agrees(kms, openssl, key, material):
    """The key and OpenSSL come to one secret with a third."""
    spec = kms("DescribeKey", KeyId=key)["KeyMetadata"]["KeySpec"]
    other = openssl.public(openssl.material(spec))
    given = {"KeyId": key, "KeyAgreementAlgorithm": "ECDH", "PublicKey": other}
    by = ["pkeyutl", "-derive", "-keyform", "DER", "-inkey", "private", "-peerform", "DER", "-peerkey", "other"]
    assert kms("DeriveSharedSecret", **given)["SharedSecret"] == openssl(*by, private=material, other=other)


USES = {
    "ENCRYPT_DECRYPT": opens, "SIGN_VERIFY": signs, "GENERATE_VERIFY_MAC": authenticates, "KEY_AGREEMENT": agrees,
}
# By every algorithm one spec of each kind, and every other spec by one. RSA keys are too long for OAEP alone.
WRAPPED = [
    *(("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", algorithm) for algorithm in ALGORITHMS),
    *(("HMAC_384", "GENERATE_VERIFY_MAC", algorithm) for algorithm in ALGORITHMS),
    *(("ECC_NIST_P256", "SIGN_VERIFY", algorithm) for algorithm in ALGORITHMS),
    *(("RSA_2048", "SIGN_VERIFY", algorithm) for algorithm in ALGORITHMS[2:]),
    *((spec, "GENERATE_VERIFY_MAC", ALGORITHMS[1]) for spec in ("HMAC_224", "HMAC_256", "HMAC_512")),
    *((spec, "SIGN_VERIFY", ALGORITHMS[3]) for spec in (*list(CURVES)[1:], "ECC_NIST_EDWARDS25519")),
    *((spec, "KEY_AGREEMENT", ALGORITHMS[2]) for spec in ("ECC_NIST_P256", "ECC_NIST_P521")),
    ("RSA_2048", "ENCRYPT_DECRYPT", ALGORITHMS[3]),
    ("RSA_3072", "SIGN_VERIFY", ALGORITHMS[3]),
    ("RSA_4096", "ENCRYPT_DECRYPT", ALGORITHMS[2]),
]


@pytest.mark.parametrize(("spec", "usage", "algorithm"), WRAPPED)
def test_a_key_does_what_its_material_does_elsewhere(kms, openssl, spec, usage, algorithm):
    material = openssl.material(spec)
    key = imported(kms, openssl, material, spec, usage, algorithm)
    use = seals if spec == "SYMMETRIC_DEFAULT" else USES[usage]
    use(kms, openssl, key, material)


@pytest.mark.parametrize("wrapping", ["RSA_3072", "RSA_4096"])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_longer_wrapping_keys_do_too(kms, openssl, wrapping, algorithm):
    # For OAEP alone, a key on P-521 needs one.
    material = openssl.material("ECC_NIST_P521")
    key = imported(kms, openssl, material, "ECC_NIST_P521", "SIGN_VERIFY", algorithm, wrapping)
    signs(kms, openssl, key, material)


def test_in_china_sm2_keys_wrap(regional, openssl):
    kms = regional(CHINA)
    material = openssl.material("SYMMETRIC_DEFAULT")
    key = imported(kms, openssl, material, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "SM2PKE", "SM2")
    seals(kms, openssl, key, material)
    material = openssl.material("SM2")
    key = imported(kms, openssl, material, "SM2", "SIGN_VERIFY", "SM2PKE", "SM2")
    signs(kms, openssl, key, material)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_was_altered_on_the_way_is_refused(kms, openssl, algorithm):
    def altered(wrapped):
        return wrapped[:-1] + bytes([wrapped[-1] ^ 1])

    with pytest.raises(Refused) as told:
        imported(kms, openssl, secrets.token_bytes(32), "HMAC_256", "GENERATE_VERIFY_MAC", algorithm, altered=altered)
    assert told.value.code == "InvalidCiphertextException"


@pytest.mark.parametrize(("spec", "usage", "brought"), [
    ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "HMAC_224"),
    ("ECC_NIST_P256", "SIGN_VERIFY", "ECC_SECG_P256K1"),
    ("ECC_NIST_P384", "SIGN_VERIFY", "SYMMETRIC_DEFAULT"),
    ("RSA_3072", "SIGN_VERIFY", "RSA_2048"),
])
def test_material_for_another_key_is_refused(kms, openssl, spec, usage, brought):
    with pytest.raises(Refused) as told:
        imported(kms, openssl, openssl.material(brought), spec, usage, "RSA_AES_KEY_WRAP_SHA_256")
    assert told.value.code == "IncorrectKeyMaterialException"
