// Debian's Chromium and a WebSocket on a stream of HTTP/2: chromium_h2.mjs LABEL URL NETLOG, where a server listens at
// URL (https://…/) that gives a page over HTTP/2 and echoes on a WebSocket beside it.
//
// What counts is not what either end says of itself but what was on the wire. Chromium keeps a log of it, inside of
// TLS: the settings and headers of HTTP/2, and all bytes, in which the WebSocket's frames are found.

import { readFileSync } from "node:fs";
import { check, equal, finish, playwright } from "./check.mjs";

const [label, url, netlog] = process.argv.slice(2);
const browser = await playwright().chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-default-apps", "--ignore-certificate-errors",
    `--log-net-log=${netlog}`, "--net-log-capture-mode=Everything"],
});

// In the page: echoes, then a close; what came of it.
async function talk() {
  const socket = new WebSocket(`wss://${location.host}/wire`); // the page may have one of its own at another path
  socket.binaryType = "arraybuffer";
  const next = (type) => new Promise((resolve, reject) => {
    socket.addEventListener(type, resolve, { once: true });
    socket.addEventListener("error", () => reject(new Error("the connection has failed")), { once: true });
  });
  await next("open");
  const messages = ["Grüße aus Köln — 你好 👋 ".repeat(100), "x".repeat(70_000), new Uint8Array(1 << 20).fill(7).buffer];
  for (const message of messages) {
    const echo = next("message");
    socket.send(message);
    const { data } = await echo;
    const same = typeof message === "string" ? data === message
      : data.byteLength === message.byteLength && new Uint8Array(data).every((byte) => byte === 7);
    if (!same) throw new Error("the echo differs");
  }
  const closed = next("close");
  socket.close(4001, "enough");
  const { code, wasClean } = await closed;
  return [messages.length, socket.extensions.split(";")[0], code, wasClean];
}

await check(`${label}, chromium: echoes over HTTP/2`, async () => {
  const page = await browser.newPage();
  await page.goto(url);
  equal(await page.evaluate(talk), [3, "permessage-deflate", 4001, true], "messages, extension, code, clean");
}, 60);

await browser.close(); // the log is whole only now
const log = JSON.parse(readFileSync(netlog, "utf8"));
const events = (name) => log.events.filter((event) => event.type === log.constants.logEventTypes[name] && event.params);

let stream;
await check(`${label}, chromium: the server allows the extended CONNECT`, async () => {
  const settings = events("HTTP2_SESSION_RECV_SETTING").map(({ params }) => `${params.id} = ${params.value}`);
  equal(settings.filter((setting) => /ENABLE_CONNECT_PROTOCOL/.test(setting)), ["8 (SETTINGS_ENABLE_CONNECT_PROTOCOL) = 1"],
    "setting");
});

await check(`${label}, chromium: the WebSocket is opened by a CONNECT with :protocol`, async () => {
  const opened = events("HTTP2_SESSION_SEND_HEADERS").map(({ params }) => params)
    .filter(({ headers }) => headers.includes(":path: /wire"));
  equal(opened.length, 1, "streams");
  stream = opened[0].stream_id;
  const headers = opened[0].headers;
  for (const header of [":method: CONNECT", ":protocol: websocket", ":scheme: https", "sec-websocket-version: 13"]) {
    equal(headers.includes(header), true, header);
  }
  equal(headers.some((header) => /^(sec-websocket-key|upgrade|connection):/.test(header)), false, "headers of an upgrade");
  const [answer] = events("HTTP2_SESSION_RECV_HEADERS").map(({ params }) => params).filter((one) => one.stream_id === stream);
  equal(answer.headers[0], ":status: 200", "status");
  equal(answer.headers.some((header) => /^sec-websocket-extensions: permessage-deflate/.test(header)), true, "extension");
});

// The payload of the DATA frames of one stream (RFC 9113 §4.1, §6.1), from all bytes of a connection.
function dataOf(bytes, stream) {
  const parts = [];
  while (bytes.length >= 9) {
    const [length, type, id] = [bytes.readUIntBE(0, 3), bytes[3], bytes.readUInt32BE(5) & 0x7fffffff];
    if (type === 0 && id === stream) parts.push(bytes.subarray(9, 9 + length));
    bytes = bytes.subarray(9 + length);
  }
  return Buffer.concat(parts);
}

// For each frame of WebSocket: whether it begins a message, and whether that is compressed (RFC 7692 §6).
function* messages(bytes) {
  while (bytes.length >= 2) {
    const [first, second] = bytes;
    const form = second & 0x7f;
    const length = form === 126 ? bytes.readUInt16BE(2) : form === 127 ? Number(bytes.readBigUInt64BE(2)) : form;
    if ([1, 2].includes(first & 0x0f)) yield (first & 0x40) !== 0;
    bytes = bytes.subarray(({ 126: 4, 127: 10 }[form] ?? 2) + (second & 0x80 ? 4 : 0) + length);
  }
}

for (const [from, name, prefix] of [["client", "SSL_SOCKET_BYTES_SENT", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ["server", "SSL_SOCKET_BYTES_RECEIVED", ""]]) {
  await check(`${label}, chromium: messages from the ${from} are compressed on the wire`, async () => {
    const bySocket = group(events(name));
    const found = Object.values(bySocket).flatMap((some) => {
      const bytes = Buffer.concat(some.map(({ params }) => Buffer.from(params.bytes, "base64")));
      return [...messages(dataOf(bytes.subarray(prefix.length), stream))];
    });
    equal(found, [true, true, true], "compressed");
  });
}

// By the socket that they are about.
function group(events) {
  const by = {};
  for (const event of events) (by[event.source.id] ??= []).push(event);
  return by;
}

finish();
