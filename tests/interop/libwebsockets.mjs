// libwebsockets, by the two programs that Debian ships:
// libwebsockets.mjs LWS_SERVER_PORT ECHO_SERVER_PORT, where libwebsockets-test-server listens on the one and
// echo_server, with both of lws's subprotocols, on the other.

import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { check, equal, finish, runClient } from "./check.mjs";

const [lwsPort, echoPort] = process.argv.slice(2).map(Number);
const lws = `ws://127.0.0.1:${lwsPort}/`;

await check("libwebsockets server: its mirror protocol echoes", async () => {
  // What it mirrors is 64 octets at most a message, and goes to everyone who is connected.
  const lines = "c #123456 1 2 3;\nGrüße\n" + "x".repeat(60) + "\n";
  const { status, stdout, stderr } = await runClient([lws, "--subprotocol", "lws-mirror-protocol"], lines);
  equal([status, stdout], [0, lines], "status, stdout");
  equal(stderr.split("\n").map((line) => line.trim()).slice(0, 2),
    ["subprotocol: lws-mirror-protocol", "closed: 1000"], "stderr");
});

await check("libwebsockets server: its counters arrive", async () => {
  const { status, stdout } = await runClient([lws, "--subprotocol", "dumb-increment-protocol"], "go\n");
  equal([status, /^\d+\n/.test(stdout)], [0, true], "status, a number");
});

// Its client does not tell what it received, so it goes through a relay that reads along.
await check("libwebsockets client: what it draws is echoed", async () => {
  const connections = [];
  const relay = net.createServer((client) => {
    const server = net.connect(echoPort, "127.0.0.1");
    const record = { up: [], down: [] };
    connections.push(record);
    for (const [from, to, bytes] of [[client, server, record.up], [server, client, record.down]]) {
      from.on("data", (data) => bytes.push(data)).on("error", () => {});
      from.pipe(to);
    }
  }).listen(0, "127.0.0.1");
  await once(relay, "listening");
  // It opens its connections when it likes, and sometimes only one of the two; then it gets another chance.
  const headOf = ({ down }) => String(Buffer.concat(down)).match(/^HTTP\/1\.1 101 [^]*?\r\n\r\n/)?.[0] ?? "";
  const isMirror = (record) => /\r\nsec-websocket-protocol: *lws-mirror-protocol\r\n/i.test(headOf(record));
  const isEnough = (record) => isMirror(record) && [record.up, record.down].every((way) => frames(way, 10).length === 10);
  for (let tries = 0; tries < 6 && !connections.some(isEnough); tries++) {
    const program = spawn("libwebsockets-test-client", ["127.0.0.1", `--port=${relay.address().port}`], { stdio: "ignore" });
    for (let ticks = 0; ticks < 50 && !connections.some(isEnough); ticks++) await sleep(100);
    await sleep(500); // for what is on its way
    program.kill();
  }
  relay.close();
  const mirror = connections.findIndex(isEnough);
  if (mirror < 0) throw new Error(`${connections.length} connections, none echoed 10 messages over lws-mirror-protocol`);
  const [drawn, echoed] = [frames(connections[mirror].up), frames(connections[mirror].down)];
  const behind = drawn.length - echoed.length; // cut off in the middle, some may be on their way
  if (behind < 0 || behind > 200) throw new Error(`${echoed.length} of ${drawn.length} messages came back`);
  equal(echoed, drawn.slice(0, echoed.length), "echoes");
}, 60);

// The payloads of the frames behind the head; all are shorter than 126 octets and uncompressed.
function frames(chunks, most = Infinity) {
  const bytes = Buffer.concat(chunks), found = [];
  let at = bytes.indexOf("\r\n\r\n") + 4;
  while (at + 2 <= bytes.length && found.length < most) {
    const masked = bytes[at + 1] >> 7, size = bytes[at + 1] & 0x7f, start = at + 2 + 4 * masked;
    if (start + size > bytes.length) break;
    const payload = bytes.subarray(start, start + size);
    found.push(payload.map((byte, i) => (masked ? byte ^ bytes[start - 4 + (i & 3)] : byte)).toString());
    at = start + size;
  }
  return found;
}

finish();
