// npm `ws` as the client: ws_client.mjs LABEL URL, where echo_server (or a proxy before it) listens at URL
// and knows the subprotocols `chat` and `v2`.
//
//   --proxied      a proxy stands between: no refusals, of which it has its own opinion
//   --echo-only    the server has no other paths, no pages and no subprotocols: one of docs/examples/drivers

import net from "node:net";
import { once } from "node:events";
import { check, equal, finish, pattern, SIZES, textOf, ws } from "./check.mjs";

const [label, base] = process.argv.slice(2);
const [proxied, echoOnly] = ["--proxied", "--echo-only"].map((flag) => process.argv.includes(flag));
const here = (name, body, seconds) => check(`${label}: ${name}`, body, seconds);

async function connect(path = "", protocols = [], options = {}) {
  const socket = new ws.WebSocket(base + path, protocols, { maxPayload: 1 << 26, ...options });
  // Messages may arrive right behind the handshake, so they are collected from the start.
  socket.inbox = [];
  socket.on("message", (data, isBinary) => {
    socket.inbox.push({ data, isBinary });
    socket.emit("stored");
  });
  socket.on("pong", (payload) => (socket.pongs ??= []).push(payload.toString()));
  socket.on("ping", (payload) => (socket.pings ??= []).push(payload.toString()));
  await once(socket, "open");
  return socket;
}

async function next(socket) {
  while (socket.inbox.length === 0) await once(socket, "stored");
  return socket.inbox.shift();
}

async function close(socket, code, reason) {
  const closed = once(socket, "close");
  socket.close(code, reason);
  const [got, why] = await closed;
  return [got, why.toString()];
}

async function echoes(socket, data) {
  socket.send(data);
  const { data: echo, isBinary } = await next(socket);
  equal(isBinary, typeof data !== "string", "binary");
  equal(echo, Buffer.from(data), "echo");
}

for (const deflate of [false, true]) {
  await here(`echoes, permessage-deflate ${deflate ? "offered" : "not offered"}`, async () => {
    const socket = await connect("", [], { perMessageDeflate: deflate });
    await echoes(socket, "hello");
    await echoes(socket, textOf(70_000));
    await echoes(socket, pattern(70_000));
    equal(await close(socket, 1000), [1000, ""], "close");
  });
}

for (const size of SIZES) {
  await here(`${size} bytes, binary and text`, async () => {
    const socket = await connect();
    await echoes(socket, pattern(size));
    await echoes(socket, "a".repeat(size));
    equal(await close(socket, 1000), [1000, ""], "close");
  });
}

await here("ping is answered with its payload", async () => {
  const socket = await connect();
  for (const payload of ["", "are you there?", "p".repeat(125)]) {
    const pong = once(socket, "pong");
    socket.ping(payload);
    equal((await pong)[0].toString(), payload, "pong");
  }
  await close(socket, 1000);
});

await here("a fragmented message with pings in between", async () => {
  const socket = await connect();
  const parts = ["", "Grü", "ße ", "", "aus vielen Teilen"];
  parts.forEach((part, i) => {
    socket.ping(`after part ${i}`);
    socket.send(part, { binary: false, fin: i === parts.length - 1 });
  });
  const { data, isBinary } = await next(socket);
  equal([data.toString(), isBinary], [parts.join(""), false], "echo");
  // Pongs may be answered each or only the newest of those that came together (§5.5.3).
  equal(socket.pongs.at(-1), "after part 4", "last pong");
  await close(socket, 1000);
});

await here("a character split between fragments", async () => {
  const socket = await connect();
  const bytes = Buffer.from("€");
  socket.send(bytes.subarray(0, 1), { binary: false, fin: false });
  socket.send(bytes.subarray(1), { binary: false, fin: true });
  equal((await next(socket)).data.toString(), "€", "echo");
  await close(socket, 1000);
});

if (!echoOnly) await here("the server's fragments with pings in between", async () => {
  const socket = await connect("fragments/5");
  await echoes(socket, pattern(100_000));
  equal(socket.pings?.length, 4, "pings");
  await echoes(socket, textOf(1000));
  await close(socket, 1000);
});

for (const [code, reason] of [[1000, ""], [1000, "done"], [1001, "going away"], [3000, "r"], [4000, "x".repeat(123)]]) {
  await here(`the client closes with ${code} and ${reason.length} characters`, async () => {
    equal((await close(await connect(), code, reason))[0], code, "the server's code");
  });
}

await here("the client closes without a code", async () => {
  equal((await close(await connect()))[0], 1005, "the server's code");
});

