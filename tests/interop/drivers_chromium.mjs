// Debian's Chromium as the client of echo servers: drivers_chromium.mjs NAME=URL... A blank page has no server of its
// own, so it can talk to each of them.

import { check, equal, finish, playwright } from "./check.mjs";

const browser = await playwright().chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-default-apps", "--ignore-certificate-errors"],
});

// In the page: echoes of text and bytes of several sizes, then a close; what came of it.
async function talk(url) {
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  const next = (type) => new Promise((resolve, reject) => {
    socket.addEventListener(type, resolve, { once: true });
    socket.addEventListener("error", () => reject(new Error("the connection has failed")), { once: true });
  });
  await next("open");
  const messages = ["", "Grüße aus Köln — 你好 👋", "x".repeat(70_000), new Uint8Array(65_536).fill(7).buffer,
    new Uint8Array(1 << 20).map((_, i) => i * 31).buffer];
  for (const message of messages) {
    const echo = next("message");
    socket.send(message);
    const { data } = await echo;
    const same = typeof message === "string" ? data === message
      : new Uint8Array(message).every((byte, i) => byte === new Uint8Array(data)[i]) && data.byteLength === message.byteLength;
    if (!same) throw new Error("the echo differs");
  }
  const closed = next("close");
  socket.close(4001, "enough");
  const { code, wasClean } = await closed;
  return [messages.length, code, wasClean];
}

for (const [name, url] of process.argv.slice(2).map((argument) => argument.split("="))) {
  await check(`driver ${name}, chromium`, async () => {
    const page = await browser.newPage();
    equal(await page.evaluate(talk, url), [5, 4001, true], "messages, code, clean");
    await page.close();
  }, 60);
}

await browser.close();
finish();
