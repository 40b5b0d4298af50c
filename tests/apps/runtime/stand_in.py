"""Stands in for Meqenet's own command line: real processes on real ports, started in no time."""

import json
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NoReturn


class Fine(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({name: value for name, value in os.environ.items() if "MEQENET" in name})
        self.send_response(200 if self.path in ("/readyz", "/environment") else 404)
        self.end_headers()
        self.wfile.write(body.encode())


def serve(port: int) -> NoReturn:
    server = ThreadingHTTPServer(("127.0.0.1", port), Fine)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    server.serve_forever()
    raise SystemExit(1)


def main(words: list[str]) -> None:
    deed = words[0]
    port = int(words[words.index("--port") + 1]) if "--port" in words else 0
    if deed == "migrate":
        sys.exit("no administrator" if "MEQENET_ADMIN_DATABASE_URL" not in os.environ else 0)
    if deed == "worker":
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        sys.stdout.write("connecting\nready for kyc, credit\n")
        sys.stdout.flush()
        threading.Event().wait()
    if deed == "sandbox":
        Path(words[words.index("--data") + 1], "books").touch()
        url = f"http://127.0.0.1:{port}"
        told = {
            "provider": words[1],
            "base_url": url,
            "control_url": f"{url}/_sandbox",
            "credentials": {"app_secret": 'it\'s "one"\nof two lines', "short_code": 600000},
        }
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
    serve(port)


if __name__ == "__main__":
    main(sys.argv[1:])
