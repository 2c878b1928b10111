// What these programs have in common: a call a line comes in, as JSON, and a line goes out for each.
import readline from "node:readline";

/** Answers every call by the function of that name; what it throws is answered as `refused`. */
export async function serve(calls, refused = String) {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const asked = JSON.parse(line, received);
    const answer = await Promise.resolve(asked)
      .then(calls[asked.call])
      .catch((error) => ({ refused: refused(error) }));
    process.stdout.write(`${JSON.stringify(answer, sent)}\n`);
  }
}

/** Bytes come as `{"blob": "…"}`, in base64. */
function received(name, value) {
  return typeof value?.blob === "string" ? Buffer.from(value.blob, "base64") : value;
}

/** Bytes go out as texts in base64. */
function sent(name, value) {
  // A `Buffer` has a JSON form of its own, which is `value`.
  return this[name] instanceof Uint8Array ? Buffer.from(this[name]).toString("base64") : value;
}
