#!/usr/bin/env python3
"""Writes the seeds: the examples of the RFCs, and the bytes behind every known attack on WebSocket libraries that has some.

    fuzz/make_seeds.py

A seed is named after what it is: `rfc_5_7_ping` stands in RFC 6455 section 5.7, `l02_length_overflow` has been an
advisory. `crash_*` have failed here once; they are not made by this program, and it leaves them alone. The bytes before
the stream are what the target wants there: see the head of its file in fuzz/src.
"""
import pathlib
import struct
import zlib

ROOT = pathlib.Path(__file__).resolve().parent / "seeds"
KEY = bytes.fromhex("37fa213d")
CONT, TEXT, BINARY, CLOSE, PING, PONG, FIN = 0, 1, 2, 8, 9, 10, 0x80


def seed(target, name, data):
    folder = ROOT / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def xor(payload, key=KEY):
    return bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))


def head(first, length, masked, form=None):
    mask = 0x80 if masked else 0
    form = form or (7 if length < 126 else 16 if length < 65536 else 64)
    size = {7: bytes([mask | length & 0x7F]), 16: bytes([mask | 126]) + struct.pack(">H", length & 0xFFFF),
            64: bytes([mask | 127]) + struct.pack(">Q", length & 2**64 - 1)}[form]
    return bytes([first]) + size + (KEY if masked else b"")


def frame(first, payload=b"", masked=True):
    return head(first, len(payload), masked) + (xor(payload) if masked else payload)


def close(code, reason=b"", masked=True):
    return frame(FIN | CLOSE, struct.pack(">H", code) + reason, masked)


