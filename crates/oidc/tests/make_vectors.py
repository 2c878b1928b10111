"""Makes vectors.json: tokens signed by Python's `cryptography`, with good and bad forms of each.

    python make_vectors.py > vectors.json
"""

import base64
import json

from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value):
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def rs256(key, message, digest=hashes.SHA256()):
    return key.sign(message, padding.PKCS1v15(), digest)


def es256(key, message, digest=hashes.SHA256()):
    r, s = utils.decode_dss_signature(key.sign(message, ec.ECDSA(digest)))
    size = (key.curve.key_size + 7) // 8
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def token(header, claims, sign):
    if isinstance(claims, dict):
        claims = json.dumps(claims)
    if isinstance(header, dict):
        header = json.dumps(header)
    signed = f"{b64(header.encode())}.{b64(claims.encode())}"
    return f"{signed}.{b64(sign(signed.encode()))}"


RSA, OTHER_RSA = (rsa.generate_private_key(65537, 2048) for _ in range(2))
SMALL_RSA = rsa.generate_private_key(65537, 1024)
EC, OTHER_EC = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
P384 = ec.generate_private_key(ec.SECP384R1())
CLAIMS = {
    "iss": "https://id.example.com", "sub": "carol", "aud": ["a", "b"], "azp": "a", "amr": ["pwd", "mfa"],
    "iat": 1700000000, "nbf": 1700000000.5, "exp": 1700003600, "nonce": {"anything": [1, None, True]},
    "https://aws.amazon.com/source_identity": "carol@example.com",
    "https://aws.amazon.com/tags": {"principal_tags": {"team": ["red"]}, "transitive_tag_keys": ["team"]},
}


def rsa_jwk(key, **more):
    numbers = key.public_key().public_numbers()
    return {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e), **more}


