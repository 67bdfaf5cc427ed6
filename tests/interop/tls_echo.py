"""PyPI `websockets` over TLS as the server of a client: tls_echo.py LABEL CERTIFICATE KEY COMMAND...

The command is a client for lines; the URL and the file with the certificate are added.
"""

import asyncio
import ssl
import sys

from websockets.asyncio.server import serve

LABEL, CERTIFICATE, KEY, COMMAND = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]


async def echo(socket):
    async for message in socket:
        await socket.send(message)


async def main():
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(CERTIFICATE, KEY)
    async with serve(echo, "127.0.0.1", 0, ssl=tls) as server:
        url = f"wss://localhost:{server.sockets[0].getsockname()[1]}/"
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), asyncio.subprocess.PIPE)
        client = await asyncio.create_subprocess_exec(*COMMAND, url, CERTIFICATE, **pipes)
        lines = "hello\nGrüße 👋\n" + "x" * 100_000 + "\n"
        out, err = await asyncio.wait_for(client.communicate(lines.encode()), 30)
    good = (client.returncode, out.decode()) == (0, lines)
    print(f"{'ok    ' if good else 'FAILED'}  {LABEL}: lines over TLS" + ("" if good else f": {client.returncode}, {err}"))
    return not good


sys.exit(asyncio.run(main()))
