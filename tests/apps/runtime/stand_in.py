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


def serve(*ports: int) -> NoReturn:
    servers = [ThreadingHTTPServer(("127.0.0.1", port), Fine) for port in ports]
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever).start()
    servers[0].serve_forever()
    raise SystemExit(1)


def sandboxes(words: list[str]) -> NoReturn:
    data = Path(words[words.index("--data") + 1])
    chosen = dict(word[len("--port=") :].split("=") for word in words if word.startswith("--port="))
    for name, port in chosen.items():
        (data / name / "books").touch()
        url = f"http://127.0.0.1:{port}"
        told = {
            "provider": name,
            "base_url": url,
            "control_url": f"{url}/_sandbox",
            "credentials": {"app_secret": 'it\'s "one"\nof two lines', "short_code": 600000},
        }
        sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    serve(*map(int, chosen.values()))


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
    if deed == "sandboxes":
        sandboxes(words)
    serve(port)


if __name__ == "__main__":
    main(sys.argv[1:])
