"""Events looked up by AWS's own clients, as auditors do."""

import json
import shutil
import time

import pytest

from clients import Refused
from keywright import keywright

CLIENTS = ["boto3", "aws-cli-1", "aws-cli-2"]


@pytest.fixture(params=CLIENTS)
def client(request, connect, shared, tmp_path):
    client = connect(request.param, shared.environment(), tmp_path)
    yield client
    client.close()


def lookup(client, attribute, value, **more):
    attributes = [{"AttributeKey": attribute, "AttributeValue": value}]
    return client.call("cloudtrail", "LookupEvents", LookupAttributes=attributes, **more)


def found(client, attribute, value, wanted, seconds=2):
    """The events, as soon as there are as many as wanted."""
    for _ in range(seconds * 10):
        events = lookup(client, attribute, value)["Events"]
        if len(events) >= wanted:
            return events
        time.sleep(0.1)
    pytest.fail(f"{len(events)} events of {wanted} for {attribute}={value}")


def test_what_was_done_with_a_key_is_found_within_a_second(client):
    key = client.call("kms", "CreateKey")["KeyMetadata"]
    blob = client.call("kms", "Encrypt", KeyId=key["KeyId"], Plaintext=b"hello", EncryptionContext={"tenant": "7"})
    client.call("kms", "Decrypt", CiphertextBlob=blob["CiphertextBlob"], EncryptionContext={"tenant": "7"})
    client.call("kms", "DisableKey", KeyId=key["KeyId"])
    with pytest.raises(Refused):
        client.call("kms", "Encrypt", KeyId=key["KeyId"], Plaintext=b"hello")
    done = time.monotonic()
    events = found(client, "ResourceName", key["Arn"], 5)
    assert time.monotonic() - done < 5, "the clients themselves take a while"
    assert [event["EventName"] for event in events] == ["Encrypt", "DisableKey", "Decrypt", "Encrypt", "CreateKey"]
    refused, disabled, decrypted, _, _ = [json.loads(event["CloudTrailEvent"]) for event in events]
    assert refused["errorCode"] == "DisabledException"
    assert disabled["responseElements"] == {"keyId": key["Arn"]}
    assert decrypted["requestParameters"]["encryptionContext"] == {"tenant": "7"}
    assert decrypted["resources"] == [
        {"accountId": key["AWSAccountId"], "type": "AWS::KMS::Key", "ARN": key["Arn"]}
    ]
    assert decrypted["userIdentity"]["type"] == "Root"
    assert "hello" not in str(events) and "aGVsbG8" not in str(events)


def test_pages_lead_through_all_events(connect, shared, tmp_path):
    client = connect("boto3", shared.environment(), tmp_path)
    key = client.call("kms", "CreateKey")["KeyMetadata"]
    for _ in range(120):
        client.call("kms", "DescribeKey", KeyId=key["KeyId"])
    found(client, "ResourceName", key["Arn"], 50)
    time.sleep(0.5)
    names, page = [], lookup(client, "ResourceName", key["Arn"])
    while True:
        assert len(page["Events"]) <= 50
        names += [event["EventName"] for event in page["Events"]]
        if "NextToken" not in page:
            break
        page = lookup(client, "ResourceName", key["Arn"], NextToken=page["NextToken"])
    assert names == ["DescribeKey"] * 120 + ["CreateKey"]


def test_wrong_lookups_have_awss_errors(connect, shared, tmp_path):
    client = connect("boto3", shared.environment(), tmp_path)
    one = {"AttributeKey": "ReadOnly", "AttributeValue": "true"}
    with pytest.raises(Refused) as refused:
        client.call("cloudtrail", "LookupEvents", LookupAttributes=[one, one])
    assert refused.value.code == "InvalidLookupAttributesException"
    with pytest.raises(Refused) as refused:
        client.call("cloudtrail", "LookupEvents", NextToken="made up")
    assert refused.value.code == "InvalidNextTokenException"
    with pytest.raises(Refused) as refused:
        client.call("cloudtrail", "CreateTrail", Name="trail", S3BucketName="bucket")
    assert refused.value.code == "S3BucketDoesNotExistException"


def test_events_outlive_a_kill_and_the_loss_of_the_index(deployment, connect, tmp_path):
    deployment.init().start()
    client = connect("boto3", deployment.environment(), tmp_path)
    keys = [client.call("kms", "CreateKey")["KeyMetadata"]["Arn"] for _ in range(20)]
    deployment.kill()
    deployment.start()
    client = connect("boto3", deployment.environment(), tmp_path)
    events = found(client, "EventName", "CreateKey", 20)
    assert [event["Resources"][0]["ResourceName"] for event in events] == keys[::-1]
    deployment.stop()
    shutil.rmtree(deployment.data / "index")
    deployment.start()
    client = connect("boto3", deployment.environment(), tmp_path)
    assert found(client, "EventName", "CreateKey", 20) == events


def test_an_index_that_does_not_open_is_named_with_its_cure(deployment):
    deployment.init()
    (deployment.data / "index").write_text("no directory")
    refused = keywright("serve", "--data-dir", deployment.data, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0")
    assert refused.returncode == 1
    assert f"the index {deployment.data}/index, which may be deleted and is made again: File exists" in refused.stderr
    (deployment.data / "index").unlink()
    deployment.start()
