"""A hypervisor that signs attestation documents, by `cryptography` and `cbor2`; and an enclave that opens answers, by OpenSSL."""

import datetime
import subprocess
import time

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils

from keywright import PATIENCE_SECONDS

ES384 = -35
MODULE = "i-0123456789abcdef0-enc0123456789abcdef"


class Hypervisor:
    """A root, an authority below it, and a signer, all on P-384."""

    def __init__(self):
        keys = [ec.generate_private_key(ec.SECP384R1()) for _ in range(3)]
        self.certificates = []
        for level, key in enumerate(keys):
            issuer = max(level - 1, 0)
            self.certificates.append(certificate(level, key.public_key(), issuer, keys[issuer], level < 2))
        self.signer = keys[-1]

    def root(self, folder):
        """Writes the root, and returns its path."""
        path = folder / "root.pem"
        path.write_bytes(self.certificates[0].public_bytes(serialization.Encoding.PEM))
        return path

    def document(self, public_key, age_seconds=0, **members):
        """A document for a public key, with members other than usual."""
        *bundle, signer = [one.public_bytes(serialization.Encoding.DER) for one in self.certificates]
        payload = {
            "module_id": MODULE,
            "digest": "SHA384",
            "timestamp": int((time.time() - age_seconds) * 1000),
            "pcrs": {number: bytes([number]) * 48 for number in range(16)},
            "certificate": signer,
            "cabundle": bundle,
            "public_key": public_key,
            "user_data": None,
            "nonce": None,
        } | members
        protected, payload = cbor2.dumps({1: ES384}), cbor2.dumps(payload)
        signed = cbor2.dumps(["Signature1", protected, b"", payload])
        r, s = utils.decode_dss_signature(self.signer.sign(signed, ec.ECDSA(hashes.SHA384())))
        return cbor2.dumps([protected, {}, payload, r.to_bytes(48, "big") + s.to_bytes(48, "big")])


class Enclave:
    """A key whose private part stays inside."""

    def __init__(self, folder, bits=2048):
        key = rsa.generate_private_key(65537, bits)
        self.key_file = folder / f"enclave-{bits}.pem"
        self.key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        self.public_key = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def open(self, sent):
        """What was sent to it, in CMS."""
        command = ["openssl", "cms", "-decrypt", "-inform", "DER", "-inkey", self.key_file]
        return subprocess.run(command, input=sent, capture_output=True, check=True, timeout=PATIENCE_SECONDS).stdout


def certificate(level, key, issuer, issuer_key, is_authority):
    now = datetime.datetime.now(datetime.timezone.utc)
    usage = dict.fromkeys(
        [
            "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
            "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
        ],
        False,
    )
    usage["key_cert_sign" if is_authority else "digital_signature"] = True
    builder = x509.CertificateBuilder().subject_name(name(level)).issuer_name(name(issuer)).public_key(key)
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(hours=3))
    builder = builder.add_extension(x509.BasicConstraints(is_authority, None), critical=True)
    builder = builder.add_extension(x509.KeyUsage(**usage), critical=True)
    return builder.sign(issuer_key, hashes.SHA384())


def name(level):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"level {level}")])
