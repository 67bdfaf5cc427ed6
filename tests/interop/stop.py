"""A server that is told to stop: stop.py LABEL SECONDS PROGRAM [ARGUMENT...].

The program is an echo server that takes a port and SECONDS: it pings after so long a silence, waits a quarter of it for
the end of a connection that is closing, and says `listening on` when it does. On SIGINT it has to close each connection
with 1001, to wait for the clients' answers, but not for those that give none, and to end with 0.
"""

import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

LABEL, SECONDS, PROGRAM = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
REQUEST = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
CLOSE = b"\x88\x02\x03\xe9"  # 1001
MESSAGE = 12 << 20
ECHOED = b"\x82\xff" + MESSAGE.to_bytes(8, "big") + bytes(4) + bytes(MESSAGE)
SLACK = 1.5


def client(port, request=REQUEST, buffer=None):
    sock = socket.socket()
    sock.settimeout(4 * SECONDS)
    if buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    sock.connect(("127.0.0.1", port))
    sock.sendall(request)
    head = b""
    while request is REQUEST and not head.endswith(b"\r\n\r\n"):
        head += sock.recv(1)
    return sock


def to_the_end(sock):
    data = b""
    try:
        while part := sock.recv(1 << 16):
            data += part
    except ConnectionResetError:
        pass
    return data


def start():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    server = subprocess.Popen([*PROGRAM, str(port), f"{SECONDS:g}"], stdout=subprocess.PIPE, text=True)
    while not server.stdout.readline().startswith("listening on "):
        assert server.poll() is None, f"{PROGRAM} did not start"
    threading.Thread(target=server.stdout.read, daemon=True).start()
    return server, port


def stop(server):
    started = time.monotonic()
    server.send_signal(signal.SIGINT)
    return started


def ends(server, started, within):
    status = server.wait(4 * SECONDS)
    took = time.monotonic() - started
    assert status == 0, f"it ended with {status}"
    assert took <= within, f"it took {took:.1f} s to end, and not {within:.1f}"


def all_are_told_and_the_silent_not_waited_for():
    server, port = start()
    answers, silent, begins = client(port), client(port), client(port, REQUEST[:50])
    time.sleep(0.3)
    started = stop(server)
    assert (got := answers.recv(4)) == CLOSE, got
    answers.sendall(b"\x88\x82\0\0\0\0\x03\xe9")
    assert to_the_end(answers) == b"", "more than a Close"
    took = time.monotonic() - started
    assert took < SLACK, f"{took:.1f} s for one that answers"
    assert (got := to_the_end(silent)) == CLOSE, got
    assert to_the_end(begins) == b"", "half a request was answered"
    ends(server, started, SECONDS / 4 + SLACK)


def one_that_reads_slowly_is_told_behind_its_message():
    server, port = start()
    slow = client(port, buffer=8192)
    slow.sendall(ECHOED)
    got = len(slow.recv(1))  # of the echo the kernel takes a part, and the server keeps the rest
    started = stop(server)
    tail = b""
    while part := slow.recv(1 << 17):
        got += len(part)
        tail = (tail + part)[-4:]
        time.sleep(SECONDS / (MESSAGE / len(part)))
    assert tail == CLOSE and got == 10 + MESSAGE + 4, f"{got} bytes, and {tail} at their end"
    ends(server, started, 2 * SECONDS + SLACK)


def one_that_takes_too_long_is_cut_off():
    server, port = start()
    slow = client(port, buffer=8192)
    slow.sendall(ECHOED)
    slow.recv(1)
    started = stop(server)
    try:
        while time.monotonic() < started + 2 * SECONDS and slow.recv(1 << 15):
            time.sleep(SECONDS / 40)  # in all, ten times a silence
    except ConnectionResetError:
        pass
    ends(server, started, 2 * SECONDS + SLACK)


def run(test):
    name = f"{LABEL}: {test.__name__.replace('_', ' ')}"
    try:
        test()
    except Exception as error:
        print(f"FAILED  {name}: {type(error).__name__} {error}", flush=True)
        return False
    print(f"ok      {name}", flush=True)
    return True


with ThreadPoolExecutor() as pool:
    tests = (
        all_are_told_and_the_silent_not_waited_for,
        one_that_reads_slowly_is_told_behind_its_message,
        one_that_takes_too_long_is_cut_off,
    )
    sys.exit(not all(list(pool.map(run, tests))))
