// Wallets whose keys are here.
import { GetPublicKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { AwsKmsSigner as EthereumSigner } from "@nexusmutual/ethers-v6-aws-kms-signer";
import { getAddressDecoder } from "@solana/addresses";
import { AwsKmsSigner as SolanaSigner } from "@solana/keychain-aws-kms";
import { Transaction, verifyMessage, verifyTypedData } from "ethers";

import { serve } from "./lines.js";

const TRANSFER = { to: `0x${"12".repeat(20)}`, value: 1n, nonce: 7, gasLimit: 21000n, chainId: 1, type: 2 };
const DOMAIN = { name: "a shop", chainId: 1 };
const TYPES = { Order: [{ name: "number", type: "uint256" }] };

const calls = {
  async ethereum({ key, message }) {
    const signer = new EthereumSigner({
      kmsKeyId: key,
      region: process.env.AWS_REGION,
      accessKeyId: process.env.AWS_ACCESS_KEY_ID,
      secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY,
    });
    const order = { number: 7 };
    const signers = [
      verifyMessage(message, await signer.signMessage(message)),
      Transaction.from(await signer.signTransaction({ ...TRANSFER })).from,
      verifyTypedData(DOMAIN, TYPES, order, await signer.signTypedData(DOMAIN, TYPES, order)),
    ];
    return { address: await signer.getAddress(), signers };
  },
  async solana({ key, message }) {
    const { PublicKey } = await new KMSClient().send(new GetPublicKeyCommand({ KeyId: key }));
    const publicKey = getAddressDecoder().decode(PublicKey.slice(-32));
    const signer = new SolanaSigner({ keyId: key, publicKey });
    const [signatures] = await signer.signMessages([{ content: Buffer.from(message), signatures: {} }]);
    return { available: await signer.isAvailable(), signature: signatures[publicKey] };
  },
};

await serve(calls);
