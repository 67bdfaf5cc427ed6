// Debian's Chromium, used as a person would: chromium.mjs URL SCREENSHOT, where echo_server with the
// subprotocols `chat` and `v2` listens at URL. Types, clicks and reads what the page shows.

import { check, equal, finish, playwright } from "./check.mjs";

const [base, screenshot] = [process.argv[2].replace(/^ws/, "http"), process.argv[3]];
const browser = await playwright().chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-default-apps"],
});

// Each check has a page of its own; what the page complains about fails it.
async function here(name, query, body) {
  await check(`chromium: ${name}`, async () => {
    const page = await browser.newPage({ viewport: { width: 900, height: 680 } });
    const complaints = [];
    page.setDefaultTimeout(20_000);
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(base + query);
    await body(page);
    equal(complaints, [], "errors in the page");
    await page.close();
  }, 60);
}

const state = (page, name) => page.waitForSelector(`html[data-state=${name}]`);
const row = (page) => page.locator("#log li[data-direction=received]").last();
const received = (page, count) =>
  page.waitForFunction((n) => document.getElementById("received-count").textContent === String(n), count);

async function closed(page) {
  await state(page, "closed");
  const { code, reason, clean } = await page.locator("#closed").evaluate((e) => ({ ...e.dataset }));
  return [code, reason, clean];
}

await here("types and sees the echo", "", async (page) => {
  await state(page, "open");
  const texts = ["Hello, world", "Grüße aus Köln — 你好 👋", "<b>not markup</b>", "", "x".repeat(100_000)];
  for (const [i, text] of texts.entries()) {
    await page.fill("#text", text);
    await (i % 2 ? page.click("#send") : page.press("#text", "Enter"));
    await received(page, i + 1);
    equal(await row(page).getAttribute("data-echo"), "same", "echo");
    equal(await row(page).getAttribute("data-size"), String(Buffer.byteLength(text)), "size");
    if (text && text.length < 100) equal(await row(page).locator(".payload").textContent(), text, "shown");
  }
});

await here("sends binary up to 1 MiB", "", async (page) => {
  await state(page, "open");
  for (const [i, size] of [0, 1, 125, 126, 65535, 65536, 1 << 20].entries()) {
    await page.fill("#size", String(size));
    await page.click("#send-binary");
    await received(page, i + 1);
    equal(await row(page).evaluate((e) => [e.dataset.echo, e.dataset.kind, e.dataset.size]),
      ["same", "binary", String(size)], "echo");
  }
});

await here("the server closes with a code and a reason", "?path=/close/4001/bye", async (page) => {
  await state(page, "open");
  await page.fill("#text", "now");
  await page.click("#send");
  equal(await closed(page), ["4001", "bye", "true"], "close");
  equal((await page.textContent("#closed")).includes("4001"), true, "shown");
});

await here("closes with a code and a reason, then reconnects", "#/", async (page) => {
  await state(page, "open");
  await page.fill("#close-code", "4000");
  await page.fill("#close-reason", "going home");
  await page.click("#close");
  const [code, , clean] = await closed(page); // Chromium reports the server's frame: its code, and maybe its reason
  equal([code, clean], ["4000", "true"], "close");
  await page.click("#connect");
  await state(page, "open");
});

await here("agrees on a subprotocol", "?subprotocols=unknown,chat", async (page) => {
  await state(page, "open");
  equal(await page.textContent("#protocol"), "chat", "subprotocol");
});

await here("without a common subprotocol does not connect", "?subprotocols=unknown", async (page) => {
  equal((await closed(page))[0], "1006", "code"); // browsers insist on one of those they offered
});

await here("receives 16 MiB that it did not ask for", "?path=/push/16777216", async (page) => {
  await received(page, 1);
  equal(await row(page).getAttribute("data-size"), "16777216", "size");
});

await here("receives fragments with pings in between", "?path=/fragments/7", async (page) => {
  await state(page, "open");
  await page.fill("#size", "100000");
  await page.click("#send-binary");
  await received(page, 1);
  equal(await row(page).getAttribute("data-echo"), "same", "echo");
});

await here("looks as it should (screenshot)", "?subprotocols=chat", async (page) => {
  await state(page, "open");
  for (const text of ["Hello, world", "Grüße aus Köln — 你好 👋", "<b>not markup</b>"]) {
    await page.fill("#text", text);
    await page.click("#send");
  }
  await page.fill("#size", "1048576");
  await page.click("#send-binary");
  await received(page, 4);
  await page.screenshot({ path: screenshot });
});

await browser.close();
finish();
