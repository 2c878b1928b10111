"""Resources of Terraform's aws provider, as the calls that it makes for them, with the parameters that it sends."""

import json
import os

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from clients import Refused

ELSEWHERE = "eu-west-1"
MATERIAL = os.urandom(32)


class Cloud:
    """The provider's connections, in two Regions. It begins by asking who it is."""

    def __init__(self, home, elsewhere):
        self._regions = {"here": home, "there": elsewhere}
        self.account = home.call("sts", "GetCallerIdentity")["Account"]
        self.root = f"arn:aws:iam::{self.account}:root"

    def iam(self, operation, **given):
        return self._regions["here"].call("iam", operation, **given)

    def kms(self, operation, where="here", **given):
        return self._regions[where].call("kms", operation, **given)


def trust(account):
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def meaning(document):
    """A policy as the provider compares it: order, single values and the ways to write an account do not matter."""
    document = json.loads(document) if isinstance(document, str) else document
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]

    def values(value):
        if isinstance(value, dict):
            return {key: values(inner) for key, inner in value.items()}
        texts = value if isinstance(value, list) else [value]
        return sorted(text.split(":")[4] if text.endswith(":root") else text for text in texts)

    return [{name: values(value) for name, value in statement.items()} for statement in statements]


def tags(settings, kms=False):
    key, value = ("TagKey", "TagValue") if kms else ("Key", "Value")
    return [{key: name, value: text} for name, text in settings.get("tags", {}).items()]


def read_tags(listed):
    return {tag.get("Key", tag.get("TagKey")): tag.get("Value", tag.get("TagValue")) for tag in listed}


class Resource:
    """A resource. Reading gives its settings, or nothing when it is gone; what is gone may be deleted again."""

    def __init__(self, cloud, name):
        self.cloud, self.name = cloud, name

    def read(self):
        try:
            return self._read()
        except Refused as refused:
            if refused.code in ("NoSuchEntity", "NotFoundException"):
                return None
            raise

    def delete(self):
        try:
            self._delete()
        except Refused as refused:
            tolerated = refused.code in ("NoSuchEntity", "NotFoundException")
            if not tolerated and "is pending deletion" not in (refused.message or ""):
                raise

    def retag(self, old, new, untag, tag):
        old, new = old.get("tags", {}), new.get("tags", {})
        if gone := [key for key in old if key not in new]:
            untag(gone)
        if changed := {key: value for key, value in new.items() if old.get(key) != value}:
            tag({"tags": changed})


class User(Resource):
    def create(self, settings):
        boundary = {"PermissionsBoundary": settings["boundary"]} if settings.get("boundary") else {}
        self.cloud.iam("CreateUser", UserName=self.name, Path=settings["path"], Tags=tags(settings), **boundary)

    def _read(self):
        user = self.cloud.iam("GetUser", UserName=self.name)["User"]
        boundary = user.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        return {"path": user["Path"], "tags": read_tags(user.get("Tags", [])), "boundary": boundary}

    def update(self, old, new):
        iam, name = self.cloud.iam, {"UserName": self.name}
        iam("UpdateUser", **name, NewUserName=self.name, NewPath=new["path"])
        if new["boundary"]:
            iam("PutUserPermissionsBoundary", **name, PermissionsBoundary=new["boundary"])
        else:
            iam("DeleteUserPermissionsBoundary", **name)
        self.retag(
            old, new, lambda keys: iam("UntagUser", **name, TagKeys=keys),
            lambda changed: iam("TagUser", **name, Tags=tags(changed)),
        )

    def _delete(self):
        """With `force_destroy`."""
        iam, name = self.cloud.iam, {"UserName": self.name}
        for group in iam("ListGroupsForUser", **name)["Groups"]:
            iam("RemoveUserFromGroup", **name, GroupName=group["GroupName"])
        for key in iam("ListAccessKeys", **name)["AccessKeyMetadata"]:
            iam("DeleteAccessKey", **name, AccessKeyId=key["AccessKeyId"])
        assert iam("ListSSHPublicKeys", **name)["SSHPublicKeys"] == []
        assert iam("ListVirtualMFADevices", AssignmentStatus="Assigned")["VirtualMFADevices"] == []
        assert iam("ListMFADevices", **name)["MFADevices"] == []
        with pytest.raises(Refused) as no_password:
            iam("DeleteLoginProfile", **name)
        assert no_password.value.code == "NoSuchEntity"
        assert iam("ListSigningCertificates", **name)["Certificates"] == []
        assert iam("ListServiceSpecificCredentials", **name)["ServiceSpecificCredentials"] == []
        iam("DeleteUser", **name)


