"""The library `wsproto`, which reads streams from its standard input and writes what it made of each to its standard output.

A stream is a byte (1: for a server), its length in four bytes, big-endian as all numbers here, and itself. What came of it is a list of events, each a letter and a text with its length before it, that ends with `.`
when the stream was taken and with `!` and the reason when it was refused.
"""

import struct
import sys

from wsproto.frame_protocol import FrameProtocol, Opcode, ParseFailed

inward, outward = sys.stdin.buffer, sys.stdout.buffer


def item(letter, payload=b""):
    outward.write(letter + struct.pack(">I", len(payload)) + payload)


def tell(frames):
    """All that frames make, up to a Close. A message in pieces is told when it is whole."""
    message = b""
    for frame in frames:
        if frame.opcode == Opcode.CLOSE:
            code, reason = frame.payload
            item(b"c", struct.pack(">H", int(code)) + (reason or "").encode())
            return
        if frame.opcode in (Opcode.PING, Opcode.PONG):
            item(b"p" if frame.opcode == Opcode.PING else b"q", bytes(frame.payload))
            continue
        message += frame.payload.encode() if frame.opcode == Opcode.TEXT else bytes(frame.payload)
        if frame.message_finished:
            item(b"t" if frame.opcode == Opcode.TEXT else b"b", message)
            message = b""


while head := inward.read(5):
    is_server, length = struct.unpack(">BI", head)
    protocol = FrameProtocol(client=not is_server, extensions=[])
    try:
        protocol.receive_bytes(inward.read(length))
        tell(protocol.received_frames())
        item(b".")
    except ParseFailed as failed:
        item(b"!", f"{int(failed.code)} {failed}".encode())
    outward.flush()
