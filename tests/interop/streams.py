"""WebSockets on streams of HTTP/2 or HTTP/3: streams.py h2|h3 LABEL PORT SECONDS.

An echo server listens at PORT that pings after SECONDS of silence and waits half as long for an answer. The HTTP is
that of PyPI `h2`, or of `aioquic`; the frames are those of `wsproto`, which knows permessage-deflate.
"""

import asyncio
import os
import sys
import time

from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage
from wsproto.extensions import PerMessageDeflate

VERSION, LABEL, PORT, SECONDS = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
if VERSION == "h2":
    from http2_link import Link, WINDOW_BYTES
else:
    from http3_link import Link, WINDOW_BYTES

# The edges of the three payload length forms (RFC 6455 §5.2), and sizes that need many windows.
LARGE = 8 << 20 if VERSION == "h2" else 2 << 20  # a QUIC of Python takes its time
SIZES = [0, 1, 125, 126, 127, 65535, 65536, 1 << 20, LARGE]
SLACK = 1.5 + SECONDS
failed = 0


async def check(name, body, *args):
    global failed
    try:
        async with asyncio.timeout(60):
            await body(*args)
        print(f"ok      {LABEL}: {name}", flush=True)
    except Exception as error:  # whatever it is, the next check still runs
        failed += 1
        print(f"FAILED  {LABEL}: {name}: {type(error).__name__} {str(error)[:200]!r}", flush=True)


def want(actual, expected, what):
    if actual != expected:
        raise AssertionError(f"{what}: {repr(actual)[:80]} instead of {repr(expected)[:80]}")


def request(method="CONNECT", protocol="websocket", origin=None, version="13", extensions=None, more=()):
    fields = [(":method", method), (":scheme", "https"), (":authority", f"localhost:{PORT}"), (":path", "/")]
    fields += [(":protocol", protocol)] if protocol else []
    fields += [("sec-websocket-version", version)] if version else []
    fields += [("origin", origin)] if origin else []
    fields += [("sec-websocket-extensions", extensions)] if extensions else []
    return [*fields, *more]


class Deflate(PerMessageDeflate):
    """Counts the messages that are compressed on the wire, by their RSV1 (RFC 7692 §6)."""

    def __init__(self):
        super().__init__()
        self.sent, self.received = 0, 0

    def frame_inbound_header(self, proto, opcode, rsv, payload_length):
        self.received += rsv.rsv1
        return super().frame_inbound_header(proto, opcode, rsv, payload_length)

    def frame_outbound(self, proto, opcode, rsv, data, fin):
        rsv, data = super().frame_outbound(proto, opcode, rsv, data, fin)
        self.sent += rsv.rsv1
        return rsv, data


class Socket:
    """A WebSocket on a stream."""

    @classmethod
    async def open(cls, link, deflate=False, **options):
        socket = cls()
        socket.deflate = Deflate()
        offer = f"permessage-deflate; {socket.deflate.offer()}" if deflate else None
        socket.stream = await link.open(request(extensions=offer, **options))
        want(socket.stream.status, 200, "status")
        agreed = socket.stream.headers.get("sec-websocket-extensions")
        want(agreed is not None and agreed.startswith("permessage-deflate"), deflate, f"agreed on {agreed}")
        if deflate:
            socket.deflate.finalize(agreed)
        socket.ws = Connection(ConnectionType.CLIENT, [socket.deflate] if deflate else [])
        socket.events = []
        return socket

    async def send(self, event):
        await self.stream.send(self.ws.send(event))

    async def next(self):
        """The next message, or another event; `None` at the end of the stream. Pings are answered."""
        parts = []
        while True:
            while not self.events:
                data = await self.stream.receive()
                if not data:
                    return None
                self.ws.receive_data(data)
                self.events += self.ws.events()
            event = self.events.pop(0)
            if isinstance(event, Ping):
                if self.ws.state is ConnectionState.OPEN:
                    await self.send(event.response())
            elif isinstance(event, (TextMessage, BytesMessage)):
                parts.append(event.data)
                if event.message_finished:
                    return "".join(parts) if isinstance(event, TextMessage) else b"".join(parts)
            else:
                return event

    async def echo(self, message):
        # Sending and receiving at the same time: a long echo comes back while the message is still on its way.
        event = TextMessage(message) if isinstance(message, str) else BytesMessage(message)
        sending = asyncio.create_task(self.send(event))
        got = await self.next()
        await sending
        want((type(got), len(got)), (type(message), len(message)), "echo")
        want(got == message, True, "same content")

    async def close(self, code=1000, reason=""):
        await self.send(CloseConnection(code, reason))
        answer = await self.next()
        want((type(answer), answer.code), (CloseConnection, code), "the server's Close")
        want(await self.next(), None, "the end of the stream")
        await self.stream.send(b"", end=True)


