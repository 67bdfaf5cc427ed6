// What the Node drivers share: checks that print one line each, the pinned packages, and the client
// under test as a child process.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";

// tests/interop/run installs the packages outside the source tree and says where.
const load = createRequire(`${process.env.INTEROP_PACKAGES}/`);
export const ws = load("ws");
export const playwright = () => load("playwright-core");

// The edges of the three payload length forms (RFC 6455 §5.2), and sizes that need many reads.
export const SIZES = [0, 1, 125, 126, 127, 65535, 65536, 1 << 20, 16 << 20];

export function pattern(size) {
  const bytes = Buffer.allocUnsafe(size);
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >> 8)) & 0xff;
  return bytes;
}

export function textOf(size) {
  return "grüße ".repeat(Math.ceil(size / 8)).slice(0, size); // 8 bytes in UTF-8 for 6 characters
}

let failed = 0;

export async function check(name, body, seconds = 30) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${seconds} s`)), seconds * 1000);
  });
  try {
    await Promise.race([body(), limit]);
    console.log(`ok      ${name}`);
  } catch (error) {
    failed++;
    console.log(`FAILED  ${name}: ${String(error.message ?? error).split("\n")[0]}`);
  } finally {
    clearTimeout(timer);
  }
}

export function finish() {
  process.exit(failed ? 1 : 0);
}

export function equal(actual, expected, what) {
  if (Buffer.isBuffer(actual) && Buffer.isBuffer(expected)) {
    if (actual.equals(expected)) return;
    throw new Error(`${what}: ${actual.length} bytes that differ from the ${expected.length} expected`);
  }
  const [a, e] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== e) throw new Error(`${what}: ${String(a).slice(0, 200)} instead of ${String(e).slice(0, 200)}`);
}

// Runs the client under test with `args` and `input` on its standard input.
export async function runClient(args, input = "") {
  const [program, ...fixed] = process.env.ECHO_CLIENT.split(" ");
  const child = spawn(program, [...fixed, ...args], { stdio: "pipe", timeout: 60_000 });
  const out = [], err = [];
  child.stdout.on("data", (bytes) => out.push(bytes));
  child.stderr.on("data", (bytes) => err.push(bytes));
  child.stdin.on("error", () => {}); // it may have ended without reading everything
  child.stdin.end(input);
  const [status] = await once(child, "close");
  return { status, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
}
