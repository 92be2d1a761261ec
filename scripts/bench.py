#!/usr/bin/env python3
"""Runs the benchmarks and prints one table; ./dev bench calls it.

    bench.py BUILD [--quick] [--folder FOLDER] [ROW...]

Each row also goes, as one JSON object a line, to build/bench/results.jsonl, together with the limits
of the machine that were measured in the same run. Rows are measured one after the other, each in a
process of its own, so that none inherits another's memory.
"""
import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path

# (program, rows that are measured by one run of it)
RUNS = [
    ("machine/machine_bench", ["fdatasync_per_s", "fdatasync_grouped_per_s", "spawns_per_s"]),
    ("server/server_bench", ["bulk_placement_per_s", "rss_mib_per_million_allocs",
                             "restart_million_allocs_s"]),
    ("server/server_bench", ["single_jobs_per_s"]),
    ("server/server_bench", ["batch_tasks_per_s"]),
    ("server/server_bench", ["dispatch_to_exec_p50_ms", "dispatch_to_exec_p99_ms"]),
    ("server/server_bench", ["template_rerender_1000_allocs_s"]),
    ("server/server_bench", ["dispatches_per_s", "bytes_per_waiting_child",
                             "waiting_100k_place_next_ms"]),
    ("server/server_bench", ["sweep_dispatches_per_s"]),
    ("server/server_bench", ["sweep_10000_true_s"]),
    ("server/server_bench", ["eval_storm_drain_s"]),
    ("server/server_bench", ["drain_1000_nodes_s"]),
    ("server/server_bench", ["events_per_s_100_subscribers"]),
    ("agent/agent_bench", ["check_cost_per_thousand_percent"]),
    ("shim/shim_bench", ["shim_rss_kib"]),
    ("raft/raft_bench", ["raft_commits_per_s_1", "raft_commits_per_s_3"]),
    ("raft/raft_bench", ["leader_kill_gap_p99_ms"]),
    ("scheduler/scheduler_bench", ["spread_cost_ratio"]),
    ("docker/docker_bench.py", ["container_start_overhead_ms"]),
    ("docker/docker_bench.py", ["agent_rss_mib_200_containers", "agent_cpu_percent_200_containers"]),
    ("packing/packing_bench", ["gpu_fragmentation_vs_first_fit",
                               "gpu_fragmentation_vs_best_fit"]),
]

SOURCES = Path(__file__).resolve().parent.parent / "bench"

# Nothing takes this long that still works.
longest_run_s = 1200


def machine():
    """The machine in one line, for the table and for docs/performance.md."""
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo")
                  if line.startswith("model name")), platform.machine())
    memory_kib = next(int(line.split()[1]) for line in open("/proc/meminfo")
                      if line.startswith("MemTotal"))
    return (f"{os.cpu_count()} × {model}, {memory_kib / 2**20:.0f} GiB memory, "
            f"Linux {platform.release()}")


def measure(program, rows, options):
    command = [str(options.build / "bench" / program)]
    if program.endswith(".py"):  # not built: it measures the program that is
        command = [sys.executable, str(SOURCES / program), str(options.build / "bin" / "yurt")]
    if options.quick:
        command.append("--quick")
    if options.folder:
        command += ["--folder", options.folder]
    command += rows
    # A group of its own, so that servers which a failed measurement leaves behind end with it.
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True,
                          start_new_session=True) as running:
        try:
            printed, _ = running.communicate(timeout=longest_run_s)
        except subprocess.TimeoutExpired:
            printed = ""
        finally:
            end_group(running.pid)
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    if running.returncode != 0:
        print(f"bench: {' '.join(command)} ended with {running.returncode}", file=sys.stderr)
    return lines, running.returncode == 0


def end_group(group):
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass


def number(value):
    if value is None:
        return "–"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}"


def table(results):
    heads = ["row", "value", "unit", "aim", "met", "limit", "share"]
    cells = [heads]
    for row in results:
        met = {True: "yes", False: "NO", None: "–"}[row["met"]]
        share = "–" if row["share_of_limit"] is None else f"{row['share_of_limit']:.0%}"
        sign = {"higher": "≥ ", "lower": "≤ "}[row["better"]] if row["aim"] is not None else ""
        cells.append([row["row"], number(row["value"]), row["unit"], sign + number(row["aim"]),
                      met, number(row["limit"]), share])
    widths = [max(len(line[i]) for line in cells) for i in range(len(heads))]
    right = {1, 3, 5, 6}
    for line in cells:
        print("  ".join(text.rjust(width) if i in right else text.ljust(width)
                        for i, (text, width) in enumerate(zip(line, widths))).rstrip())


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description="Measures Yurt.")
    parser.add_argument("build", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="all rows at reduced size")
    parser.add_argument("--folder", help="where scratch data goes: the disk that is measured")
    parser.add_argument("rows", nargs="*", metavar="ROW", help="only these rows")
    options = parser.parse_intermixed_args()
    known = {row for _, rows in RUNS for row in rows}
    unknown = [row for row in options.rows if row not in known]
    if unknown:
        parser.error(f"no row {', '.join(unknown)}; there are: {', '.join(sorted(known))}")

    results, sound = [], True
    start = time.monotonic()
    for program, rows in RUNS:
        wanted = [row for row in rows if not options.rows or row in options.rows]
        if not wanted:
            continue
        print(f"bench: {', '.join(wanted)} …", file=sys.stderr, flush=True)
        lines, ok = measure(program, wanted, options)
        missing = set(wanted) - {line["row"] for line in lines}
        sound = sound and ok and not missing
        for line in lines:
            line["quick"] = options.quick
        results += lines

    out = Path("build/bench/results.jsonl")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("".join(json.dumps(row) + "\n" for row in results))
    size = "reduced size" if options.quick else "full size"
    print(f"\n{machine()}; {size}; {time.monotonic() - start:.0f} s\n")
    table(results)
    print(f"\nEvery figure with its circumstances: {out}")
    sys.exit(0 if sound else 1)


if __name__ == "__main__":
    main()