class AccessKey(Resource):
    def create(self, settings):
        self.cloud.iam("CreateUser", UserName=self.name)
        self.id = self.cloud.iam("CreateAccessKey", UserName=self.name)["AccessKey"]["AccessKeyId"]
        if settings["status"] == "Inactive":
            self.update({}, settings)

    def _read(self):
        listed = self.cloud.iam("ListAccessKeys", UserName=self.name)["AccessKeyMetadata"]
        return next(({"status": key["Status"]} for key in listed if key["AccessKeyId"] == self.id), None)

    def update(self, old, new):
        self.cloud.iam("UpdateAccessKey", UserName=self.name, AccessKeyId=self.id, Status=new["status"])

    def _delete(self):
        self.cloud.iam("DeleteAccessKey", UserName=self.name, AccessKeyId=self.id)


class Role(Resource):
    """With `inline_policy`, `managed_policy_arns` and `force_detach_policies`."""

    def create(self, settings):
        self.cloud.iam(
            "CreateRole", RoleName=self.name, Path="/tf/", AssumeRolePolicyDocument=settings["assume_role_policy"],
            Description=settings["description"], MaxSessionDuration=settings["max_session_duration"],
            Tags=tags(settings),
        )
        self._set_policies(settings)

    def _set_policies(self, settings):
        for policy_name, document in settings["inline"].items():
            self.cloud.iam("PutRolePolicy", RoleName=self.name, PolicyName=policy_name, PolicyDocument=document)
        for arn in settings["managed"]:
            self.cloud.iam("AttachRolePolicy", RoleName=self.name, PolicyArn=arn)

    def _read(self):
        iam, name = self.cloud.iam, {"RoleName": self.name}
        role = iam("GetRole", **name)["Role"]
        inline = {
            found: iam("GetRolePolicy", **name, PolicyName=found)["PolicyDocument"]
            for found in iam("ListRolePolicies", **name)["PolicyNames"]
        }
        attached = iam("ListAttachedRolePolicies", **name)["AttachedPolicies"]
        return {
            "assume_role_policy": role["AssumeRolePolicyDocument"], "description": role.get("Description", ""),
            "max_session_duration": role["MaxSessionDuration"], "tags": read_tags(role.get("Tags", [])),
            "inline": inline, "managed": [policy["PolicyArn"] for policy in attached],
        }

    def update(self, old, new):
        iam, name = self.cloud.iam, {"RoleName": self.name}
        iam("UpdateAssumeRolePolicy", **name, PolicyDocument=new["assume_role_policy"])
        iam("UpdateRoleDescription", **name, Description=new["description"])
        iam("UpdateRole", **name, MaxSessionDuration=new["max_session_duration"], Description=new["description"])
        for gone in set(old["inline"]) - set(new["inline"]):
            iam("DeleteRolePolicy", **name, PolicyName=gone)
        for gone in set(old["managed"]) - set(new["managed"]):
            iam("DetachRolePolicy", **name, PolicyArn=gone)
        self._set_policies(new)
        self.retag(
            old, new, lambda keys: iam("UntagRole", **name, TagKeys=keys),
            lambda changed: iam("TagRole", **name, Tags=tags(changed)),
        )

    def _delete(self):
        iam, name = self.cloud.iam, {"RoleName": self.name}
        assert iam("ListInstanceProfilesForRole", **name)["InstanceProfiles"] == []
        for policy in iam("ListAttachedRolePolicies", **name)["AttachedPolicies"]:
            iam("DetachRolePolicy", **name, PolicyArn=policy["PolicyArn"])
        for policy_name in iam("ListRolePolicies", **name)["PolicyNames"]:
            iam("DeleteRolePolicy", **name, PolicyName=policy_name)
        iam("DeleteRole", **name)


