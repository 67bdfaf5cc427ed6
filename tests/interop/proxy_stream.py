"""One message of many GiB each way through a proxy: proxy_stream.py LABEL GIB PROXY...

Starts the proxy (a command; a port and the URL of the server are added), is the client on one side of it and the
server on the other, and watches how much memory it has. Both ends are sockets with nothing behind them but this
script: a frame's payload is not looked at, its length is, and so are the first bytes and the last of the message.
"""

import base64
import hashlib
import socket
import struct
import subprocess
import sys
import threading
import time

LABEL, GIB, PROXY = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
SIZE = int(GIB * (1 << 30))
BLOCK = bytes(range(256)) * 4096  # 1 MiB


def receive(sock, count):
    data = b""
    while len(data) < count:
        part = sock.recv(count - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def receive_head(sock):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += receive(sock, 1)
    return head


def send_message(sock, is_masked):
    """One frame of SIZE bytes; masked with zeros, so that the bytes stay as they are."""
    sock.sendall(struct.pack(">BBQ", 0x82, 127 | (0x80 if is_masked else 0), SIZE) + (bytes(4) if is_masked else b""))
    for _ in range(SIZE // len(BLOCK)):
        sock.sendall(BLOCK)
    sock.sendall(BLOCK[: SIZE % len(BLOCK)])


def receive_message(sock):
    """Any number of fragments; gives their number and the length of all. The payload must be BLOCK, again and again."""
    stream = sock.makefile("rb", buffering=1 << 20)
    fragments, total = 0, 0
    while True:
        first, second = stream.read(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack(">H", stream.read(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", stream.read(8))
        key = stream.read(4) if second & 0x80 else bytes(4)
        payload = stream.read(length)
        if first & 0x0F >= 8:
            continue
        for at in {0, max(0, length - 8)}:
            want = bytes(BLOCK[(total + at + i) % 256] ^ key[(at + i) % 4] for i in range(min(8, length - at)))
            assert payload[at : at + 8] == want, f"byte {total + at} differs"
        total += length
        fragments += 1
        if first & 0x80:
            return fragments, total


def serve(listener, result):
    sock, _ = listener.accept()
    head = receive_head(sock)
    key = next(line.split(b": ")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
    accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")  # fmt: skip
    result["to the server"] = receive_message(sock)
    send_message(sock, is_masked=False)
    sock.recv(1)


def memory_of(pid):
    """Resident now, and the most there has been, in KiB."""
    fields = dict(line.split(":") for line in open(f"/proc/{pid}/status") if ":" in line)
    return int(fields["VmRSS"].split()[0]), int(fields["VmHWM"].split()[0])


def main():
    listener = socket.create_server(("127.0.0.1", 0))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"ws://127.0.0.1:{listener.getsockname()[1]}/"
    proxy = subprocess.Popen([*PROXY, str(port), url], stdout=subprocess.PIPE)
    try:
        proxy.stdout.readline()
        result = {}
        server = threading.Thread(target=serve, args=(listener, result), daemon=True)
        server.start()
        sock = socket.create_connection(("127.0.0.1", port))
        sock.sendall(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())  # fmt: skip
        assert receive_head(sock).startswith(b"HTTP/1.1 101 ")
        before, _ = memory_of(proxy.pid)
        started = time.monotonic()
        sender = threading.Thread(target=send_message, args=(sock, True), daemon=True)
        sender.start()
        result["to the client"] = receive_message(sock)
        took = time.monotonic() - started
        after, most = memory_of(proxy.pid)
        for direction in "to the server", "to the client":
            fragments, total = result[direction]
            assert total == SIZE, f"{total} bytes {direction}"
            print(f"ok      {LABEL}: {GIB:g} GiB {direction} in one message, {fragments} fragments")
        assert most - before < 1024, f"{most - before} KiB more than before"
        print(f"ok      {LABEL}: constant memory: {before} KiB before, {most} KiB at most, {after} KiB after; "
              f"{2 * SIZE / took / 1e9:.1f} GB/s")  # fmt: skip
    finally:
        proxy.kill()


try:
    main()
except Exception as error:
    print(f"FAILED  {LABEL}: {type(error).__name__} {error}")
    sys.exit(1)
