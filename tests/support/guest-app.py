"""A small server for tests: what applications do that a proxy must get right, with nothing but Python's library."""

import base64
import hashlib
import http.server
import struct
import sys
import time


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, headers=(), body=b""):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path == "/redirect":
            self.answer(302, [("Location", query)])
        elif path == "/own":
            self.answer(302, [("Location", f"http://{self.headers['Host']}/seen")])
        elif path == "/events":
            self.events()
        elif path == "/slow":
            self.slow()
        elif path == "/bulk":
            self.bulk()
        elif path == "/ws":
            self.web_socket()
        else:
            lines = [f"{self.command} {self.path}", *(f"{name}: {value}" for name, value in self.headers.items())]
            self.answer(200, [("Set-Cookie", "app=1; Domain=localhost")], "\n".join(lines).encode())

    do_HEAD = do_GET

    def do_POST(self):
        length = int(self.headers.get("Content-Length", "0"))
        digest = hashlib.sha256()
        while length > 0:
            piece = self.rfile.read(min(length, 65536))
            if not piece:
                return
            digest.update(piece)
            length -= len(piece)
        self.answer(200, body=digest.hexdigest().encode())

    def stream(self, content_type):
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def events(self):
        self.stream("text/event-stream")
        for count in range(3):
            self.chunk(f"data: {count}\n\n".encode())
            time.sleep(0.2)
        self.chunk(b"")

    def slow(self):
        self.stream("application/octet-stream")
        while True:
            self.chunk(b"x" * 1024)
            time.sleep(0.2)

    def bulk(self):
        self.stream("application/octet-stream")
        piece = b"x" * 65536
        while True:
            self.chunk(piece)

    def web_socket(self):
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept)
        self.end_headers()
        self.wfile.flush()
        self.close_connection = True
        while (head := self.rfile.read(2)) and len(head) == 2:
            length = head[1] & 127
            if length == 126:
                (length,) = struct.unpack(">H", self.rfile.read(2))
            elif length == 127:
                (length,) = struct.unpack(">Q", self.rfile.read(8))
            mask = self.rfile.read(4)
            data = bytes(byte ^ mask[at % 4] for at, byte in enumerate(self.rfile.read(length)))
            if head[0] & 15 == 8:
                return
            size = bytes([length]) if length < 126 else b"\x7e" + struct.pack(">H", length)
            self.wfile.write(bytes([head[0]]) + size + data)
            self.wfile.flush()

    def log_message(self, *_arguments):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
