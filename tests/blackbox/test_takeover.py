"""Clients that know nothing of Keywright: they call AWS's own names, and trust its CA."""

import itertools
import signal
import socket
import ssl
import urllib.request

import botocore.config
import botocore.session
import pytest

from conftest import CLIENTS
from keywright import PATIENCE_SECONDS, REGION
from names import names

CONTEXT = {"purpose": "takeover"}


@pytest.mark.parametrize("name", CLIENTS)
def test_clients_call_the_names_of_aws(deployment, connect, name, tmp_path):
    deployment.init("--takeover", REGION).start()
    environment = deployment.environment() | deployment.trust()
    del environment["AWS_ENDPOINT_URL"]
    with names(deployment.port) as proxy:
        client = connect(name, environment | {"HTTPS_PROXY": proxy.address}, tmp_path)
        assert client.call("sts", "GetCallerIdentity")["Account"] == deployment.account
        key = client.call("kms", "CreateKey")["KeyMetadata"]["KeyId"]
        blob = client.call("kms", "Encrypt", KeyId=key, Plaintext=b"hello", EncryptionContext=CONTEXT)
        opened = client.call(
            "kms", "Decrypt", CiphertextBlob=blob["CiphertextBlob"], EncryptionContext=CONTEXT
        )
        client.close()
    assert opened["Plaintext"] == b"hello"
    assert proxy.asked == {f"kms.{REGION}.amazonaws.com:443", f"sts.{REGION}.amazonaws.com:443"}


@pytest.mark.parametrize("region", [REGION, "cn-north-1", "us-gov-west-1"])
def test_the_certificate_is_for_every_name_that_an_sdk_calls(deployment, region):
    deployment.init("--takeover", region)
    certificate = ssl._ssl._test_decode_cert(str(deployment.data / "tls" / "server.pem"))
    vouched = {name for _, name in certificate["subjectAltName"]}
    session = botocore.session.Session()
    session.set_credentials("none", "none")
    for service, fips, dual in itertools.product(["kms", "sts", "iam", "cloudtrail", "resourcegroupstaggingapi"], [False, True], [False, True]):
        config = botocore.config.Config(use_fips_endpoint=fips, use_dualstack_endpoint=dual)
        endpoint = session.create_client(service, region, config=config).meta.endpoint_url
        assert endpoint.removeprefix("https://") in vouched, endpoint


def test_the_ca_vouches_for_no_other_names(deployment):
    deployment.tls = "localhost"
    deployment.init()
    with pytest.raises(AssertionError, match="example.net"):
        deployment.certify("example.net")


def test_nothing_is_answered_in_the_clear_or_to_who_does_not_trust_the_ca(deployment):
    deployment.tls = "localhost"
    deployment.init().start()
    with socket.create_connection(("localhost", deployment.port), timeout=PATIENCE_SECONDS) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"HTTP" not in plain.makefile("rb").read()
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(deployment.endpoint, timeout=PATIENCE_SECONDS)


def test_a_new_certificate_is_taken_up_while_serving(deployment):
    deployment.tls = "localhost"
    deployment.init().start()
    trusted = ssl.create_default_context(cafile=str(deployment.ca))

    def serial():
        plain = socket.create_connection(("localhost", deployment.port))
        with trusted.wrap_socket(plain, server_hostname="localhost") as connection:
            return connection.getpeercert()["serialNumber"]

    before = serial()
    deployment.certify("localhost")
    assert serial() == before
    deployment.process.signal(signal.SIGHUP)
    deployment.process.log("the certificate was read again")
    assert serial() != before