class ManagedPolicy(Resource):
    def create(self, settings):
        self.arn = self.cloud.iam(
            "CreatePolicy", PolicyName=self.name, Path="/", Description="made", PolicyDocument=settings["policy"],
            Tags=tags(settings),
        )["Policy"]["Arn"]

    def _read(self):
        found = self.cloud.iam("GetPolicy", PolicyArn=self.arn)["Policy"]
        assert found["Description"] == "made"
        version = self.cloud.iam("GetPolicyVersion", PolicyArn=self.arn, VersionId=found["DefaultVersionId"])
        return {"policy": version["PolicyVersion"]["Document"], "tags": read_tags(found.get("Tags", []))}

    def update(self, old, new):
        iam, arn = self.cloud.iam, {"PolicyArn": self.arn}
        # More often than there can be versions.
        for _ in range(7):
            versions = iam("ListPolicyVersions", **arn)["Versions"]
            if len(versions) >= 5:
                others = [version for version in versions if not version["IsDefaultVersion"]]
                oldest = min(others, key=lambda version: int(version["VersionId"].removeprefix("v")))
                iam("DeletePolicyVersion", **arn, VersionId=oldest["VersionId"])
            made = iam("CreatePolicyVersion", **arn, PolicyDocument=new["policy"], SetAsDefault=False)
            iam("SetDefaultPolicyVersion", **arn, VersionId=made["PolicyVersion"]["VersionId"])
        self.retag(
            old, new, lambda keys: iam("UntagPolicy", **arn, TagKeys=keys),
            lambda changed: iam("TagPolicy", **arn, Tags=tags(changed)),
        )

    def _delete(self):
        for version in self.cloud.iam("ListPolicyVersions", PolicyArn=self.arn)["Versions"]:
            if not version["IsDefaultVersion"]:
                self.cloud.iam("DeletePolicyVersion", PolicyArn=self.arn, VersionId=version["VersionId"])
        self.cloud.iam("DeletePolicy", PolicyArn=self.arn)


class Held(Resource):
    """What hangs on a user, group or role, which is made first."""

    kind = "User"

    def prepare(self):
        more = {"AssumeRolePolicyDocument": trust(self.cloud.account)} if self.kind == "Role" else {}
        self.holder = {f"{self.kind}Name": self.name}
        self.cloud.iam(f"Create{self.kind}", **self.holder, **more)


class InlinePolicy(Held):
    def create(self, settings):
        self.prepare()
        self.update({}, settings)

    def _read(self):
        found = self.cloud.iam(f"Get{self.kind}Policy", **self.holder, PolicyName="tf")
        return {"policy": found["PolicyDocument"]}

    def update(self, old, new):
        self.cloud.iam(f"Put{self.kind}Policy", **self.holder, PolicyName="tf", PolicyDocument=new["policy"])

    def _delete(self):
        self.cloud.iam(f"Delete{self.kind}Policy", **self.holder, PolicyName="tf")


class Attachment(Held):
    def create(self, settings):
        self.prepare()
        self.arn = settings["policy_arn"]
        self.cloud.iam(f"Attach{self.kind}Policy", **self.holder, PolicyArn=self.arn)

    def _read(self):
        listed = self.cloud.iam(f"ListAttached{self.kind}Policies", **self.holder)["AttachedPolicies"]
        return next(({"policy_arn": found["PolicyArn"]} for found in listed if found["PolicyArn"] == self.arn), None)

    def _delete(self):
        self.cloud.iam(f"Detach{self.kind}Policy", **self.holder, PolicyArn=self.arn)


