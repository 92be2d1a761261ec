"""Serves a model that train.py has written, with nothing but Python's standard library.

    predict.py MODEL.json PORT

GET /predict?sepal_length=5.1&sepal_width=3.5&petal_length=1.4&petal_width=0.2 answers with the
species and how sure the model is; GET /health answers 200 when the model can tell a flower, and 500
when it cannot. Told to stop, it answers what it was asked already, and ends.
"""
import json
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

from train import probabilities

A_FLOWER = [5.1, 3.5, 1.4, 0.2]


def classify(model, features):
    """The species' position and all probabilities."""
    scaled = [(x - m) / s for x, m, s in zip(features, model["means"], model["spreads"])]
    p = probabilities(model["weights"], scaled)
    if len(p) != len(model["species"]) or not abs(sum(p) - 1) < 0.01:
        raise ValueError("the model gives no probabilities")
    return p.index(max(p)), p


def main():
    with open(sys.argv[1]) as file:
        model = json.load(file)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            url = urlparse(self.path)
            if url.path == "/health":
                return self.health()
            if url.path != "/predict":
                return self.answer(404, {"error": "GET /predict or /health"})
            query = parse_qs(url.query)
            try:
                features = [float(query[name][0]) for name in model["features"]]
            except (KeyError, ValueError):
                return self.answer(400, {"error": f"give a number for each of {model['features']}"})
            best, p = classify(model, features)
            self.answer(200, {
                "species": model["species"][best],
                "probability": round(p[best], 4),
                "release": os.environ.get("RELEASE", ""),
                "served_by": os.environ.get("NOMAD_SHORT_ALLOC_ID", ""),
            })

        def health(self):
            try:
                classify(model, A_FLOWER)
            except (ValueError, IndexError, ArithmeticError, TypeError) as error:
                return self.answer(500, {"healthy": False, "error": str(error)})
            self.answer(200, {"healthy": True})

        def answer(self, code, body):
            payload = json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, text, *values):
            print(self.address_string(), text % values, flush=True)

    address = (os.environ.get("NOMAD_IP_http", "127.0.0.1"), int(sys.argv[2]))
    server = ThreadingHTTPServer(address, Handler)
    server.daemon_threads = False  # what was asked is answered before the end

    def stop(*_):
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"serving on {address[0]}:{address[1]}", flush=True)
    server.serve_forever()
    server.server_close()


if __name__ == "__main__":
    main()