for (const [code, reason] of echoOnly ? [] : [[1000, ""], [4001, "bye"], [4999, "x".repeat(123)]]) {
  await here(`the server closes with ${code} and ${reason.length} characters`, async () => {
    const socket = await connect(`close/${code}/${reason}`);
    const closed = once(socket, "close");
    socket.send("now");
    const [got, why] = await closed;
    equal([got, why.toString()], [code, reason], "close");
  });
}

for (const size of echoOnly ? [] : [0, 65536, 16 << 20]) {
  await here(`the server speaks first: ${size} bytes`, async () => {
    const socket = await connect(`push/${size}`);
    const { data, isBinary } = await next(socket);
    equal([data.length, isBinary], [size, true], "pushed");
    await echoes(socket, "and then echoes");
    await close(socket, 1000);
  });
}

if (!echoOnly) await here("subprotocol: the first offered that the server knows", async () => {
  const socket = await connect("", ["unknown", "v2", "chat"]);
  equal(socket.protocol, "v2", "protocol");
  await close(socket, 1000);
});

await here("subprotocol: none known, none chosen", async () => {
  const [error] = await once(new ws.WebSocket(base, ["unknown"]), "error");
  equal(error.message, "Server sent no subprotocol", "ws says");
});

await here("100 connections at once", async () => {
  const sockets = await Promise.all(Array.from({ length: 100 }, () => connect()));
  await Promise.all(sockets.map((socket, i) => echoes(socket, pattern(i * 100))));
  await Promise.all(sockets.map((socket) => close(socket, 1000)));
});

await here("100 messages sent before the first answer", async () => {
  const socket = await connect();
  for (let i = 0; i < 100; i++) socket.send(pattern(i * 50));
  for (let i = 0; i < 100; i++) equal((await next(socket)).data, pattern(i * 50), `echo ${i}`);
  await close(socket, 1000);
});

await here("a client that vanishes disturbs no other", async () => {
  const [stays, goes] = [await connect(), await connect()];
  goes.send(pattern(1000), { fin: false });
  goes.terminate();
  await once(goes, "close");
  await echoes(stays, "still here");
  await close(stays, 1000);
});

for (const [name, bytes, code] of [
  ["an unmasked frame", [0x81, 0x01, 0x61], 1002],
  ["a reserved bit", [0xc1, 0x80, 0, 0, 0, 0], 1002],
  ["text that is not UTF-8", [0x81, 0x81, 0, 0, 0, 0, 0xff], 1007],
]) {
  await here(`${name} is answered with ${code}`, async () => {
    const socket = await connect("", [], { perMessageDeflate: false }); // which gives the bit a meaning
    const closed = once(socket, "close");
    socket._socket.write(Buffer.from(bytes)); // what `ws` itself would never send
    equal((await closed)[0], code, "close");
  });
}

// --- plain HTTP ------------------------------------------------------------------------------------------

if (!echoOnly) await here("GET / is the page, GET elsewhere is 404", async () => {
  const origin = base.replace(/^ws/, "http");
  const page = await fetch(origin);
  equal([page.status, page.headers.get("content-type")], [200, "text/html; charset=utf-8"], "page");
  equal((await page.text()).includes("<title>WebSocket echo</title>"), true, "title");
  equal((await fetch(`${origin}nowhere`)).status, 404, "elsewhere");
});

if (!proxied) { // a proxy has its own opinion of these
  for (const [name, version, key, wanted] of [
    ["an unknown version is refused with 426 and the known one", "12", "dGhlIHNhbXBsZSBub25jZQ==", /^HTTP\/1\.1 426 [^]*\r\nsec-websocket-version: 13\r\n/i],
    ["a missing key is refused with 400", "13", null, /^HTTP\/1\.1 400 /],
    ["a key that is not 16 bytes is refused with 400", "13", "c2hvcnQ=", /^HTTP\/1\.1 400 /],
    ["a handshake one byte at a time", "13", "dGhlIHNhbXBsZSBub25jZQ==", /^HTTP\/1\.1 101 [^]*\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/i],
  ]) {
    await here(name, async () => {
      const { port, hostname, host } = new URL(base);
      const socket = net.connect({ port: Number(port), host: hostname, noDelay: true });
      socket.on("error", () => {});
      const keyLine = key ? `Sec-WebSocket-Key: ${key}\r\n` : "";
      const head = `GET / HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${keyLine}Sec-WebSocket-Version: ${version}\r\n\r\n`;
      for (const byte of head) {
        socket.write(byte);
        await new Promise(setImmediate);
      }
      let answer = "";
      for await (const bytes of socket) {
        answer += bytes.toString("latin1");
        if (answer.includes("\r\n\r\n")) break;
      }
      if (!wanted.test(answer)) throw new Error(JSON.stringify(answer.slice(0, 160)));
    });
  }
}

finish();