class Key(Resource):
    where = "here"

    def kms(self, operation, **given):
        return self.cloud.kms(operation, where=self.where, **given)

    def create(self, settings):
        made = self.kms(
            "CreateKey", BypassPolicyLockoutSafetyCheck=False, KeySpec=settings["spec"], KeyUsage=settings["usage"],
            Description=settings["description"], MultiRegion=settings["multi_region"], Policy=settings["policy"],
            Tags=tags(settings, kms=True),
        )
        self.id = made["KeyMetadata"]["KeyId"]
        self._switch(settings)

    def _switch(self, settings):
        if settings.get("rotation"):
            self.kms("EnableKeyRotation", KeyId=self.id, RotationPeriodInDays=settings["rotation"])
        if not settings["enabled"]:
            self.kms("DisableKey", KeyId=self.id)

    def _metadata(self):
        metadata = self.kms("DescribeKey", KeyId=self.id)["KeyMetadata"]
        gone = metadata["KeyState"] in ("PendingDeletion", "PendingReplicaDeletion")
        return None if gone else metadata

    def _read(self):
        metadata = self._metadata()
        if not metadata:
            return None
        found = {
            "description": metadata["Description"], "enabled": metadata["Enabled"], "spec": metadata["KeySpec"],
            "usage": metadata["KeyUsage"], "multi_region": metadata["MultiRegion"],
            "policy": self.kms("GetKeyPolicy", KeyId=self.id, PolicyName="default")["Policy"],
            "tags": read_tags(self.kms("ListResourceTags", KeyId=self.id, Limit=50)["Tags"]),
        }
        if metadata["Origin"] == "AWS_KMS":
            # Asked for keys of every kind; never an error.
            status = self.kms("GetKeyRotationStatus", KeyId=self.id)
            found["rotation"] = status.get("RotationPeriodInDays") if status["KeyRotationEnabled"] else None
        return found

    def update(self, old, new):
        key = {"KeyId": self.id}
        if new["enabled"] and not old["enabled"]:
            self.kms("EnableKey", **key)
        if old.get("rotation") and not new.get("rotation"):
            self.kms("DisableKeyRotation", **key)
        self.kms("UpdateKeyDescription", **key, Description=new["description"])
        self.kms(
            "PutKeyPolicy", **key, PolicyName="default", Policy=new["policy"], BypassPolicyLockoutSafetyCheck=False
        )
        self._switch(new)
        self.retag(
            old, new, lambda keys: self.kms("UntagResource", **key, TagKeys=keys),
            lambda changed: self.kms("TagResource", **key, Tags=tags(changed, kms=True)),
        )

    def _delete(self):
        self.kms("ScheduleKeyDeletion", KeyId=self.id, PendingWindowInDays=7)
        assert self._metadata() is None


class ExternalKey(Key):
    def create(self, settings):
        made = self.kms(
            "CreateKey", BypassPolicyLockoutSafetyCheck=False, KeyUsage="ENCRYPT_DECRYPT", Origin="EXTERNAL",
            Description=settings["description"], MultiRegion=settings["multi_region"], Policy=settings["policy"],
            Tags=tags(settings, kms=True),
        )
        self.id = made["KeyMetadata"]["KeyId"]
        self._import()
        self._switch(settings)

    def _import(self):
        parameters = self.kms(
            "GetParametersForImport", KeyId=self.id, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048"
        )
        public_key = serialization.load_der_public_key(parameters["PublicKey"])
        oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
        self.kms(
            "ImportKeyMaterial", KeyId=self.id, ImportToken=parameters["ImportToken"],
            EncryptedKeyMaterial=public_key.encrypt(MATERIAL, oaep), ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE",
        )
        metadata = self.kms("DescribeKey", KeyId=self.id)["KeyMetadata"]
        assert (metadata["KeyState"], metadata["ExpirationModel"]) == ("Enabled", "KEY_MATERIAL_DOES_NOT_EXPIRE")


