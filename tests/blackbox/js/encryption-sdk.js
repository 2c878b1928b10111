// The AWS Encryption SDK for JavaScript.
import {
  CommitmentPolicy,
  KmsKeyringNode,
  buildAwsKmsMrkAwareDiscoveryMultiKeyringNode,
  buildAwsKmsMrkAwareStrictMultiKeyringNode,
  buildClient,
} from "@aws-crypto/client-node";

import { serve } from "./lines.js";

const { encrypt, decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);

const filter = (account) => ({ partition: "aws", accountIDs: [account] });

const keyrings = {
  kms: ({ keys: [generatorKeyId, ...keyIds] }) => new KmsKeyringNode({ generatorKeyId, keyIds }),
  discovery: ({ account }) => new KmsKeyringNode({ discovery: true, discoveryFilter: filter(account) }),
  mrk: ({ keys: [generatorKeyId, ...keyIds] }) => buildAwsKmsMrkAwareStrictMultiKeyringNode({ generatorKeyId, keyIds }),
  mrkDiscovery: ({ account, region }) =>
    buildAwsKmsMrkAwareDiscoveryMultiKeyringNode({ regions: [region], discoveryFilter: filter(account) }),
};

const open = ({ keyring }) => keyrings[keyring.kind](keyring);

const calls = {
  async encrypt({ plaintext, context, ...by }) {
    const { result } = await encrypt(open(by), plaintext, { encryptionContext: context });
    return { message: result };
  },
  async decrypt({ message, ...by }) {
    const { plaintext, messageHeader } = await decrypt(open(by), message);
    return { plaintext, context: { ...messageHeader.encryptionContext } };
  },
};

await serve(calls);