def ec_jwk(key, **more):
    numbers = key.public_key().public_numbers()
    size = (key.curve.key_size + 7) // 8
    x, y = (b64(value.to_bytes(size, "big")) for value in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": f"P-{key.curve.key_size}", "x": x, "y": y, **more}


def hs256(secret):
    def sign(message):
        mac = hmac.HMAC(secret, hashes.SHA256())
        mac.update(message)
        return mac.finalize()

    return sign


def with_rsa(message):
    return rs256(RSA, message)


def with_ec(message):
    return es256(EC, message)


pem = RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
der = EC.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
text = json.dumps(CLAIMS)
refused = {
    "none": ("algorithm", token({"alg": "none"}, CLAIMS, lambda _: b"")),
    "none with a key id": ("algorithm", token({"alg": "none", "kid": "rsa"}, CLAIMS, lambda _: b"")),
    "None": ("algorithm", token({"alg": "None", "kid": "rsa"}, CLAIMS, lambda _: b"")),
    "no alg": ("algorithm", token({"kid": "rsa"}, CLAIMS, with_rsa)),
    "alg no text": ("algorithm", token({"alg": ["RS256"], "kid": "rsa"}, CLAIMS, with_rsa)),
    "HS256 with the PEM": ("algorithm", token({"alg": "HS256", "kid": "rsa"}, CLAIMS, hs256(pem))),
    "HS256 with the point": ("algorithm", token({"alg": "HS256", "kid": "ec"}, CLAIMS, hs256(der))),
    "RS384": ("algorithm", token({"alg": "RS384", "kid": "rsa"}, CLAIMS, lambda m: rs256(RSA, m, hashes.SHA384()))),
    "PS256": ("algorithm", token({"alg": "PS256", "kid": "rsa"}, CLAIMS, with_rsa)),
    "RS256 by the EC key": ("algorithm", token({"alg": "RS256", "kid": "ec"}, CLAIMS, with_ec)),
    "ES256 by the RSA key": ("algorithm", token({"alg": "ES256", "kid": "rsa"}, CLAIMS, with_rsa)),
    "RS256 with SHA-1": ("signature", token({"alg": "RS256", "kid": "rsa"}, CLAIMS, lambda m: rs256(RSA, m, hashes.SHA1()))),
    "another RSA key": ("signature", token({"alg": "RS256", "kid": "rsa"}, CLAIMS, lambda m: rs256(OTHER_RSA, m))),
    "another EC key": ("signature", token({"alg": "ES256", "kid": "ec"}, CLAIMS, lambda m: es256(OTHER_EC, m))),
    "ECDSA in DER": ("signature", token({"alg": "ES256", "kid": "ec"}, CLAIMS, lambda m: EC.sign(m, ec.ECDSA(hashes.SHA256())))),
    "no signature": ("signature", token({"alg": "ES256", "kid": "ec"}, CLAIMS, lambda _: b"")),
    "zeros": ("signature", token({"alg": "ES256", "kid": "ec"}, CLAIMS, lambda _: bytes(64))),
    "a small RSA key": ("signature", token({"alg": "RS256", "kid": "small"}, CLAIMS, lambda m: rs256(SMALL_RSA, m))),
    "an own key in the header": ("signature", token({"alg": "ES256", "kid": "ec", "jwk": ec_jwk(OTHER_EC)}, CLAIMS, lambda m: es256(OTHER_EC, m))),
    "P-384": ("key", token({"alg": "ES256", "kid": "p384"}, CLAIMS, lambda m: es256(P384, m))),
    "a key for encryption": ("key", token({"alg": "RS256", "kid": "enc"}, CLAIMS, lambda m: rs256(OTHER_RSA, m))),
    "an unknown key id": ("key", token({"alg": "RS256", "kid": "nobody"}, CLAIMS, with_rsa)),
    "no key id": ("key", token({"alg": "RS256"}, CLAIMS, with_rsa)),
    "a key id that is no text": ("form", token({"alg": "RS256", "kid": 1}, CLAIMS, with_rsa)),
    "critical": ("form", token({"alg": "RS256", "kid": "rsa", "crit": ["b64"], "b64": True}, CLAIMS, with_rsa)),
    "alg twice": ("form", token('{"alg":"none","alg":"RS256","kid":"rsa"}', CLAIMS, with_rsa)),
    "sub twice": ("form", token({"alg": "RS256", "kid": "rsa"}, text[:-1] + ',"sub":"root"}', with_rsa)),
    "a tag twice": ("form", token({"alg": "RS256", "kid": "rsa"}, text.replace('"team": ["red"]', '"team":["red"],"team":["blue"]'), with_rsa)),
    "claims no object": ("form", token({"alg": "RS256", "kid": "rsa"}, "[]", with_rsa)),
    "an empty subject": ("claim", token({"alg": "RS256", "kid": "rsa"}, {**CLAIMS, "sub": ""}, with_rsa)),
    "exp a text": ("claim", token({"alg": "RS256", "kid": "rsa"}, {**CLAIMS, "exp": "1700003600"}, with_rsa)),
    "exp negative": ("claim", token({"alg": "RS256", "kid": "rsa"}, {**CLAIMS, "exp": -1}, with_rsa)),
    "nbf null": ("claim", token({"alg": "RS256", "kid": "rsa"}, {**CLAIMS, "nbf": None}, with_rsa)),
    "aud empty": ("claim", token({"alg": "RS256", "kid": "rsa"}, {**CLAIMS, "aud": []}, with_rsa)),
    "aud with a number": ("claim", token({"alg": "RS256", "kid": "rsa"}, {**CLAIMS, "aud": ["a", 1]}, with_rsa)),
}
vectors = {
    "claims": CLAIMS,
    "keys": [
        rsa_jwk(RSA, kid="rsa", alg="RS256", use="sig"),
        ec_jwk(EC, kid="ec"),
        rsa_jwk(OTHER_RSA, kid="enc", use="enc"),
        rsa_jwk(SMALL_RSA, kid="small"),
        ec_jwk(P384, kid="p384"),
        {"kty": "OKP", "crv": "Ed25519", "x": b64(bytes(32)), "kid": "ed"},
    ],
    "accepted": {
        "RS256": token({"alg": "RS256", "kid": "rsa", "typ": "JWT"}, CLAIMS, with_rsa),
        "ES256": token({"alg": "ES256", "kid": "ec", "typ": "at+jwt"}, CLAIMS, with_ec),
    },
    "refused": {name: {"why": why, "token": sent} for name, (why, sent) in refused.items()},
}
print(json.dumps(vectors, indent=1))
