"""Identities as administrators make them, and what they may do then, with boto3 and the aws CLI."""

import contextlib
import json

import pytest

from clients import Refused, refused

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


@contextlib.contextmanager
def denied(code):
    """What is inside is refused with this code, whatever the message."""
    with pytest.raises(Refused) as caught:
        yield
    assert caught.value.code == code


def document(effect, action, resource="*"):
    statement = {"Effect": effect, "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(params=["boto3", "aws-cli-1"])
def connected(request, connect, deployment, tmp_path):
    """`connected()` is a client of the root user; given an access key, one of its user."""
    deployment.init().start()
    clients = []

    def connected(access_key=None):
        environment = deployment.environment()
        if access_key:
            environment["AWS_ACCESS_KEY_ID"] = access_key["AccessKeyId"]
            environment["AWS_SECRET_ACCESS_KEY"] = access_key["SecretAccessKey"]
        clients.append(connect(request.param, environment, tmp_path))
        return clients[-1]

    yield connected
    for client in clients:
        client.close()


def test_a_user_is_made_and_may_do_what_is_attached(connected):
    root = connected()
    made = root.call(
        "iam", "CreateUser", UserName="alice", Path="/staff/", Tags=[{"Key": "team", "Value": "pay + ship"}]
    )["User"]
    assert root.call("iam", "GetUser", UserName="ALICE")["User"] == made
    assert (made["Path"], made["Tags"]) == ("/staff/", [{"Key": "team", "Value": "pay + ship"}])
    access_key = root.call("iam", "CreateAccessKey", UserName="alice")["AccessKey"]
    alice = connected(access_key)
    identity = alice.call("sts", "GetCallerIdentity")
    assert (identity["Arn"], identity["UserId"]) == (made["Arn"], made["UserId"])

    with denied("AccessDeniedException"):
        alice.call("kms", "ListKeys")
    with denied("AccessDenied"):
        alice.call("iam", "ListUsers")
    root.call("iam", "AttachUserPolicy", UserName="alice", PolicyArn=ADMINISTRATOR)
    assert alice.call("kms", "ListKeys")["Keys"] == []
    assert [user["UserName"] for user in alice.call("iam", "ListUsers")["Users"]] == ["alice"]
    text = document("Deny", "kms:ListKeys")
    root.call("iam", "PutUserPolicy", UserName="alice", PolicyName="no", PolicyDocument=text)
    with denied("AccessDeniedException"):
        alice.call("kms", "ListKeys")
    shown = root.call("iam", "GetUserPolicy", UserName="alice", PolicyName="no")["PolicyDocument"]
    assert shown == json.loads(text)

    off = {"UserName": "alice", "AccessKeyId": access_key["AccessKeyId"], "Status": "Inactive"}
    root.call("iam", "UpdateAccessKey", **off)
    with denied("InvalidClientTokenId"):
        alice.call("sts", "GetCallerIdentity")
    used = root.call("iam", "GetAccessKeyLastUsed", AccessKeyId=access_key["AccessKeyId"])
    assert used["AccessKeyLastUsed"]["ServiceName"] in ("iam", "kms", "sts")


def test_policies_roles_and_groups_are_read_as_they_were_written(connected):
    root = connected()
    text = document("Allow", ["kms:Encrypt", "kms:Decrypt"])
    policy = root.call("iam", "CreatePolicy", PolicyName="use", PolicyDocument=text)["Policy"]
    arn = policy["Arn"]
    version = root.call("iam", "GetPolicyVersion", PolicyArn=arn, VersionId="v1")["PolicyVersion"]
    assert (version["Document"], version["IsDefaultVersion"]) == (json.loads(text), True)

    trust = json.dumps({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": policy["Arn"].split(":")[4]}, "Action": "sts:AssumeRole"}],
    })
    root.call("iam", "CreateRole", RoleName="app", AssumeRolePolicyDocument=trust, Description="an app")
    role = root.call("iam", "GetRole", RoleName="app")["Role"]
    assert role["AssumeRolePolicyDocument"] == json.loads(trust)
    assert (role["Description"], role["MaxSessionDuration"], role["RoleLastUsed"]) == ("an app", 3600, {})
    root.call("iam", "AttachRolePolicy", RoleName="app", PolicyArn=arn)
    attached = root.call("iam", "ListAttachedRolePolicies", RoleName="app")
    assert attached["AttachedPolicies"] == [{"PolicyName": "use", "PolicyArn": arn}]
    with refused("DeleteConflict", "Cannot delete a policy attached to entities."):
        root.call("iam", "DeletePolicy", PolicyArn=arn)
    with refused("MalformedPolicyDocument", "This policy contains invalid Json"):
        root.call("iam", "CreatePolicy", PolicyName="no", PolicyDocument="{")

    root.call("iam", "CreateGroup", GroupName="staff")
    for name in ("a", "b", "c"):
        root.call("iam", "CreateUser", UserName=name)
        root.call("iam", "AddUserToGroup", GroupName="staff", UserName=name)
    group = root.call("iam", "GetGroup", GroupName="staff")
    assert [user["UserName"] for user in group["Users"]] == ["a", "b", "c"]
    details = root.call("iam", "GetAccountAuthorizationDetails")
    assert [user["GroupList"] for user in details["UserDetailList"]] == [["staff"]] * 3
    assert root.call("iam", "GetAccountSummary")["SummaryMap"]["Users"] == 3
    with refused("NoSuchEntity", "The user with name nobody cannot be found."):
        root.call("iam", "GetUser", UserName="nobody")


def test_last_calls_are_told(connected):
    root = connected()
    arn = root.call("iam", "CreateUser", UserName="alice")["User"]["Arn"]
    text = document("Allow", ["kms:*", "tag:*"])
    root.call("iam", "PutUserPolicy", UserName="alice", PolicyName="keys", PolicyDocument=text)
    root.call("iam", "CreateGroup", GroupName="staff")
    root.call("iam", "AddUserToGroup", GroupName="staff", UserName="alice")
    policy = root.call("iam", "CreatePolicy", PolicyName="look", PolicyDocument=document("Allow", "iam:Get*"))["Policy"]["Arn"]
    root.call("iam", "AttachGroupPolicy", GroupName="staff", PolicyArn=policy)
    alice = connected(root.call("iam", "CreateAccessKey", UserName="alice")["AccessKey"])
    alice.call("kms", "ListKeys")
    with denied("AccessDenied"):
        alice.call("iam", "ListUsers")

    job = {"JobId": root.call("iam", "GenerateServiceLastAccessedDetails", Arn=arn)["JobId"]}
    report = root.call("iam", "GetServiceLastAccessedDetails", **job)
    assert (report["JobStatus"], report["JobType"], report["IsTruncated"]) == ("COMPLETED", "SERVICE_LEVEL", False)
    iam, kms, tag = report["ServicesLastAccessed"]
    assert [service["ServiceNamespace"] for service in (iam, kms, tag)] == ["iam", "kms", "tag"]
    assert (kms["ServiceName"], kms["LastAuthenticatedEntity"]) == ("AWS Key Management Service", arn)
    assert kms["LastAuthenticatedRegion"] == "us-east-1"
    assert (kms["TotalAuthenticatedEntities"], iam["TotalAuthenticatedEntities"]) == (1, 1)
    assert tag == {
        "ServiceName": "Amazon Resource Group Tagging API", "ServiceNamespace": "tag", "TotalAuthenticatedEntities": 0,
    }
    # Whoever did not ask for a report does not get it.
    job = {"JobId": root.call("iam", "GenerateServiceLastAccessedDetails", Arn=policy)["JobId"]}
    with refused("NoSuchEntity", f"Job {job['JobId']} cannot be found."):
        alice.call("iam", "GetServiceLastAccessedDetails", **job)
    (entity,) = root.call("iam", "GetServiceLastAccessedDetailsWithEntities", ServiceNamespace="iam", **job)["EntityDetailsList"]
    assert (entity["EntityInfo"]["Arn"], entity["EntityInfo"]["Type"]) == (arn, "USER")
    assert "LastAuthenticated" in entity
    listed = root.call("iam", "ListPoliciesGrantingServiceAccess", Arn=arn, ServiceNamespaces=["iam", "kms"])
    first, second = (entry["Policies"] for entry in listed["PoliciesGrantingServiceAccess"])
    assert {"PolicyName": "look", "PolicyType": "MANAGED", "PolicyArn": policy} in first
    assert second == [{"PolicyName": "keys", "PolicyType": "INLINE", "EntityType": "USER", "EntityName": "alice"}]


def test_a_key_policy_means_the_user_and_no_namesake(connected):
    root = connected()
    user = root.call("iam", "CreateUser", UserName="alice")["User"]
    account = user["Arn"].split(":")[4]
    statements = [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "kms:*", "Resource": "*"},
        {"Effect": "Allow", "Principal": {"AWS": user["Arn"]}, "Action": "kms:DescribeKey", "Resource": "*"},
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    key = root.call("kms", "CreateKey", Policy=policy)["KeyMetadata"]["KeyId"]
    root.call("iam", "DeleteUser", UserName="alice")
    root.call("iam", "CreateUser", UserName="alice")
    namesake = connected(root.call("iam", "CreateAccessKey", UserName="alice")["AccessKey"])
    with denied("AccessDeniedException"):
        namesake.call("kms", "DescribeKey", KeyId=key)
    shown = json.loads(root.call("kms", "GetKeyPolicy", KeyId=key)["Policy"])
    assert shown["Statement"][1]["Principal"] == {"AWS": user["UserId"]}


def test_what_a_user_could_do_is_simulated_with_the_keys_own_policy(connected):
    root = connected()
    alice = root.call("iam", "CreateUser", UserName="alice")["User"]["Arn"]
    key = root.call("kms", "CreateKey")["KeyMetadata"]["Arn"]
    text = """{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": ["kms:Encrypt", "kms:Decrypt"],
      "Resource": "*",
      "Condition": {"StringEquals": {"kms:EncryptionContext:app": "web"}}
    }
  ]
}"""
    root.call("iam", "PutUserPolicy", UserName="alice", PolicyName="web", PolicyDocument=text)

    def simulated(**more):
        given = {"PolicySourceArn": alice, "ActionNames": ["kms:Encrypt"], "ResourceArns": [key], **more}
        return root.call("iam", "SimulatePrincipalPolicy", **given)["EvaluationResults"]

    (without,) = simulated()
    assert (without["EvalActionName"], without["EvalResourceName"]) == ("kms:Encrypt", key)
    assert without["EvalDecision"] == "implicitDeny"
    (specific,) = without["ResourceSpecificResults"]
    assert specific["MissingContextValues"] == ["kms:EncryptionContext:app"]
    entry = {"ContextKeyName": "kms:EncryptionContext:app", "ContextKeyType": "string", "ContextKeyValues": ["web"]}
    results = simulated(ActionNames=["kms:Encrypt", "kms:Sign"], ContextEntries=[entry])
    assert [result["EvalDecision"] for result in results] == ["allowed", "implicitDeny"]
    delegation, own = results[0]["MatchedStatements"]
    assert (delegation["SourcePolicyId"], delegation["SourcePolicyType"]) == ("ResourcePolicy", "resource")
    assert own == {
        "SourcePolicyId": "user_alice_web", "SourcePolicyType": "user",
        "StartPosition": {"Line": 3, "Column": 17}, "EndPosition": {"Line": 9, "Column": 6},
    }

    keys = root.call("iam", "GetContextKeysForPrincipalPolicy", PolicySourceArn=alice)
    assert keys["ContextKeyNames"] == ["kms:EncryptionContext:app"]
    deny = json.dumps({"Statement": {"Effect": "Deny", "Principal": {"AWS": alice}, "Action": "kms:*", "Resource": "*"}})
    (denied_by_policy,) = simulated(ResourcePolicy=deny, ContextEntries=[entry])
    assert denied_by_policy["EvalDecision"] == "explicitDeny"
    assert [found["SourcePolicyType"] for found in denied_by_policy["MatchedStatements"]] == ["resource"]

    custom = {"PolicyInputList": [document("Allow", "kms:List*")], "ActionNames": ["kms:ListKeys", "kms:CreateKey"]}
    results = root.call("iam", "SimulateCustomPolicy", **custom)["EvaluationResults"]
    assert [result["EvalDecision"] for result in results] == ["allowed", "implicitDeny"]
    keys = root.call("iam", "GetContextKeysForCustomPolicy", PolicyInputList=[text])
    assert keys["ContextKeyNames"] == ["kms:EncryptionContext:app"]
    with denied("InvalidInput"):
        simulated(ActionNames=["kms:*"])
