"""An HTTP/3 connection over QUIC, as a client has it: PyPI `aioquic`.

What a stream has received and nobody has taken keeps its window from growing, so that a test decides who reads slowly.
"""

import asyncio
import contextlib
import ssl

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection, Setting
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, StopSendingReceived, StreamReset

WINDOW_BYTES = 65_536


class Stream:
    """One request, its answer, and what comes behind both."""

    def __init__(self, link, number):
        self.link, self.number = link, number
        self.answered, self.more = asyncio.Event(), asyncio.Event()
        self.headers, self.chunks = {}, []
        self.is_ended, self.reset_code = False, None

    @property
    def status(self):
        return int(self.headers[":status"])

    @property
    def sender(self):
        return self.link._quic._streams[self.number].sender

    @property
    def sent(self):
        return self.sender.highest_offset

    async def send(self, data, end=False):
        """As flow control allows: this waits for the server."""
        if self.reset_code is not None:
            raise ConnectionResetError(self.reset_code)
        if data or end:
            self.link.http.send_data(self.number, data, end_stream=end)
            self.link.transmit()
        while not self.sender.buffer_is_empty:  # for which there is no event
            await asyncio.sleep(0.002)
            if self.reset_code is not None:
                raise ConnectionResetError(self.reset_code)

    async def receive(self):
        """The bytes of the next DATA frame, or a part of them; none at the end of the stream."""
        while not self.chunks:
            if self.reset_code is not None:
                raise ConnectionResetError(self.reset_code)
            if self.is_ended:
                return b""
            self.more.clear()
            await self.more.wait()
        data = self.chunks.pop(0)
        if not self.chunks:
            self.link.transmit()  # the window grows
        return data

    def reset(self):
        self.link._quic.reset_stream(self.number, 0x10C)  # H3_REQUEST_CANCELLED
        self.link._quic.stop_stream(self.number, 0x10C)
        self.link.transmit()

    def wake(self):
        self.answered.set()
        self.more.set()


class Link(QuicConnectionProtocol):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.http = H3Connection(self._quic)
        self.streams = {}
        grow = self._quic._write_stream_limits

        def grow_if_taken(builder, space, stream):
            ours = self.streams.get(stream.stream_id)
            if not ours or not ours.chunks:
                grow(builder=builder, space=space, stream=stream)

        self._quic._write_stream_limits = grow_if_taken

    @classmethod
    async def to(cls, port):
        configuration = QuicConfiguration(alpn_protocols=H3_ALPN, is_client=True, verify_mode=ssl.CERT_NONE)
        configuration.max_stream_data, configuration.max_data = WINDOW_BYTES, 1 << 26
        configuration.server_name = "localhost"
        stack = contextlib.AsyncExitStack()
        link = await stack.enter_async_context(connect("127.0.0.1", port, configuration=configuration, create_protocol=cls))
        link.stack = stack
        while link.http.received_settings is None:
            await asyncio.sleep(0.002)
        return link

    @property
    def allows_connect(self):
        return self.http.received_settings.get(Setting.ENABLE_CONNECT_PROTOCOL) == 1

    async def open(self, headers, end=False):
        """A request, and its answer."""
        stream = Stream(self, self._quic.get_next_available_stream_id())
        self.streams[stream.number] = stream
        encoded = [(name.encode(), value.encode()) for name, value in headers]
        self.http.send_headers(stream.number, encoded, end_stream=end)
        self.transmit()
        await stream.answered.wait()
        if not stream.headers:
            raise ConnectionResetError(stream.reset_code)
        return stream

    def quic_event_received(self, event):
        for one in self.http.handle_event(event):
            self.handle(one)
        stream = self.streams.get(getattr(event, "stream_id", None))
        match event:
            # NO_ERROR only says that no more is read (RFC 9114 §4.1).
            case StreamReset() | StopSendingReceived() if stream and event.error_code != 0x100:
                stream.reset_code = event.error_code
                stream.wake()
            case ConnectionTerminated():
                for stream in self.streams.values():
                    stream.is_ended = True
                    stream.wake()

    def handle(self, event):
        stream = self.streams.get(getattr(event, "stream_id", None))
        match event:
            case HeadersReceived():
                stream.headers = {name.decode(): value.decode() for name, value in event.headers}
                stream.answered.set()
            case DataReceived() if event.data:
                stream.chunks.append(event.data)
                stream.more.set()
        if getattr(event, "stream_ended", False):
            stream.is_ended = True
            stream.wake()
