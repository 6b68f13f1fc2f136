#!/usr/bin/env python3
"""How long from POST /v1/purges until all nodes have acknowledged: four idle nodes of one machine and a nats-server.

purge_everywhere.py BRINK [--purges N]: by URL and by tag, one every 50 ms and one right after the other; p50 and p99 in
milliseconds. Exit status 1 when the paced ones miss the goal, p50 < 5 ms and p99 < 25 ms; a busy machine misses it too,
so the load average stands beside the figures.
"""

import argparse
import json
import os
import pathlib
import shutil
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/e2e"))
# pylint: disable=wrong-import-position
import harness
from harness import Node, node_config
from http_client import Connection
from nats_server import NatsServer
from race_origin import HOST, Origin, make_pages

GOAL_P50_MS, GOAL_P99_MS = 5.0, 25.0
PACE = 0.05  # seconds
NODES = {"regional": "fra", "edge-1": "fra", "edge-2": "fra", "edge-3": "nyc"}


def start(folder, processes):
    nats = NatsServer(folder)
    processes.append(nats)
    nats.ready()
    origin = Origin(make_pages(), 1)
    nodes = []
    for name, pop in NODES.items():
        role = "regional" if name == "regional" else "edge"
        purge = f'purge: {{ log: nats, nats: {{ url: "nats://127.0.0.1:{nats.port}" }} }}\n'
        node = Node(name, node_config(origin.port, name=name, pop=pop, role=role, extra=purge,
                                      regional=[nodes[0].port] if nodes else ()), folder)
        processes.append(node)
        nodes.append(node.ready())
    for node in nodes:
        with Connection(node.admin_port, "127.0.0.1") as admin:
            while admin.get("/readyz").status != 200:
                time.sleep(0.02)
        with Connection(node.port, HOST) as client:
            for path in origin.pages:
                client.get(path)
    return nodes


def measure(nodes, body_of, purges, pace):
    """Milliseconds of each, sorted; asked of each node in turn."""
    took = []
    admins = [Connection(node.admin_port, "127.0.0.1") for node in nodes]
    for number in range(-len(nodes), purges):  # the first of each opens its connection
        body = json.dumps({**body_of(number), "wait": "all"}).encode()
        begun = time.perf_counter()
        answer = admins[number % len(admins)].request("/v1/purges", "POST", body=body)
        ms = (time.perf_counter() - begun) * 1000
        receipts = json.loads(answer.body)["receipts"]
        if answer.status != 200 or len(receipts) != len(NODES):
            raise SystemExit(f"not acknowledged by all: {answer.status} {answer.body}")
        if number >= 0:
            took.append(ms)
        time.sleep(pace)
    for admin in admins:
        admin.close()
    return sorted(took)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("brink")
    parser.add_argument("--purges", type=int, default=300)
    arguments = parser.parse_args()
    harness.BRINK = arguments.brink
    folder, processes, missed = pathlib.Path(tempfile.mkdtemp(prefix="brink-purges-")), [], False
    kinds = {"url": lambda number: {"url": f"http://{HOST}/a/{number % 9}"}, "tag": lambda number: {"tags": [f"own-{number % 9}"]}}
    try:
        nodes = start(folder, processes)
        for pace, how in ((PACE, "one every 50 ms"), (0, "one after the other")):
            for kind, body_of in kinds.items():
                took = measure(nodes, body_of, arguments.purges, pace)
                p50, p99 = took[len(took) // 2], took[len(took) * 99 // 100]
                print(f"by {kind}, {how:20} least {took[0]:5.2f} ms  p50 {p50:7.2f} ms  p99 {p99:7.2f} ms  most {took[-1]:7.2f} ms  "
                      f"({len(took)} purges, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)", flush=True)
                missed = missed or (pace > 0 and (p50 > GOAL_P50_MS or p99 > GOAL_P99_MS))
    finally:
        for process in reversed(processes):
            process.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"goal for those every 50 ms: p50 < {GOAL_P50_MS:g} ms, p99 < {GOAL_P99_MS:g} ms: {'missed' if missed else 'met'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
