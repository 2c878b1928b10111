"""Parquet files under keys of Keywright, and who may read them."""

import sys

import pyarrow

from gateway import document
from test_readme import ROOT

EXAMPLES = ROOT / "examples/warehouse"
sys.path.insert(0, str(EXAMPLES))

from keywright_parquet import Denied, ParquetKeys, Refused  # noqa: E402, F401

STAFF = pyarrow.table({
    "id": list(range(500)),
    "name": [f"a name that nobody may see {number}" for number in range(500)],
    "salary": [f"a salary that nobody may see {number}" for number in range(500)],
})


class Warehouse:
    """Two keys, the users `payroll` with both and `analyst` with one, and a folder to write into."""

    def __init__(self, served, folder):
        self.served = served
        self.folder = folder
        self.kms = served.client("kms")
        self.iam = served.client("iam")
        self.people, self.pay = (self.kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
        self._secrets = {}
        self.names = {"people": self.people, "pay": self.pay}
        self.payroll = self.user("payroll", ["kms:Encrypt", "kms:Decrypt"], [self.people, self.pay])
        self.analyst = self.user("analyst", ["kms:Decrypt"], [self.people])

    def user(self, kind, actions, resources):
        name = f"{kind}-{self.folder.name}"
        self.iam.create_user(UserName=name)
        allow = {"Effect": "Allow", "Action": actions, "Resource": resources}
        self.iam.put_user_policy(UserName=name, PolicyName="keys", PolicyDocument=document(allow))
        made = self.iam.create_access_key(UserName=name)["AccessKey"]
        client = self.served.client("kms", made["AccessKeyId"], made["SecretAccessKey"])
        self._secrets[client] = {"AWS_ACCESS_KEY_ID": made["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"]}
        return client

    def environment(self, kms):
        """What programs of the user have in their environment, whose client this is."""
        return self.served.environment() | self._secrets[kms]

    def keys(self, kms=None, **given):
        return ParquetKeys(kms or self.payroll, given.pop("names", self.names), **given)

    def write(self, name="staff.parquet", table=STAFF, **given):
        path = self.folder / name
        if not given.pop("uniform", False):
            given = {"columns": {"people": ["id", "name"], "pay": ["salary"]}} | given
        self.keys().write(table, path, "people", **given)
        return path

    def calls(self, ask):
        """The operations that Keywright records while `ask` runs."""
        start = len(self.served.journal())
        ask()
        return [record["eventName"] for record in self.served.journal()[start:]]
