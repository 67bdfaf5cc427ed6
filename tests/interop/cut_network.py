"""Peers that fail a server in every way that a network can: cut_network.py LABEL PORT SECONDS LOG.

An echo server listens at PORT that pings after SECONDS of silence, waits half as long for an answer, and a quarter
for the end of a connection that is closing; it writes to LOG how each has ended. Each peer here is a socket with nothing behind it but this script, so
that it can do what no WebSocket client would. All of them fail at the same time; each checks what the server does,
and when.
"""

import asyncio
import socket
import struct
import sys
import time

LABEL, PORT, SECONDS, LOG = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
REQUEST = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
# A server looks at its clocks now and then, sees silence at the second look, and shares its cores with others.
SLACK = 1.5 + SECONDS
TCP_REPAIR = 19


def frame(opcode, payload=b"", fin=True):
    """A client's frame, masked with zeros."""
    first = bytes([opcode | (0x80 if fin else 0)])
    if len(payload) < 126:
        return first + bytes([0x80 | len(payload)]) + bytes(4) + payload
    return first + b"\xff" + struct.pack(">Q", len(payload)) + bytes(4) + payload


class Peer:
    """A client that does only what it is told to."""

    async def open(self, handshake=True, buffer=None):
        self.sock = socket.socket()
        if buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.sock.setblocking(False)
        await self.loop.sock_connect(self.sock, ("127.0.0.1", PORT))
        self.started = time.monotonic()
        if handshake:
            await self.send(REQUEST)
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += await self.receive(1)
            assert head.startswith(b"HTTP/1.1 101 "), head
        return self

    @property
    def loop(self):
        return asyncio.get_running_loop()

    def elapsed(self):
        return time.monotonic() - self.started

    async def send(self, data):
        await self.loop.sock_sendall(self.sock, data)

    async def receive(self, count):
        data = b""
        while len(data) < count:
            part = await asyncio.wait_for(self.loop.sock_recv(self.sock, count - len(data)), 30)
            if not part:
                raise EOFError(f"the end after {self.elapsed():.1f} s")
            data += part
        return data

    async def next_frame(self):
        """Opcode and payload of a frame of up to 125 bytes."""
        first, length = await self.receive(2)
        return first & 0x0F, await self.receive(length)

    async def expect(self, opcode, payload, after, within=SLACK):
        got = await self.next_frame()
        assert got == (opcode, payload), f"{got} instead of {(opcode, payload)}"
        self.check_time(after, within)

    def check_time(self, after, within=SLACK):
        took = self.elapsed()
        assert after - 0.1 <= took <= after + within, f"{took:.1f} s instead of {after} to {after + within}"

    async def expect_end(self, after, within=SLACK):
        """The server's FIN, or its RST, and nothing before it."""
        try:
            rest = await self.receive(1)
            raise AssertionError(f"{rest} instead of the end")
        except (EOFError, ConnectionResetError):
            self.check_time(after, within)

    async def drain(self):
        """Reads to the end."""
        try:
            while await asyncio.wait_for(self.loop.sock_recv(self.sock, 1 << 20), 30):
                pass
        except ConnectionResetError:
            pass


async def a_silent_peer_is_pinged_and_given_up():
    peer = await Peer().open()
    await peer.expect(9, b"", after=SECONDS)
    await peer.expect(8, struct.pack(">H", 1011), after=1.5 * SECONDS)
    await peer.expect_end(after=1.5 * SECONDS)


async def a_peer_that_answers_pings_lives():
    peer = await Peer().open()
    while peer.elapsed() < 4 * SECONDS:
        opcode, payload = await peer.next_frame()
        assert opcode == 9, opcode
        await peer.send(frame(10, payload))
    await peer.send(frame(1, b"still here"))
    await peer.expect(1, b"still here", after=4 * SECONDS)


async def a_message_that_stops_in_the_middle_is_not_waited_for():
    peer = await Peer().open()
    await peer.send(frame(2, bytes(100_000))[:50_000])
    await peer.expect(9, b"", after=SECONDS)
    await peer.expect(8, struct.pack(">H", 1011), after=1.5 * SECONDS)
    await peer.expect_end(after=1.5 * SECONDS)


async def a_peer_that_sends_and_does_not_read_is_given_up():
    peer = await Peer().open()
    message = frame(2, bytes(1 << 20))
    sent = 0
    try:
        while peer.elapsed() < 30:  # until the server reads no more, and then resets the connection
            sent += 1
            await asyncio.wait_for(peer.send(message), 30)
    except (ConnectionResetError, BrokenPipeError):
        pass
    peer.check_time(1.5 * SECONDS, within=SLACK + SECONDS)
    assert sent < 64, f"{sent} MiB were taken from a peer that reads nothing"


ECHOED = frame(2, bytes(range(256)) * (12 << 12))  # 12 MiB: more than the kernel takes for a peer that does not read


async def open_with_small_buffer():
    peer = await Peer().open(buffer=8192)
    await asyncio.wait_for(peer.send(ECHOED), 30)
    return peer


