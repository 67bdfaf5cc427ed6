// npm `ws` as the server: starts echo_client against it and judges both what the client prints and what
// the server saw.

import { once } from "node:events";
import http from "node:http";
import { check, equal, finish, runClient, SIZES, ws } from "./check.mjs";

const here = (name, body) => check(`ws server: ${name}`, body, 60);

// One check's server: `behave(socket)` for each connection, `seen` what it saw.
async function serve(behave, options = {}) {
  const seen = { messages: [], pings: [], pongs: [], connected: false };
  const server = new ws.WebSocketServer({ port: 0, host: "127.0.0.1", maxPayload: 1 << 26, ...options });
  seen.closed = new Promise((resolve) => {
    server.on("connection", (socket) => {
      seen.connected = true;
      socket.on("error", () => {});
      socket.on("message", (data, isBinary) => seen.messages.push({ data, isBinary }));
      socket.on("ping", (payload) => seen.pings.push(payload.toString()));
      socket.on("pong", (payload) => seen.pongs.push(payload.toString()));
      socket.on("close", (code, reason) => resolve([code, reason.toString()]));
      behave(socket);
    });
  });
  await once(server, "listening");
  return { seen, server, url: `ws://127.0.0.1:${server.address().port}/` };
}

async function run(behave, args, input, options) {
  const { seen, server, url } = await serve(behave, options);
  try {
    const result = await runClient([url, ...args], input);
    if (!seen.connected) seen.closed = ["never connected"];
    return { ...result, seen };
  } finally {
    for (const socket of server.clients) socket.terminate();
    server.close();
  }
}

const echo = (socket) => socket.on("message", (data, binary) => socket.send(data, { binary }));

function wantLine(text, line) {
  if (!text.split("\n").map((l) => l.trimEnd()).includes(line)) {
    throw new Error(`no line "${line}" in ${JSON.stringify(text.slice(0, 300))}`);
  }
}

for (const [kind, flags] of [["text", []], ["binary", ["--binary"]]]) {
  for (const deflate of [false, true]) {
    await here(`lines as ${kind}, permessage-deflate ${deflate ? "" : "not "}understood`, async () => {
      const { status, stdout, stderr, seen } =
        await run(echo, flags, "hello\n\nGrüße 👋\n", { perMessageDeflate: deflate });
      equal(stdout, "hello\n\nGrüße 👋\n", "stdout");
      equal(seen.messages.map(({ data, isBinary }) => [data.toString(), isBinary]),
        ["hello", "", "Grüße 👋"].map((line) => [line, kind === "binary"]), "messages");
      equal((await seen.closed)[0], 1000, "the client's code");
      wantLine(stderr, "closed: 1000");
      if (deflate && process.env.ECHO_CLIENT?.includes("--deflate")) wantLine(stderr, "extension: permessage-deflate");
      equal(status, 0, "exit status");
    });
  }
}

for (const size of SIZES) {
  await here(`${size} bytes, binary and text`, async () => {
    const count = size > 100_000 ? 2 : 20;
    for (const flags of [["--binary"], []]) {
      const { status, stdout, stderr, seen } =
        await run(echo, ["--size", String(size), "--count", String(count), ...flags]);
      equal(status, 0, `exit status (${stderr.trim()})`);
      wantLine(stdout, `ok ${count} x ${size}`);
      equal(seen.messages.map(({ data, isBinary }) => [data.length, isBinary]),
        Array(count).fill([size, flags.length > 0]), "messages");
    }
  });
}

await here("fragments with pings in between", async () => {
  const { status, stdout, seen } = await run(echo, ["--size", "1000", "--count", "3", "--fragment", "300"]);
  wantLine(stdout, "ok 3 x 1000");
  equal([seen.messages.map(({ data }) => data.length), seen.pings.length], [[1000, 1000, 1000], 9], "messages, pings");
  equal([(await seen.closed)[0], status], [1000, 0], "code, status");
});

