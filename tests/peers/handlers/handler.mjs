// A callback handler as somebody would write it for Node with care: keys parsed once, connections kept, one answer
// to all that is authentic. Nothing but Node's own library.
//
//   node handler.mjs PORT CERTIFICATE TLS_KEY COSIGNER_PUBLIC_KEY REPLY_PRIVATE_KEY
import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";

const [port, certificate, tlsKey, cosignerKey, replyKey] = process.argv.slice(2);
const cosigner = createPublicKey(readFileSync(cosignerKey));
const reply = createPrivateKey(readFileSync(replyKey));
const header = Buffer.from('{"alg":"RS256","typ":"JWT"}').toString("base64url");

function answer(token) {
  const [head, payload, signature] = token.split(".");
  if (JSON.parse(Buffer.from(head, "base64url")).alg !== "RS256") return undefined;
  const signed = Buffer.from(`${head}.${payload}`);
  if (!verify("sha256", signed, cosigner, Buffer.from(signature, "base64url"))) return undefined;
  const { requestId } = JSON.parse(Buffer.from(payload, "base64url"));
  const body = Buffer.from(JSON.stringify({ action: "APPROVE", requestId })).toString("base64url");
  const unsigned = `${header}.${body}`;
  return `${unsigned}.${sign("sha256", Buffer.from(unsigned), reply).toString("base64url")}`;
}

function handle(request, response) {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const answered = answer(Buffer.concat(parts).toString());
    response.statusCode = answered === undefined ? 401 : 200;
    response.end(answered);
  });
}

const server = createServer({ cert: readFileSync(certificate), key: readFileSync(tlsKey) }, handle);
server.listen(Number(port), "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