# --- the handshake -----------------------------------------------------------------------------------------


async def a_page(link):
    stream = await link.open(request("GET", protocol=None, version=None), end=True)
    page = b""
    while data := await stream.receive():
        page += data
    want((stream.status, len(page) > 0), (200, True), "status, a page")


async def refused(link, status, also, options):
    stream = await link.open(request(**options))
    want(stream.status, status, "status")
    want({name: stream.headers.get(name) for name in also}, also, "fields")
    want(await stream.receive(), b"", "the end of the stream")


async def granted(link, options):
    socket = await Socket.open(link, **options)
    await socket.echo("hello")
    await socket.close()


# --- messages ----------------------------------------------------------------------------------------------


async def sizes(link, size):
    socket = await Socket.open(link)
    await socket.echo(bytes(range(251)) * (size // 251) + bytes(size % 251))
    await socket.echo("a" * size)
    await socket.close()


async def compressed(link):
    socket = await Socket.open(link, deflate=True)
    texts = ["grüße 👋 " * 9000, "the same again " * 5000, "x" * (1 << 20)]
    for text in texts:
        await socket.echo(text)
        await socket.echo(text.encode())
    want(socket.deflate.sent, 2 * len(texts), "compressed messages to the server")
    want(socket.deflate.received, 2 * len(texts), "compressed messages from the server")
    await socket.close(4001, "enough")


async def pings_between_fragments(link):
    socket = await Socket.open(link)
    for part in ("Grü", "", "ße", " in Teilen"):
        await socket.send(TextMessage(part, message_finished=part == " in Teilen"))
        await socket.send(Ping(part.encode()))
    events = [await socket.next() for _ in range(5)]
    want(events[-1] if isinstance(events[-1], str) else events[-2], "Grüße in Teilen", "echo")
    await socket.close()


async def ping(link):
    socket = await Socket.open(link)
    for payload in (b"", b"are you there?", b"p" * 125):
        await socket.send(Ping(payload))
        want(await socket.next(), Pong(payload), "pong")
    await socket.close()


async def closes(link, code):
    socket = await Socket.open(link)
    await socket.close(code, "r" if code != 1005 else "")


async def a_violation(link):
    socket = await Socket.open(link)
    await socket.stream.send(b"\x81\x05hello")  # not masked
    event = await socket.next()
    want((type(event), event.code), (CloseConnection, 1002), "the server's Close")
    want(await socket.next(), None, "the end of the stream")


async def many_at_once(link):
    sockets = [await Socket.open(link, deflate=i % 2 == 1) for i in range(40)]
    await asyncio.gather(*(socket.echo(f"number {i} " * (LARGE >> 9)) for i, socket in enumerate(sockets)))
    await asyncio.gather(*(socket.close() for socket in sockets))


# --- a client that fails -----------------------------------------------------------------------------------


async def does_not_read(link):
    """Its own stream comes to a stop, its neighbours do not; what it reads in the end is all there is."""
    slow, neighbour = await Socket.open(link), await Socket.open(link)
    payload = os.urandom(LARGE >> 3)
    sending = asyncio.create_task(slow.send(BytesMessage(payload)))
    await sending
    flood = asyncio.create_task(slow.send(BytesMessage(bytes(LARGE))))
    await asyncio.sleep(0.5 * SECONDS)
    taken = slow.stream.sent
    await neighbour.echo("x" * 300_000)
    want((flood.done(), slow.stream.sent == taken), (False, True), f"stopped at {taken} bytes")
    want(taken < len(payload) + 4 * WINDOW_BYTES, True, f"{taken} bytes taken")
    want(await slow.next() == payload, True, "the first message")
    want(await slow.next(), bytes(LARGE), "the second")
    await flood
    await asyncio.gather(slow.close(), neighbour.close())


async def never_reads(link):
    socket, started = await Socket.open(link), time.monotonic()
    try:
        async with asyncio.timeout(6 * SECONDS + SLACK):
            while True:
                await socket.send(BytesMessage(bytes(1 << 20)))
    except ConnectionResetError as error:
        took = time.monotonic() - started
        want(1.5 * SECONDS - 0.1 <= took <= 2 * SECONDS + SLACK, True, f"{took:.1f} s")


async def is_silent(link):
    socket, started = await Socket.open(link), time.monotonic()
    first = await socket.stream.receive()  # and no answer to it
    want((first, time.monotonic() - started > SECONDS - 0.1), (b"\x89\x00", True), "a Ping, in time")
    event = await socket.next()
    want((type(event), event.code), (CloseConnection, 1011), "the server's Close")
    took = time.monotonic() - started
    want(1.5 * SECONDS - 0.1 <= took <= 1.5 * SECONDS + SLACK, True, f"{took:.1f} s")


async def answers_pings(link):
    socket = await Socket.open(link)
    try:
        async with asyncio.timeout(3 * SECONDS):
            await socket.next()
    except TimeoutError:
        pass
    await socket.echo("still here")
    await socket.close()


async def does_not_end_its_side(link):
    socket, started = await Socket.open(link), time.monotonic()
    await socket.send(CloseConnection(1000))
    want((await socket.next()).code, 1000, "the server's Close")
    want(await socket.next(), None, "the end of the stream")
    while True:  # the server gives the stream up
        await asyncio.sleep(0.1)
        if socket.stream.reset_code is not None:
            break
        await socket.stream.send(b"")
    took = time.monotonic() - started
    want(SECONDS / 4 - 0.1 <= took <= SECONDS / 4 + SLACK, True, f"{took:.1f} s")


async def ends_its_side_without_a_close(link):
    socket = await Socket.open(link)
    await socket.echo("hello")
    await socket.stream.send(b"", end=True)
    try:
        want(await socket.stream.receive(), b"", "the end of the stream")
    except ConnectionResetError:
        pass


async def resets_its_stream(link):
    socket, neighbour = await Socket.open(link), await Socket.open(link)
    await socket.stream.send(b"\x81\xfe\xff\xff")
    socket.stream.reset()
    await neighbour.echo("hello")
    await neighbour.close()


async def main():
    link = await Link.to(PORT)
    want(link.allows_connect, True, "SETTINGS_ENABLE_CONNECT_PROTOCOL")
    origin = f"https://localhost:{PORT}"
    await check("a page beside it", a_page, link)
    await check("extended CONNECT", granted, link, {})
    await check("extended CONNECT from a page of this host", granted, link, {"origin": origin})
    for what, status, also, options in [
        ("from a page of another host", 403, {}, {"origin": "https://evil.example"}),
        ("another protocol", 501, {}, {"protocol": "connect-udp"}),
        ("a POST", 405, {"allow": "CONNECT"}, {"method": "POST", "protocol": None}),
        ("version 12", 400, {"sec-websocket-version": "13"}, {"version": "12"}),
        ("without a version", 400, {"sec-websocket-version": "13"}, {"version": None}),
        ("with an offer that is broken", 400, {}, {"extensions": "permessage-deflate;;"}),
    ]:
        await check(f"refused: {what}", refused, link, status, also, options)
    for size in SIZES:
        await check(f"{size} bytes, binary and text", sizes, link, size)
    await check("permessage-deflate, both ways", compressed, link)
    await check("ping is answered with its payload", ping, link)
    await check("a fragmented message with pings in between", pings_between_fragments, link)
    for code in 1000, 1001, 3000, 4999:
        await check(f"the client closes with {code}", closes, link, code)
    await check("a frame that is not masked ends in 1002", a_violation, link)
    await check("40 WebSockets on one connection", many_at_once, link)
    clients = [answers_pings, is_silent, does_not_read, never_reads, does_not_end_its_side]
    clients += [ends_its_side_without_a_close, resets_its_stream]
    links = [await Link.to(PORT) for _ in clients]
    await asyncio.gather(*(
        check(f"a client that {client.__name__.replace('_', ' ')}", client, link) for client, link in zip(clients, links)
    ))  # fmt: skip
    await check("afterwards", granted, link, {})


asyncio.run(main())
sys.exit(1 if failed else 0)
