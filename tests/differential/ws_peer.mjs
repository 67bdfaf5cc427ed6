// The npm package `ws`, which reads streams from its standard input and writes what it made of each to its standard output,
// both as `wsproto_peer.py` says. Its receiver is fed directly: there is no socket.

import { createRequire } from "node:module";

const { Receiver } = createRequire(`${process.env.WS_PACKAGES}/`)("ws");
const MAX_BYTES = 1 << 20;

function item(letter, payload = Buffer.alloc(0)) {
  const head = Buffer.alloc(5);
  head.write(letter, "latin1");
  head.writeUInt32BE(payload.length, 1);
  process.stdout.write(Buffer.concat([head, payload]));
}

function statusCode(error) {
  const symbol = Object.getOwnPropertySymbols(error).find((symbol) => symbol.description === "status-code");
  return error[symbol];
}

// All of it in one read; resolves when the receiver has told all it makes of that.
function receive(stream, isServer) {
  const receiver = new Receiver({ isServer, maxPayload: MAX_BYTES });
  receiver.on("message", (data, isBinary) => item(isBinary ? "b" : "t", data));
  receiver.on("ping", (data) => item("p", data));
  receiver.on("pong", (data) => item("q", data));
  receiver.on("conclude", (code, reason) => item("c", Buffer.concat([Buffer.from([code >> 8, code & 0xff]), reason])));
  receiver.on("error", () => {});
  return new Promise((resolve) => {
    receiver.write(stream, (error) => {
      if (error) item("!", Buffer.from(`${statusCode(error)} ${error.message}`));
      else item(".");
      resolve();
    });
  });
}

let pending = Buffer.alloc(0);
for await (const chunk of process.stdin) {
  pending = Buffer.concat([pending, chunk]);
  while (pending.length >= 5 && pending.length >= 5 + pending.readUInt32BE(1)) {
    const length = pending.readUInt32BE(1);
    // A copy: the receiver unmasks where it reads.
    const stream = Buffer.from(pending.subarray(5, 5 + length));
    const isServer = pending[0] === 1;
    pending = pending.subarray(5 + length);
    await receive(stream, isServer);
  }
}