def streams():
    """Name and stream; the peer is a client (masked) where the stream says so."""
    m, u = True, False
    yield "rfc_5_7_text", u, bytes.fromhex("810548656c6c6f")
    yield "rfc_5_7_masked_text", m, bytes.fromhex("818537fa213d7f9f4d5158")
    yield "rfc_5_7_fragments", u, bytes.fromhex("010348656c80026c6f")
    yield "rfc_5_7_ping", u, bytes.fromhex("890548656c6c6f")
    yield "rfc_5_7_masked_pong", m, bytes.fromhex("8a8537fa213d7f9f4d5158")
    yield "rfc_5_7_binary_256", u, head(FIN | BINARY, 256, u) + bytes(range(256))
    yield "rfc_5_4_control_between", m, frame(TEXT, b"one") + frame(FIN | PING, b"?") + frame(CONT, b"") + frame(FIN | CONT, b"two")
    yield "l01_length_only", m, bytes.fromhex("82ff0000007fffffffff") + KEY
    yield "l02_length_overflow", m, bytes.fromhex("83ffffffffffffffffff00000000")
    yield "l03_length_overflow", u, bytes.fromhex("0affffffffffffffffff eb0e8f".replace(" ", ""))
    yield "l05_control_before_limit", m, frame(BINARY, bytes(149)) + frame(FIN | PING) + frame(FIN | CONT, b"12")
    yield "l06_top_bit", m, head(FIN | BINARY, 1 << 63, m)
    yield "l07_beyond_2_53", u, head(FIN | BINARY, (1 << 53) + 1, u)
    yield "l08_run_of_lengths", m, bytes([0x80] + [0xFF] * 20)
    yield "l12_close_of_one", m, frame(FIN | CLOSE, b"\x03")
    yield "l12_close_of_none", m, frame(FIN | CLOSE)
    yield "l13_beyond_32_bits", m, head(FIN | BINARY, (1 << 32) + 5, m) + b"hello" + frame(FIN | PING)
    yield "l14_continuation_without_end", m, frame(TEXT, b"x" * 30) + frame(CONT, b"x" * 30) * 6
    yield "l17_fragments_of_one", m, frame(TEXT, b"1") + frame(CONT, b"2") * 8
    yield "l18_empty_fragments", m, frame(TEXT) + frame(CONT) * 8
    yield "l24_control_of_125", m, frame(FIN | PING, b"p" * 125) + frame(FIN | PONG, b"p" * 125)
    yield "l24_unmasked", m, frame(FIN | TEXT, b"hi", u)
    yield "l24_masked_by_server", u, frame(FIN | TEXT, b"hi", m)
    yield "l25_length_zero", m, frame(FIN | TEXT) + frame(FIN | BINARY, b"\x82") + frame(FIN | PONG)
    yield "l26_too_big_then_more", m, head(FIN | BINARY, 100_000, m) + frame(FIN | TEXT, b"more")
    yield "d10_reserved_bits", m, frame(0x30 | FIN | TEXT, b"x")
    yield "d10_rsv1", m, frame(0x40 | FIN | TEXT, b"\x02\x00")
    yield "c01_pings", m, frame(FIN | PING, b"flood") * 8
    yield "c05_close_split", m, close(1000, "über".encode())
    yield "c05_close_empty_reason", u, close(1000, b"", u)
    yield "c07_reason_of_123", m, close(4999, b"r" * 123)
    yield "c07_reason_of_124", m, head(FIN | CLOSE, 126, m, 16) + xor(b"\x03\xe8" + b"r" * 124)
    for code in (999, 1004, 1005, 1006, 1015, 1016, 2999, 3000, 5000, 65535):
        yield f"c08_code_{code}", m, close(code)
    yield "c09_frames_after_close", m, close(1000) + frame(FIN | TEXT, b"late") + close(1001)
    yield "c10_control_fragmented", m, frame(PING, b"x")
    yield "c10_control_of_126", m, bytes.fromhex("8afe007e")
    yield "c12_split_character", m, frame(TEXT, b"\xe2\x82") + frame(FIN | CONT, b"\xac")
    yield "c12_surrogate", m, frame(FIN | TEXT, b"ok\xed\xa0\x80")
    yield "c12_overlong", u, frame(FIN | TEXT, b"\xc0\xaf", u)
    yield "c12_wrong_in_mid_frame", m, head(FIN | TEXT, 1000, m) + xor(b"fine\xff")
    yield "c12_close_reason", m, close(1000, b"\xff\xfe")
    yield "c13_small_pieces", m, frame(FIN | TEXT, b"a" * 100)
    for opcode in (3, 7, 0xB, 0xF):
        yield f"c19_reserved_opcode_{opcode:x}", m, frame(FIN | opcode, b"x")
    yield "c19_text_within_text", m, frame(TEXT, b"a") + frame(FIN | TEXT, b"b")
    yield "c19_continuation_of_nothing", m, frame(FIN | CONT, b"x")
    yield "c20_length_16_of_5", m, head(FIN | TEXT, 5, m, 16) + xor(b"hello")
    yield "c20_length_64_of_65535", m, head(FIN | BINARY, 65535, m, 64)
    yield "c20_length_16_of_126", m, frame(FIN | BINARY, bytes(126))


def frames():
    for name, masked, stream in streams():
        server = 1 if masked else 0
        # In messages and in chunks; with small limits; read by ones, and by three and nothing.
        seed("decode_chunking", name, bytes([server, 100, 1, 1]) + stream)
        seed("decode_chunking", f"{name}_chunks", bytes([server | 0x02 | 0x04, 30, 3, 0]) + stream)
        seed("differential", name, bytes([server, 1, 1]) + stream)
        seed("differential", f"{name}_limited", bytes([server | 2, 0, 0]) + stream)
        seed("header", name, bytes([server, 1]) + stream[:14])
        if masked:
            seed("session", f"{name}_behind_a_request", bytes([0x19, 9, 1, 1]) + stream)
        seed("ops", name, bytes([0x3F, 27 | (0x80 if masked else 0), min(31, len(stream))]) + stream[:31]
             + bytes([13 | (0x80 if masked else 0), 18 | 0x80, 18, 0]))


