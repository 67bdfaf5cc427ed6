"""An HTTP/2 connection over TLS, as a client has it: PyPI `h2` on a socket of asyncio.

What a stream receives counts against its window until somebody takes it, so that a test decides who reads slowly.
"""

import asyncio
import ssl

import h2.config
import h2.connection
import h2.events
import h2.settings

WINDOW_BYTES = 65_535


class Stream:
    """One request, its answer, and what comes behind both."""

    def __init__(self, link, number):
        self.link, self.number = link, number
        self.answered, self.more, self.room = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.headers, self.chunks = {}, []
        self.is_ended, self.reset_code = False, None
        self.sent = 0

    @property
    def status(self):
        return int(self.headers[":status"])

    async def send(self, data, end=False):
        """As flow control allows: this waits for the server."""
        while data:
            most = min(self.link.http.local_flow_control_window(self.number), self.link.http.max_outbound_frame_size)
            if self.reset_code is not None:
                raise ConnectionResetError(self.reset_code)
            if most <= 0:
                self.room.clear()
                await self.room.wait()
                continue
            self.link.http.send_data(self.number, data[:most])
            self.sent += len(data[:most])
            data = data[most:]
            self.link.flush()
        if end:
            self.link.http.end_stream(self.number)
            self.link.flush()

    async def receive(self):
        """The bytes of the next DATA frame; none at the end of the stream."""
        while not self.chunks:
            if self.reset_code is not None:
                raise ConnectionResetError(self.reset_code)
            if self.is_ended:
                return b""
            self.more.clear()
            await self.more.wait()
        data, length = self.chunks.pop(0)
        if not self.is_ended and self.reset_code is None:
            self.link.http.acknowledge_received_data(length, self.number)
            self.link.flush()
        return data

    def reset(self):
        self.link.http.reset_stream(self.number, error_code=8)  # CANCEL
        self.link.flush()

    def wake(self):
        for event in self.answered, self.more, self.room:
            event.set()


class Link:
    @classmethod
    async def to(cls, port):
        link = cls()
        tls = ssl.create_default_context()
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE  # it is made anew at each start
        tls.set_alpn_protocols(["h2", "http/1.1"])
        link.reader, link.writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls, server_hostname="localhost")
        assert link.writer.get_extra_info("ssl_object").selected_alpn_protocol() == "h2"
        link.http = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        link.http.initiate_connection()
        link.http.increment_flow_control_window(1 << 24)  # that of the connection: the streams' own are what counts
        link.flush()
        link.streams, link.settled = {}, asyncio.Event()
        link.reading = asyncio.create_task(link.read())
        await link.settled.wait()
        return link

    @property
    def allows_connect(self):
        return self.http.remote_settings.get(h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL) == 1

    async def open(self, headers, end=False):
        """A request, and its answer."""
        stream = Stream(self, self.http.get_next_available_stream_id())
        self.streams[stream.number] = stream
        self.http.send_headers(stream.number, headers, end_stream=end)
        self.flush()
        await stream.answered.wait()
        if stream.reset_code is not None:
            raise ConnectionResetError(stream.reset_code)
        return stream

    def flush(self):
        self.writer.write(self.http.data_to_send())

    async def read(self):
        while data := await self.reader.read(1 << 16):
            for event in self.http.receive_data(data):
                self.handle(event)
            self.flush()
        for stream in self.streams.values():
            stream.is_ended = True
            stream.wake()

    def handle(self, event):
        stream = self.streams.get(getattr(event, "stream_id", None))
        match event:
            case h2.events.RemoteSettingsChanged():
                self.settled.set()
            case h2.events.ResponseReceived():
                stream.headers = dict(event.headers)
                stream.answered.set()
            case h2.events.DataReceived():
                stream.chunks.append((event.data, event.flow_controlled_length))
                stream.more.set()
            case h2.events.StreamEnded():
                stream.is_ended = True
                stream.wake()
            # With NO_ERROR behind a whole answer, it only says that no more is read (RFC 9113 §8.1).
            case h2.events.StreamReset() if event.error_code != 0 or not stream.is_ended:
                stream.reset_code = event.error_code
                stream.wake()
            case h2.events.WindowUpdated():
                for one in [stream] if stream else self.streams.values():
                    one.room.set()

    async def close(self):
        self.http.close_connection()
        self.flush()
        self.writer.close()
        self.reading.cancel()
