// The AWS SDK for JavaScript v3: any operation of any of the services.
import https from "node:https";

import * as iam from "@aws-sdk/client-iam";
import * as kms from "@aws-sdk/client-kms";
import * as sts from "@aws-sdk/client-sts";
import { NodeHttpHandler } from "@smithy/node-http-handler";

import { serve } from "./lines.js";

// The SDK's own agent takes no proxy from the environment.
const proxied = () => ({
  requestHandler: new NodeHttpHandler({ httpsAgent: new https.Agent({ keepAlive: true, proxyEnv: process.env }) }),
});
const options = process.env.HTTPS_PROXY ? proxied() : {};
const services = {
  iam: [iam, new iam.IAMClient(options)],
  kms: [kms, new kms.KMSClient(options)],
  sts: [sts, new sts.STSClient(options)],
};

const calls = {
  async operation({ service, operation, input }) {
    const [commands, client] = services[service];
    const { $metadata, ...output } = await client.send(new commands[`${operation}Command`](input));
    return { output };
  },
};

await serve(calls, (error) => ({ code: error.name, message: error.message }));
