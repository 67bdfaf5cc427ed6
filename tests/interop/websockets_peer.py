"""PyPI `websockets` as a peer: `websockets_peer.py client URL`, `… echo URL` or `… server`.

As the client it expects echo_server at URL, with the subprotocols `chat` and `v2`; with `echo` any server that echoes
will do. As the server it runs
the command in ECHO_CLIENT against itself and judges what that prints and what it saw on the connection.
"""

import asyncio
import os
import sys

from websockets.asyncio.client import connect as websocket
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

# The edges of the three payload length forms (RFC 6455 §5.2), and sizes that need many reads.
SIZES = [0, 1, 125, 126, 127, 65535, 65536, 1 << 20, 16 << 20]
failed = 0


async def check(name, body, *args):
    global failed
    try:
        async with asyncio.timeout(60):
            await body(*args)
        print(f"ok      websockets {name}", flush=True)
    except Exception as error:  # whatever it is, the next check still runs
        failed += 1
        print(f"FAILED  websockets {name}: {type(error).__name__} {str(error)[:200]!r}", flush=True)


def want(actual, expected, what):
    if actual != expected:
        raise AssertionError(f"{what}: {repr(actual)[:80]} instead of {repr(expected)[:80]}")


def pattern(size):
    return (bytes(range(251)) * (size // 251 + 1))[:size]


# --- client ------------------------------------------------------------------------------------------------


async def client(url, echo_only):
    def connect(path="", **options):
        return websocket(url + path, max_size=1 << 26, proxy=None, **options)

    async def echo(socket, data):
        await socket.send(data)
        answer = await socket.recv()
        want((type(answer), len(answer)), (type(data), len(data)), "echo")
        want(answer == data, True, "same content")

    async def closed(socket):
        await socket.wait_closed()
        return socket.close_code, socket.close_reason

    async def echoes(compression):
        async with connect(compression=compression) as socket:
            await echo(socket, "hello")
            await echo(socket, "grüße 👋 " * 9000)
            await echo(socket, pattern(70_000))
        want(socket.close_code, 1000, "close code")

    async def sizes(size):
        async with connect() as socket:
            await echo(socket, pattern(size))
            await echo(socket, "b" * size)

    async def pings():
        async with connect() as socket:
            for payload in (b"", b"are you there?", b"p" * 125):
                await (await socket.ping(payload))  # resolves only on a pong with this payload

    async def fragments():
        async with connect() as socket:
            async def parts():
                for part in ("Grü", "", "ße", " in Teilen"):
                    await socket.ping()
                    yield part

            await socket.send(parts())
            want(await socket.recv(), "Grüße in Teilen", "echo")

    async def server_fragments():
        async with connect("fragments/5") as socket:
            data = pattern(100_000)
            await socket.send(data)
            received = [part async for part in socket.recv_streaming()]
            want((len(received), b"".join(received) == data), (5, True), "fragments, content")

    async def client_closes(code, reason):
        async with connect() as socket:
            await socket.close(code, reason)
        want(socket.close_code, code, "the server's code")

    async def server_closes(code, reason):
        async with connect(f"close/{code}/{reason}") as socket:
            await socket.send("now")
            want(await closed(socket), (code, reason), "close")

    async def push(size):
        async with connect(f"push/{size}") as socket:
            want(len(await socket.recv()), size, "pushed bytes")
            await echo(socket, "and then echoes")

    async def subprotocol(offers, chosen):
        async with connect(subprotocols=offers) as socket:
            want(socket.subprotocol, chosen, "subprotocol")

    for compression in (None, "deflate"):
        await check(f"client: echoes, compression {compression}", echoes, compression)
    for size in SIZES:
        await check(f"client: {size} bytes, binary and text", sizes, size)
    await check("client: pings are answered with their payloads", pings)
    await check("client: a fragmented message with pings in between", fragments)
    for code, reason in (1000, ""), (1001, "away"), (4000, "x" * 123):
        await check(f"client: the client closes with {code}", client_closes, code, reason)
    if echo_only:
        return
    await check("client: the server's fragments with pings in between", server_fragments)
    for code, reason in (1000, ""), (4001, "bye"):
        await check(f"client: the server closes with {code}", server_closes, code, reason)
    for size in (0, 1 << 20):
        await check(f"client: the server speaks first, {size} bytes", push, size)
    await check("client: subprotocol, first offered that is known", subprotocol, ["unknown", "v2", "chat"], "v2")
    await check("client: subprotocol, none known", subprotocol, ["unknown"], None)


# --- server ------------------------------------------------------------------------------------------------


async def run_client(handler, args, lines="", **options):
    """(exit status, stdout, stderr, the server's connection) of one run of the client under test."""
    sockets = []

    async def handle(socket):
        sockets.append(socket)
        try:
            await handler(socket)
        except ConnectionClosed:
            pass

    async with serve(handle, "127.0.0.1", 0, max_size=1 << 26, **options) as server:
        port = server.sockets[0].getsockname()[1]
        process = await asyncio.create_subprocess_exec(
            *os.environ["ECHO_CLIENT"].split(), f"ws://127.0.0.1:{port}/", *args,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)  # fmt: skip
        try:
            out, err = await process.communicate(lines.encode())
        finally:
            if process.returncode is None:
                process.kill()
    return process.returncode, out.decode(), err.decode(), sockets[0]


async def echo_server(socket):
    async for message in socket:
        await socket.send(message)


async def server():
    async def lines(flags, compression):
        status, out, err, socket = await run_client(echo_server, flags, "hello\nGrüße 👋\n", compression=compression)
        want((status, out), (0, "hello\nGrüße 👋\n"), "status, stdout")
        want(socket.close_code, 1000, "the client's code")

    async def sizes(size):
        for flags in ["--binary"], []:
            status, out, err, _ = await run_client(echo_server, ["--size", str(size), "--count", "3", *flags])
            want((status, out.strip()), (0, f"ok 3 x {size}"), f"status, stdout ({err.strip()[:60]})")

    async def client_fragments():
        received = []

        async def handler(socket):
            parts = [part async for part in socket.recv_streaming()]
            received.append([len(part) for part in parts])
            await socket.send("".join(parts))
            await socket.wait_closed()

        status, out, _, _ = await run_client(handler, ["--size", "1000", "--count", "1", "--fragment", "300"])
        want((status, out.strip(), received), (0, "ok 1 x 1000", [[300, 300, 300, 100]]), "status, stdout, fragments")

    async def server_fragments():
        async def handler(socket):
            message = await socket.recv()

            async def parts():
                for character in message:
                    await (await socket.ping())  # answered in the middle of the message
                    yield character

            await socket.send(parts())
            await socket.wait_closed()

        status, out, _, _ = await run_client(handler, [], "Grüße\n")
        want((status, out), (0, "Grüße\n"), "status, stdout")

    async def server_closes(code, reason):
        async def handler(socket):
            await socket.recv()
            await socket.close(code, reason)

        status, _, err, socket = await run_client(handler, [], "hello\n")
        want((status, socket.protocol.close_rcvd.code), (0, code), "status, the client's answer")
        want(f"closed: {code} {reason}".strip() in [line.strip() for line in err.splitlines()], True, f"in {err!r}")

    async def subprotocol():
        _, _, err, _ = await run_client(echo_server, ["--subprotocol", "v2", "--subprotocol", "chat"],
                                        subprotocols=["chat"])  # fmt: skip
        want("subprotocol: chat" in err.splitlines(), True, f"in {err!r}")

    for flags in [], ["--binary"]:
        for compression in (None, "deflate"):
            await check(f"server: lines {' '.join(flags)}, compression {compression}", lines, flags, compression)
    for size in SIZES:
        await check(f"server: {size} bytes, binary and text", sizes, size)
    await check("server: the client's fragments with pings in between", client_fragments)
    await check("server: the server's fragments with pings in between", server_fragments)
    for code, reason in (1000, ""), (1001, "restart"), (4001, "bye"):
        await check(f"server: the server closes with {code}", server_closes, code, reason)
    await check("server: subprotocol, the server's choice", subprotocol)


asyncio.run(server() if sys.argv[1] == "server" else client(sys.argv[2], sys.argv[1] == "echo"))
sys.exit(1 if failed else 0)
