"""Trains a softmax classifier on the Iris flowers, with nothing but Python's standard library.

    train.py DATA.csv OUTPUT_FOLDER [EPOCHS] [LEARNING_RATE]

Writes model.json (what predict.py serves) and metrics.json (accuracy on a held-out fifth) into the
output folder, prints the loss as it falls, and reports loss and accuracy to Yurt through the file
that YURT_METRICS_FILE names.
"""
import csv
import json
import math
import os
import random
import sys


def load(path):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in rows[0] if name != "species"]
    species = sorted({row["species"] for row in rows})
    samples = [([float(row[name]) for name in names], species.index(row["species"])) for row in rows]
    return names, species, samples


def standardise(samples):
    columns = list(zip(*(features for features, _ in samples)))
    means = [sum(column) / len(column) for column in columns]
    spreads = [
        math.sqrt(sum((x - mean) ** 2 for x in column) / len(column)) or 1.0
        for column, mean in zip(columns, means)
    ]
    return means, spreads


def probabilities(weights, features):
    scores = [w[0] + sum(a * x for a, x in zip(w[1:], features)) for w in weights]
    top = max(scores)
    powers = [math.exp(score - top) for score in scores]
    total = sum(powers)
    return [power / total for power in powers]


def report(**metrics):
    path = os.environ.get("YURT_METRICS_FILE")
    if path:
        with open(path, "a") as file:
            file.write(json.dumps(metrics) + "\n")


def main():
    data, output = sys.argv[1], sys.argv[2]
    epochs = int(sys.argv[3]) if len(sys.argv) > 3 else 200
    rate = float(sys.argv[4]) if len(sys.argv) > 4 else 0.1
    names, species, samples = load(data)
    random.Random(1).shuffle(samples)
    held_out, training = samples[: len(samples) // 5], samples[len(samples) // 5 :]
    means, spreads = standardise(training)

    def scaled(features):
        return [(x - m) / s for x, m, s in zip(features, means, spreads)]

    weights = [[0.0] * (len(names) + 1) for _ in species]
    for epoch in range(1, epochs + 1):
        loss = 0.0
        for features, label in training:
            x = scaled(features)
            p = probabilities(weights, x)
            loss -= math.log(max(p[label], 1e-12))
            for k, w in enumerate(weights):
                error = p[k] - (1.0 if k == label else 0.0)
                w[0] -= rate * error
                for i, value in enumerate(x):
                    w[i + 1] -= rate * error * value
        if epoch % max(1, epochs // 5) == 0:
            print(f"epoch {epoch:4d}  loss {loss / len(training):.4f}", flush=True)
            report(loss=loss / len(training))

    correct = 0
    for features, label in held_out:
        p = probabilities(weights, scaled(features))
        correct += p.index(max(p)) == label
    accuracy = correct / len(held_out)
    os.makedirs(output, exist_ok=True)
    with open(os.path.join(output, "model.json"), "w") as file:
        json.dump({"features": names, "species": species, "means": means, "spreads": spreads,
                   "weights": weights}, file)
    with open(os.path.join(output, "metrics.json"), "w") as file:
        json.dump({"accuracy": accuracy, "epochs": epochs, "learning_rate": rate}, file)
    report(accuracy=accuracy)
    print(f"accuracy {accuracy:.3f} on {len(held_out)} flowers it has not seen")


if __name__ == "__main__":
    main()