def operations():
    """Lists of calls; see fuzz/src/ops/call.rs. 0x80 is the server's side."""
    seed("ops", "rfc_1_2_talk", bytes([0, 0, 4 << 2, 2, 72, 105, 18, 14 | 0x80, 13 | 0x80, 1 | 0x80, 5 << 2, 0, 14, 13, 0, 0]))
    seed("ops", "c09_both_close", bytes([8, 9, 0, 0, 0xE8, 3, 9 | 0x80, 0, 0, 0xE9, 3, 14, 14 | 0x80, 13, 13 | 0x80, 18, 18 | 0x80, 26, 26 | 0x80, 0, 0]))
    seed("ops", "c01_pings_undrained", bytes([0]) + bytes([21 | 0x80, 0]) + bytes([7, 12 << 2, 1, 33]) * 9 + bytes([14 | 0x80, 13 | 0x80, 18 | 0x80, 21 | 0x80, 255, 18 | 0x80, 0]))
    seed("ops", "c03_full_buffers", bytes([0, 21, 3, 0, 12 << 2, 1, 65, 4, 2 | 6 << 2, 1, 65, 7, 3 << 2, 1, 65, 21, 60, 0, 5 << 2, 1, 65, 9, 0, 0, 0xE8, 3, 0, 0]))
    seed("ops", "h19_silence", bytes([0x0F]) + bytes([22, 30, 18, 18 | 0x80]) * 6 + bytes([0, 0]))
    seed("ops", "time_jumps", bytes([0x0F, 25] + [0xFF] * 8 + [22, 0, 25] + [0] * 8 + [22, 20, 18, 14 | 0x80, 0, 0]))
    seed("ops", "fragments_with_control_between", bytes([0, 4, 4 << 2, 1, 97, 7, 3 << 2, 1, 98, 4, 4 << 2, 1, 99, 14 | 0x80, 11 | 0x80, 13 | 0x80, 4, 2 | 4 << 2, 1, 100, 14 | 0x80, 13 | 0x80, 0, 0]))
    seed("ops", "swapped_buffers", bytes([0, 4, 7 << 2, 1, 97, 16 | 0x80, 9, 12 | 0x80, 29, 12 | 0x80, 12, 14 | 0x80, 29, 13 | 0x80, 0, 0]))
    seed("ops", "replaced_buffers", bytes([0, 4, 9 << 2, 2, 0xC3, 0xA9, 14 | 0x80, 13 | 0x80, 30 | 0x80, 9, 13 | 0x80, 31 | 0x80, 31 | 0xC0, 13 | 0x80, 0, 0]))
    seed("ops", "eof_in_mid_frame", bytes([0, 0, 14 << 2, 1, 97, 16 | 0x80, 50, 13 | 0x80, 26 | 0x80, 26, 14 | 0x80, 13 | 0x80, 0, 0]))
    seed("ops", "heads_and_prepared", bytes([0, 6, 5 << 2, 1, 97, 6, 2 | 5 << 2, 1, 97, 2 | 0x80, 5 << 2, 1, 97, 3 | 0x80, 5 << 2, 1, 97, 3, 5 << 2, 1, 97, 14, 14 | 0x80, 13, 13 | 0x80, 0, 0]))


def masks():
    for name, at, length in (("one", 0, 0), ("short", 3, 0), ("k08_pieces", 7, 17), ("long", 63, 255), ("page", 190, 200), ("page_end", 255, 90)):
        seed("mask", f"rfc_5_3_{name}" if name != "k08_pieces" else name, KEY + bytes([at, length]) + b"Hello, W\xc3\xb6rld"[: 1 if name == "one" else None])


def texts():
    for name, text in (
        ("rfc_3629_examples", "A≢Α. 한국어 日本語 𣎴".encode()),
        ("c12_split_code_point", b"\xf0\x9f\x98\x80"[:3]),
        ("c12_surrogate", b"a\xed\xa0\x80"),
        ("c12_overlong_2", b"\xc0\x80"),
        ("c12_overlong_3", b"\xe0\x80\xaf"),
        ("c12_overlong_4", b"\xf0\x80\x80\xaf"),
        ("c12_beyond_10ffff", b"\xf4\x90\x80\x80"),
        ("c12_lone_continuation", b"abc\x80"),
        ("c12_never_bytes", b"\xfe\xff"),
        ("ascii", b"nothing but ASCII, and more of it than one vector has room for, so that it takes two"),
    ):
        seed("utf8", name, bytes([1, 1, 0]) + text)
        seed("utf8", f"{name}_masked", bytes([2, 3, 1]) + text)
        seed("utf8", f"{name}_at_a_border", bytes([0, 0, 0xFB]) + text)