class ReplicaKey(Key):
    """Of a primary here; it lives there."""

    where = "there"
    primary = Key

    def create(self, settings):
        primary = self.primary(self.cloud, self.name)
        primary.create({**settings, "multi_region": True, "enabled": True, "rotation": None})
        self.id = self.cloud.kms(
            "ReplicateKey", KeyId=primary.id, ReplicaRegion=ELSEWHERE, Description=settings["description"],
            Policy=settings["policy"], Tags=tags(settings, kms=True),
        )["ReplicaKeyMetadata"]["KeyId"]
        self._settle()
        self._switch(settings)

    def _settle(self):
        assert self.kms("DescribeKey", KeyId=self.id)["KeyMetadata"]["KeyState"] == "Enabled"

    def _switch(self, settings):
        # Rotation is the primary's.
        super()._switch({**settings, "rotation": None})


class ReplicaExternalKey(ReplicaKey):
    primary = ExternalKey

    def _settle(self):
        assert self.kms("DescribeKey", KeyId=self.id)["KeyMetadata"]["KeyState"] == "PendingImport"
        ExternalKey._import(self)


class OnKey(Resource):
    """What hangs on a key, which is made first."""

    def prepare(self):
        self.key = self.cloud.kms("CreateKey")["KeyMetadata"]["KeyId"]


class Alias(OnKey):
    def create(self, settings):
        self.prepare()
        self.other = self.cloud.kms("CreateKey")["KeyMetadata"]["KeyId"]
        self.alias = f"alias/tf/{self.name}"
        self.cloud.kms("CreateAlias", AliasName=self.alias, TargetKeyId=getattr(self, settings["target"]))

    def _read(self):
        marker = {}
        while True:
            page = self.cloud.kms("ListAliases", Limit=100, **marker)
            for found in page["Aliases"]:
                if found["AliasName"] == self.alias:
                    return {"target": "key" if found["TargetKeyId"] == self.key else "other"}
            if not page["Truncated"]:
                return None
            marker = {"Marker": page["NextMarker"]}

    def update(self, old, new):
        self.cloud.kms("UpdateAlias", AliasName=self.alias, TargetKeyId=getattr(self, new["target"]))

    def _delete(self):
        self.cloud.kms("DeleteAlias", AliasName=self.alias)


class Grant(OnKey):
    """Never changed: another grant is another resource."""

    ended_by = "RevokeGrant"

    def create(self, settings):
        self.prepare()
        self.id = self.cloud.kms(
            "CreateGrant", KeyId=self.key, Name=self.name, GranteePrincipal=self.cloud.root,
            RetiringPrincipal=self.cloud.root, Operations=settings["operations"],
            # The provider sends the other map too, empty.
            Constraints={"EncryptionContextSubset": settings["context"], "EncryptionContextEquals": {}},
        )["GrantId"]

    def _read(self):
        listed = self.cloud.kms("ListGrants", KeyId=self.key, Limit=100)["Grants"]
        found = next((grant for grant in listed if grant["GrantId"] == self.id), None)
        if not found:
            return None
        assert (found["Name"], found["GranteePrincipal"]) == (self.name, self.cloud.root)
        return {"operations": found["Operations"], "context": found["Constraints"]["EncryptionContextSubset"]}

    def _delete(self):
        self.cloud.kms(self.ended_by, GrantId=self.id, KeyId=self.key)
        assert self._read() is None


class KeyPolicy(OnKey):
    def create(self, settings):
        self.prepare()
        self.default = self.cloud.kms("GetKeyPolicy", KeyId=self.key, PolicyName="default")["Policy"]
        self.update({}, settings)

    def _read(self):
        assert self.cloud.kms("DescribeKey", KeyId=self.key)["KeyMetadata"]["Enabled"]
        found = self.cloud.kms("GetKeyPolicy", KeyId=self.key, PolicyName="default")["Policy"]
        return None if meaning(found) == meaning(self.default) else {"policy": found}

    def update(self, old, new):
        self.cloud.kms(
            "PutKeyPolicy", KeyId=self.key, PolicyName="default", Policy=new["policy"],
            BypassPolicyLockoutSafetyCheck=False,
        )

    def _delete(self):
        """Puts the default policy back."""
        self.update({}, {"policy": self.default})