async def a_peer_that_reads_slowly_gets_everything():
    peer = await open_with_small_buffer()
    started = time.monotonic()
    got = bytearray()
    while len(got) < 8 << 20:  # at a steady rate, in more than twice the time of a silence; and says nothing itself
        got += await peer.receive(1 << 15)
        await asyncio.sleep(started + 2.25 * SECONDS * len(got) / (8 << 20) - time.monotonic())
    # What the kernel holds counts as sent, and a Ping waits behind it: the Pong has half a silence.
    got += await peer.receive(10 + (12 << 20) - len(got))
    assert got[:10] == b"\x82\x7f" + struct.pack(">Q", 12 << 20) and got[10:] == ECHOED[14:], "not what was sent"
    await peer.expect(9, b"", after=0, within=60)
    await peer.send(frame(10) + frame(1, b"and more"))
    await peer.expect(1, b"and more", after=0, within=60)


async def a_peer_that_takes_a_little_and_then_nothing_is_given_up():
    peer = await open_with_small_buffer()
    await peer.receive(1 << 20)
    last = peer.elapsed()
    port = peer.sock.getsockname()[1]
    while connections_from(port):
        assert peer.elapsed() < last + 2.5 * SECONDS + SLACK, "the server still waits"
        await asyncio.sleep(0.05)
    peer.check_time(last + 1.5 * SECONDS, within=SLACK + SECONDS)


async def a_handshake_byte_by_byte_has_its_time_and_no_more():
    peer = await Peer().open(handshake=False)
    answer = asyncio.create_task(peer.receive(13))
    for byte in REQUEST:
        if answer.done():
            break
        await peer.send(bytes([byte]))
        await asyncio.sleep(0.2)
    assert (await answer).startswith(b"HTTP/1.1 408 "), answer
    peer.check_time(10)  # the default of the crate
    await peer.drain()


async def a_peer_that_says_nothing_at_all_has_the_same_time():
    peer = await Peer().open(handshake=False)
    assert (await peer.receive(13)).startswith(b"HTTP/1.1 408 ")
    peer.check_time(10)
    await peer.drain()


async def a_peer_that_vanishes_without_a_word_is_found():
    peer = await Peer().open()
    # Closing a socket in repair mode sends nothing: to the server it looks as if the machine had lost its power, and
    # come back without knowing of the connection.
    peer.sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    port = peer.sock.getsockname()[1]
    peer.sock.close()
    assert connections_from(port), "the server must not know yet"
    while connections_from(port):
        assert peer.elapsed() < SECONDS + SLACK, "the server has not noticed"
        await asyncio.sleep(0.05)
    peer.check_time(SECONDS)


def connections_from(port):
    """The server's socket for the connection from our port, as long as the server holds it: then it has an inode."""
    rows = [line.split() for line in open("/proc/net/tcp").readlines()[1:]]
    ends = (f":{PORT:04X}", f":{port:04X}")
    return [row for row in rows if (row[1][-5:], row[2][-5:]) == ends and row[9] != "0"]


async def an_unanswered_close_is_not_waited_for():
    peer = await Peer().open()
    await peer.send(b"\x81\x01x")  # not masked: the server closes, and this peer stays
    await peer.expect(8, struct.pack(">H", 1002), after=0)
    await peer.expect_end(after=0)  # its side ends at once
    port = peer.sock.getsockname()[1]
    while connections_from(port):
        assert peer.elapsed() < max(SECONDS / 4, 2) + SLACK, "the server still waits"
        await asyncio.sleep(0.05)


async def a_half_closed_peer_gets_its_answers():
    peer = await Peer().open()
    await peer.send(b"".join(frame(1, b"%03d" % i) for i in range(100)))
    peer.sock.shutdown(socket.SHUT_WR)
    for i in range(100):
        await peer.expect(1, b"%03d" % i, after=0)
    await peer.expect_end(after=0)


async def a_last_byte_behind_both_closes_is_no_error():
    peer = await Peer().open()
    code = struct.pack(">H", 4321)
    await peer.send(frame(8, code))
    await peer.expect(8, code, after=0)
    await peer.expect_end(after=0)
    # Byte and FIN in one segment: when the server reads the byte, both sides have ended.
    peer.sock.send(b"?", socket.MSG_MORE)
    peer.sock.shutdown(socket.SHUT_WR)
    while not (lines := [line for line in open(LOG) if "4321" in line]):
        assert peer.elapsed() < SLACK, "the server does not say how it ended"
        await asyncio.sleep(0.05)
    assert "is_clean: true" in lines[0] and "not connected" not in lines[0], lines[0]
    peer = await Peer().open()
    await peer.send(frame(1, b"next"))
    await peer.expect(1, b"next", after=0)


async def main():
    tests = [value for name, value in globals().items() if name.startswith(("a_", "an_"))]
    results = await asyncio.gather(*(test() for test in tests), return_exceptions=True)
    for test, result in zip(tests, results):
        name = f"{LABEL}: {test.__name__.replace('_', ' ')}"
        if result is None:
            print(f"ok      {name}")
        else:
            print(f"FAILED  {name}: {type(result).__name__} {result}")
    return any(result is not None for result in results)


sys.exit(asyncio.run(main()))
