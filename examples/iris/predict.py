"""Serves a model that train.py has written, with nothing but Python's standard library.

    predict.py MODEL.json PORT

GET /predict?sepal_length=5.1&sepal_width=3.5&petal_length=1.4&petal_width=0.2 answers with the
species and how sure the model is; GET /health answers 200.
"""
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

from train import probabilities


def main():
    with open(sys.argv[1]) as file:
        model = json.load(file)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            url = urlparse(self.path)
            if url.path == "/health":
                return self.answer(200, {"healthy": True})
            if url.path != "/predict":
                return self.answer(404, {"error": "GET /predict or /health"})
            query = parse_qs(url.query)
            try:
                features = [float(query[name][0]) for name in model["features"]]
            except (KeyError, ValueError):
                return self.answer(400, {"error": f"give a number for each of {model['features']}"})
            scaled = [(x - m) / s for x, m, s in zip(features, model["means"], model["spreads"])]
            p = probabilities(model["weights"], scaled)
            best = p.index(max(p))
            self.answer(200, {
                "species": model["species"][best],
                "probability": round(p[best], 4),
                "served_by": os.environ.get("NOMAD_SHORT_ALLOC_ID", ""),
            })

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
    print(f"serving on {address[0]}:{address[1]}", flush=True)
    ThreadingHTTPServer(address, Handler).serve_forever()


if __name__ == "__main__":
    main()
