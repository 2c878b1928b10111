// The AWS Encryption SDK for JavaScript: takes a call a line, as JSON, and answers each with a line.
import readline from "node:readline";

import {
  CommitmentPolicy,
  KmsKeyringNode,
  buildAwsKmsMrkAwareDiscoveryMultiKeyringNode,
  buildAwsKmsMrkAwareStrictMultiKeyringNode,
  buildClient,
} from "@aws-crypto/client-node";

const { encrypt, decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);

const filter = (account) => ({ partition: "aws", accountIDs: [account] });

const keyrings = {
  kms: ({ keys: [generatorKeyId, ...keyIds] }) => new KmsKeyringNode({ generatorKeyId, keyIds }),
  discovery: ({ account }) => new KmsKeyringNode({ discovery: true, discoveryFilter: filter(account) }),
  mrk: ({ keys: [generatorKeyId, ...keyIds] }) => buildAwsKmsMrkAwareStrictMultiKeyringNode({ generatorKeyId, keyIds }),
  mrkDiscovery: ({ account, region }) =>
    buildAwsKmsMrkAwareDiscoveryMultiKeyringNode({ regions: [region], discoveryFilter: filter(account) }),
};

const calls = {
  async encrypt({ plaintext, context }, keyring) {
    const { result } = await encrypt(keyring, Buffer.from(plaintext, "base64"), { encryptionContext: context });
    return { message: result.toString("base64") };
  },
  async decrypt({ message }, keyring) {
    const { plaintext, messageHeader } = await decrypt(keyring, Buffer.from(message, "base64"));
    return { plaintext: plaintext.toString("base64"), context: { ...messageHeader.encryptionContext } };
  },
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  const answer = await calls[asked.call](asked, keyrings[asked.keyring.kind](asked.keyring)).catch((error) => ({
    refused: String(error),
  }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