await here("the server's fragments with pings in between", async () => {
  const behave = (socket) => socket.on("message", (data, binary) => {
    [...data].forEach((_, i) => {
      socket.ping(`before ${i}`);
      socket.send(data.subarray(i, i + 1), { binary, fin: i === data.length - 1 });
    });
  });
  const { stdout, seen } = await run(behave, [], "Grüße\n");
  equal(stdout, "Grüße\n", "stdout");
  equal(seen.pongs.at(-1), "before 6", "last pong");
});

await here("a wrong echo is noticed", async () => {
  const behave = (socket) => socket.on("message", (data, binary) => {
    data[500] ^= 1;
    socket.send(data, { binary });
  });
  const { status, stdout } = await run(behave, ["--binary", "--size", "1000", "--count", "1"]);
  equal([status === 0, stdout.includes("ok 1 x")], [false, false], "success");
});

for (const [code, reason] of [[1000, ""], [1001, "restart"], [4001, "bye"], [4999, "x".repeat(123)]]) {
  await here(`the server closes with ${code} and ${reason.length} characters`, async () => {
    const { status, stderr, seen } =
      await run((socket) => socket.on("message", () => socket.close(code, reason)), [], "hello\n");
    equal((await seen.closed)[0], code, "the client's answer");
    wantLine(stderr, `closed: ${code} ${reason}`.trimEnd());
    equal(status, 0, "exit status");
  });
}

await here("the server closes without a code", async () => {
  const { status, stderr, seen } = await run((socket) => socket.on("message", () => socket.close()), [], "hello\n");
  equal((await seen.closed)[0], 1005, "the client's answer");
  wantLine(stderr, "closed: 1005");
  equal(status, 0, "exit status");
});

await here("the server closes before the client has read its input", async () => {
  const { status, stderr } = await run((socket) => socket.close(4002, "not today"), [], "hello\n");
  wantLine(stderr, "closed: 4002 not today");
  equal(status, 0, "exit status");
});

await here("the server vanishes", async () => {
  const { status, stderr } = await run((socket) => socket.on("message", () => socket.terminate()), [], "hello\n");
  wantLine(stderr, "closed: 1006");
  equal(status, 1, "exit status");
});

for (const [name, bytes, code] of [
  ["a masked frame", [0x81, 0x81, 0, 0, 0, 0, 0x61], 1002],
  ["a reserved opcode", [0x83, 0x00], 1002],
  ["text that is not UTF-8", [0x81, 0x01, 0xff], 1007],
]) {
  await here(`${name} is answered with ${code}`, async () => {
    const behave = (socket) => socket.on("message", () => socket._socket.write(Buffer.from(bytes)));
    const { status, seen } = await run(behave, [], "hello\n");
    equal((await seen.closed)[0], code, "the client's code");
    equal(status, 1, "exit status");
  });
}

await here("subprotocol: the server's choice", async () => {
  const { stdout, stderr, status } = await run(echo, ["--subprotocol", "v2", "--subprotocol", "chat"], "hello\n",
    { handleProtocols: (offers) => [...offers].join() === "v2,chat" && "chat" });
  wantLine(stderr, "subprotocol: chat");
  equal([stdout, status], ["hello\n", 0], "stdout, status");
});

await here("subprotocol: a choice that was not offered is refused", async () => {
  const { status } = await run(echo, ["--subprotocol", "v2"], "hello\n", { handleProtocols: () => "other" });
  equal(status, 1, "exit status");
});

await here("an answer other than 101 is shown", async () => {
  const server = http.createServer((_, response) => response.writeHead(403).end("no\n")).listen(0, "127.0.0.1");
  server.on("upgrade", (_, socket) => socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno\n"));
  await once(server, "listening");
  const { status, stderr } = await runClient([`ws://127.0.0.1:${server.address().port}/`], "hello\n");
  server.close();
  equal([status, stderr.includes("403")], [1, true], "status, names the code");
});

finish();
