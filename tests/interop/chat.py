"""Many receivers in two processes of the chat: chat.py LABEL RECEIVERS PORT PORT.

Half of the receivers are connected to each port. What one of them says must reach all, in one order; who does not read
must not hold up the others, and is closed when it is too far behind.
"""

import asyncio
import resource
import sys
import time

LABEL, RECEIVERS, PORTS = sys.argv[1], int(sys.argv[2]), [int(port) for port in sys.argv[3:]]
REQUEST = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Receiver(asyncio.Protocol):
    """Keeps what comes behind the head; unmasked frames of one length, so there is nothing to parse."""

    def __init__(self):
        self.data, self.is_open = bytearray(), asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport
        transport.write(REQUEST)

    def data_received(self, data):
        self.data += data
        if not self.is_open.done() and b"\r\n\r\n" in self.data:
            assert self.data.startswith(b"HTTP/1.1 101 "), self.data
            del self.data[: self.data.index(b"\r\n\r\n") + 4]
            self.is_open.set_result(None)

    def connection_lost(self, error):
        self.transport = None

    def say(self, text):
        data = text.encode()
        self.transport.write(bytes([0x81, 0x80 | len(data)]) + bytes(4) + data)


async def connect(count):
    receivers = []
    for first in range(0, count, 200):  # not more at once than a listener's queue takes
        group = range(first, min(first + 200, count))
        pairs = [asyncio.get_running_loop().create_connection(Receiver, "127.0.0.1", PORTS[i % len(PORTS)]) for i in group]
        receivers += [receiver for _, receiver in await asyncio.gather(*pairs)]
        await asyncio.gather(*(receiver.is_open for receiver in receivers[first:]))
    return receivers


async def until(condition, seconds):
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, f"not within {seconds} s"
        await asyncio.sleep(0.02)
    return time.monotonic() - started


async def everybody_hears_everything():
    receivers = await connect(RECEIVERS)
    try:
        texts = [f"message {i:03}" for i in range(20)]
        for i, text in enumerate(texts):
            receivers[i].say(text)  # from both processes in turn
        length = 20 * (2 + len(texts[0]))
        took = await until(lambda: all(len(receiver.data) >= length for receiver in receivers), 60)
        heard = bytes(receivers[0].data)
        assert all(receiver.data == heard for receiver in receivers), "not the same, or not in the same order"
        assert sorted(heard[i + 2 : i + 13].decode() for i in range(0, length, 13)) == texts, heard
        return f"{RECEIVERS} receivers in {len(PORTS)} processes, 20 messages, {took:.1f} s"
    finally:
        for receiver in receivers:
            receiver.transport and receiver.transport.abort()


async def who_does_not_read_is_closed_and_nobody_waits():
    lazy, talker, other = await connect(3)
    lazy.transport.pause_reading()
    text = "x" * 120
    try:
        for count in range(1, 1_000_000):
            talker.say(text)
            if count % 200 == 0:
                # More than the messages are the Pings that a busy machine has time for.
                await until(lambda: len(other.data) >= count * 122, 10)
            if count == 60_000:
                break
        lazy.transport.resume_reading()
        await until(lambda: lazy.transport is None or lazy.data.endswith(b"\x88\x0a\x03\xf5too slow"), 10)
        assert lazy.data.endswith(b"\x88\x0a\x03\xf5too slow"), lazy.data[-40:]
        return f"closed after {len(lazy.data) // 122} of {count} messages"
    finally:
        for receiver in (lazy, talker, other):
            receiver.transport and receiver.transport.abort()


async def main():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    failed = False
    for test in everybody_hears_everything, who_does_not_read_is_closed_and_nobody_waits:
        name = f"{LABEL}: {test.__name__.replace('_', ' ')}"
        try:
            print(f"ok      {name}: {await test()}", flush=True)
        except Exception as error:
            failed = True
            print(f"FAILED  {name}: {type(error).__name__} {error}", flush=True)
    return failed


sys.exit(asyncio.run(main()))
