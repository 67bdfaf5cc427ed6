// Stands between a WebSocket client and a server and looks at the frames that pass: tap.mjs URL, where the server
// listens. Prints `listening on ws://…`, and for each connection that has ended a line with what it saw:
//
//   frames: client 3 compressed of 5, server 3 compressed of 5
//
// "Compressed" is a message whose first frame has the first reserved bit (RFC 7692 §6): what the two ends say of
// themselves proves nothing.

import net from "node:net";

const target = new URL(process.argv[2]);

// Finds the first frames of messages in a stream that begins with a head of HTTP.
class Frames {
  compressed = 0;
  messages = 0;
  #bytes = Buffer.alloc(0);
  #inHead = true;
  #skip = 0;

  push(chunk) {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    if (this.#inHead) {
      const end = this.#bytes.indexOf("\r\n\r\n");
      if (end < 0) return;
      this.#inHead = false;
      this.#bytes = this.#bytes.subarray(end + 4);
    }
    while (this.#advance());
  }

  #advance() {
    const skipped = Math.min(this.#skip, this.#bytes.length);
    this.#bytes = this.#bytes.subarray(skipped);
    this.#skip -= skipped;
    if (this.#skip > 0 || this.#bytes.length < 2) return false;
    const [first, second] = this.#bytes;
    const form = second & 0x7f;
    const head = { 126: 4, 127: 10 }[form] ?? 2;
    if (this.#bytes.length < head) return false;
    const length = form === 126 ? this.#bytes.readUInt16BE(2)
      : form === 127 ? Number(this.#bytes.readBigUInt64BE(2)) : form;
    if ([1, 2].includes(first & 0x0f)) {
      this.messages += 1;
      this.compressed += (first & 0x40) >> 6;
    }
    this.#skip = head + (second & 0x80 ? 4 : 0) + length;
    return true;
  }

  toString() {
    return `${this.compressed} compressed of ${this.messages}`;
  }
}

const server = net.createServer((client) => {
  const upstream = net.connect(Number(target.port), target.hostname);
  const [sent, answered] = [new Frames(), new Frames()];
  client.on("data", (chunk) => sent.push(chunk));
  upstream.on("data", (chunk) => answered.push(chunk));
  client.pipe(upstream).pipe(client);
  for (const socket of [client, upstream]) socket.on("error", () => [client, upstream].forEach((s) => s.destroy()));
  upstream.on("close", () => console.log(`frames: client ${sent}, server ${answered}`));
});
server.listen(0, "127.0.0.1", () => console.log(`listening on ws://127.0.0.1:${server.address().port}/`));