REQUEST = (b"GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://example.com\r\n"
           b"Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Version: 13\r\n\r\n")
RESPONSE = (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n")


def with_line(message, line):
    return message[:-2] + line + b"\r\n\r\n"


def requests():
    def request(name, data, setting=3, cuts=(1, 1)):
        seed("handshake_request", name, bytes([setting, *cuts]) + data)
        # The same to a whole server: in one call, and step by step.
        seed("session", name, bytes([0x18, 0, *cuts]) + data)
        seed("session", f"{name}_by_steps", bytes([0x08, 0, *cuts]) + data)

    request("rfc_1_2_request", REQUEST)
    request("rfc_1_2_request_same_host", REQUEST.replace(b"http://example", b"http://server.example"), 0)
    request("rfc_1_2_request_listed", REQUEST, 2, (0, 0))
    request("h01_head_in_small_reads", with_line(REQUEST, b"X: " + b"a" * 300), 3, (1, 0))
    request("h06_many_headers", REQUEST[:-2] + b"".join(b"H%d: 1\r\n" % n for n in range(10)) + b"\r\n", 3 | 8)
    request("h07_bytes_above_ascii", with_line(REQUEST, b"Sec-WebSocket-Protocol: \x80\xff"))
    seed("session", "another_page", bytes([0x08, 0, 1, 1]) + REQUEST.replace(b"/chat", b"/page") + b"and a body")
    request("h08_no_upgrade", REQUEST.replace(b"Upgrade: websocket\r\n", b""))
    request("h08_no_key", REQUEST.replace(b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", b""))
    request("h11_version_777", REQUEST.replace(b"Version: 13", b"Version: 777"))
    request("h11_bytes_behind", REQUEST + b"\x81\x85" + KEY + b"GET /admin HTTP/1.1\r\n\r\n")
    request("h11_with_body", with_line(REQUEST, b"Content-Length: 5"))
    request("h11_chunked", with_line(REQUEST, b"Transfer-Encoding: chunked"))
    request("h12_control_bytes_first", b"\x00\x01" + REQUEST)
    request("h12_empty_line_first", b"\r\n" + REQUEST)
    request("h13_two_keys", with_line(REQUEST, b"Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA=="))
    request("h13_two_hosts", with_line(REQUEST, b"Host: evil.example"))
    request("h13_folded", with_line(REQUEST, b"X: a\r\n b"))
    request("h13_bare_lf", REQUEST.replace(b"websocket\r\n", b"websocket\n"))
    request("h14_short_key", REQUEST.replace(b"dGhlIHNhbXBsZSBub25jZQ==", b"AAA="))
    request("h15_absolute_target", REQUEST.replace(b"GET /chat", b"GET http://169.254.169.254/latest"))
    request("h16_origin_suffix", REQUEST.replace(b"http://example.com", b"http://server.example.com.evil.com"), 0)
    request("h16_origin_null", REQUEST.replace(b"http://example.com", b"null"), 2)
    request("l08_hixie", b"GET / HTTP/1.1\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nHost: a\r\nSec-WebSocket-Key1: 1 2\r\n\r\n^n:ds[4U")
    request("limit_200", REQUEST, 3 | 4)
    request("fixed_buffer", REQUEST, 3 | 16, (7, 100))
    request("plain_page", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    request("head_method", b"HEAD / HTTP/1.0\r\n\r\n")
    request("tls_hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")


def responses():
    def response(name, data, setting=0, cuts=(1, 1)):
        seed("handshake_response", name, bytes([setting, *cuts]) + data)

    response("rfc_1_2_response", RESPONSE)
    response("h10_subprotocol_not_offered", RESPONSE.replace(b"chat", b"other"))
    response("h10_extension_not_offered", with_line(RESPONSE, b"Sec-WebSocket-Extensions: permessage-deflate"))
    response("h11_not_101", RESPONSE.replace(b"101 Switching Protocols", b"200 OK"))
    response("h13_two_accepts", with_line(RESPONSE, b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
    response("h18_redirect", b"HTTP/1.1 302 Found\r\nLocation: ws://elsewhere/\r\nContent-Length: 3\r\n\r\nbye")
    response("h20_interim", b"HTTP/1.1 100 Continue\r\n\r\n" * 9 + RESPONSE)
    response("h20_early_hints", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + RESPONSE, 0, (5, 0))
    response("h20_huge_reason", b"HTTP/1.1 404 " + b"no " * 100 + b"\r\n\r\n", 4)
    response("h21_frames_behind", RESPONSE + b"\x81\x05Hello\x89\x00", 0, (50, 3))
    response("h21_101_with_length", with_line(RESPONSE, b"Content-Length: 5"))
    response("l22_never_ends", b"HTTP/1.1 101 S\r\nX: " + b"y" * 400, 16)
    response("body_in_chunks", b"HTTP/1.1 401 Unauthorized\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\nwho?\r\n0\r\nT: 1\r\n\r\n")
    response("body_chunk_overflow", b"HTTP/1.1 401 U\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n")
    response("body_until_the_end", b"HTTP/1.0 403 Forbidden\r\n\r\nno", 0, (9, 0))
    response("no_accept", RESPONSE.replace(b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", b""))
    response("wrong_accept", RESPONSE.replace(b"s3pP", b"S3pP"))


def grammar():
    def read(name, which, text):
        seed("field_grammar", name, bytes([which]) + text)

    read("rfc_9_1_extensions", 0, b'foo, bar; baz="2", permessage-deflate; client_max_window_bits; server_max_window_bits=10')
    read("rfc_11_3_4_protocols", 1, b"chat, superchat")
    read("h03_spaces", 1, b"b" + b" " * 80 + b"x")
    read("h04_quoted_pairs", 0, b'a; b="' + rb"\c" * 40)
    read("h04_commas", 0, b",,,a,, ,b;;c" + b"," * 40)
    read("h05_names_of_objects", 0, b"constructor, __proto__; toString=1")
    for name, value in (("7", b"7"), ("16", b"16"), ("999", b"999"), ("08", b"08"), ("quoted", b'"15"'), ("empty", b""), ("empty_quoted", b'""')):
        read(f"d04_window_bits_{name}", 0, b"permessage-deflate; server_max_window_bits=" + value)
    read("h13_nine_lines", 0, b"\n".join([b"a"] * 9))
    read("h13_two_connections", 2, b"keep-alive\nUpgrade")
    read("h14_key_bits", 6, b"dGhlIHNhbXBsZSBub25jZR==")
    read("h16_userinfo_origin", 5, b"http://example.com@evil.com")
    read("h16_origin_port", 5, b"HTTPS://EXAMPLE.com:443")
    read("h13_lengths", 8, b"0, 0\n1")
    for name, parts in (
        ("h09_crlf_in_value", (b"X-A", b"p\r\nEvil: 1")),
        ("h09_crlf_in_subprotocol", (b"X", b"1", b"p\r\nEvil: 1")),
        ("h09_crlf_in_target", (b"X", b"1", b"p", b"/a\r\nEvil: 1")),
        ("h09_crlf_in_host", (b"X", b"1", b"p", b"/a", b"h\r\nEvil: 1")),
        ("h09_crlf_in_origin", (b"X", b"1", b"p", b"/a", b"h", b"http://o\r\nEvil: 1")),
        ("h09_reserved", (b"SEC-websocket-Key", b"1", b"p", b"/a", b"h:1", b"http://o")),
        ("h09_all_right", (b"Cookie", b"a=b; c=\xc3\xa9", b"chat", b"/a?b=c", b"[::1]:8080", b"null")),
    ):
        seed("field_grammar", name, b"\x80" + b"\x01".join(parts))


def urls():
    for name, text in (
        ("rfc_3_plain", "ws://example.com"), ("rfc_3_all", "wss://example.com:8443/chat/room?name=a&b=%20"), ("rfc_3_query", "ws://h?q"),
        ("rfc_3_fragment", "ws://h/#f"), ("rfc_3_ipv6", "WS://[2001:db8::1]:80/"), ("rfc_3_ipv4", "wss://127.0.0.1:443/"),
        ("userinfo", "ws://user:pass@h/"), ("port_empty", "ws://h:/"), ("port_too_big", "ws://h:65536/"), ("h09_crlf", "ws://h/\r\nX: 1"),
        ("h15_backslash", "ws://good.com\\@evil.com/"), ("h16_at_in_path", "ws://good.com/@evil.com"), ("zone", "ws://[fe80::1%25eth0]/"),
        ("empty_host", "ws:///path"), ("http", "http://h/"), ("beyond_ascii", "ws://h/\u00e9"), ("odd", "ws://h/{}|^`<>\""),
    ):
        seed("url", name, text.encode())


def deflated(data, level=6, bits=15):
    """The payload of a compressed message: RFC 7692 section 7.2.1."""
    compressor = zlib.compressobj(level, zlib.DEFLATED, -bits)
    return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]


def compressed():
    def inflate(name, payload, limit=255, room=255):
        seed("inflate", name, bytes([limit, room, 1, 1]) + payload)
        seed("inflate", f"{name}_tight", bytes([1, 3, 2, 0]) + payload)

    inflate("rfc_7692_7_2_3_1_one_block", bytes.fromhex("f248cdc9c90700"))
    inflate("rfc_7692_7_2_3_2_shared_window", bytes.fromhex("f248cdc9c90700") + bytes.fromhex("0000ffff") + bytes.fromhex("f200110000"))
    inflate("rfc_7692_7_2_3_3_stored", bytes.fromhex("000500faff48656c6c6f00"))
    inflate("rfc_7692_7_2_3_4_bfinal", bytes.fromhex("f348cdc9c9070000"))
    inflate("rfc_7692_7_2_3_5_two_blocks", bytes.fromhex("f248050000 00ffffcac9c90700".replace(" ", "")))
    inflate("rfc_7692_7_2_3_6_empty", b"\0")
    inflate("d01_bomb", deflated(bytes(60_000)))
    inflate("d01_bomb_at_the_limit", deflated(bytes(255 * 64)))
    inflate("d01_bomb_beyond_the_limit", deflated(bytes(255 * 64 + 1)))
    inflate("d08_too_far_back", bytes.fromhex("4a042200"))
    inflate("d08_reserved_block", b"\x07")
    inflate("d09_nothing", b"")
    inflate("d12_empty_blocks", bytes.fromhex("000000ffff") * 8)
    inflate("dynamic_block", deflated(b"".join(b"%d squared is %d, " % (n, n * n) for n in range(60)), 9))
    inflate("text", deflated("Gr\u00fc\u00dfe, \u4e16\u754c ".encode() * 9, 1))

    def talk(name, *messages, params=0, windows=0x77, config=6):
        data = b"".join(bytes([how, len(text)]) + text for how, text in messages)
        seed("deflate_roundtrip", name, bytes([params, windows, config, 3, 0]) + data)

    hello = (0x20, b"Hello")
    talk("rfc_7692_hello_twice", hello, hello)
    talk("no_takeover", hello, (0x21, b"Hello"), hello, params=3)
    talk("d05_window_of_256", (0xE2, b"far back, again and again. " * 4), (0xE3, b"far back"), params=0x0C, windows=0)
    talk("d06_windows_of_9", (0xE2, bytes(range(200))), (0xE3, bytes(range(200))), params=0x0C, windows=0x11)
    talk("d09_empty", (0x20, b""), (0x24, b""), (0x22, b"x"))
    talk("fragments_and_pings", (0x2C, "\u00e9\u00e8 and more".encode()), (0x2E, bytes(90)), (0x2D, b"answer"))
    talk("d11_off_between", hello, (0x10, b"secret"), hello, config=0x16)


if __name__ == "__main__":
    for old in ROOT.glob("*/*"):
        if not old.name.startswith("crash_"):
            old.unlink()
    for make in (frames, operations, masks, texts, requests, responses, grammar, urls, compressed):
        make()
    for folder in sorted(ROOT.iterdir()):
        print(folder.name, len(list(folder.iterdir())))
