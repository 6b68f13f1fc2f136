#!/usr/bin/env python3
"""Builds the image, brings docker-compose.yml up, and asks for a miss, a hit, and a hit of the tier. `make compose-test`.

Takes docker (compose v2) or podman with podman-compose, whichever answers. Not part of the test suite: it compiles
everything once more, and needs the ports that docker-compose.yml names.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SERVICES = ("origin", "regional", "edge-fra", "edge-nyc")


def engine():
    """(command that builds the image, command that composes)."""
    image = "localhost/brink:latest"
    docker = ["docker", "compose"]
    if shutil.which("docker") and subprocess.run(docker + ["ls"], capture_output=True).returncode == 0:
        return ["docker", "build", "-t", image, "."], docker
    if shutil.which("podman") and shutil.which("podman-compose"):
        return ["podman", "build", "--network", "host", "-t", image, "."], ["podman-compose"]
    sys.exit("compose_trial: neither a docker daemon with compose v2 nor podman with podman-compose answers")


def run(command):
    print("==", " ".join(command), flush=True)
    subprocess.run(command, cwd=ROOT, check=True)


def get(url, timeout=5, **fields):
    with urllib.request.urlopen(urllib.request.Request(url, headers=fields), timeout=timeout) as answer:
        return answer.status, answer.headers.get("Cache-Status", ""), answer.read()


def wait_until_ready(url, seconds=60):
    deadline = time.monotonic() + seconds
    while True:
        try:
            return get(url)
        except OSError as error:
            if time.monotonic() > deadline:
                raise SystemExit(f"compose_trial: {url} does not answer: {error}") from error
            time.sleep(0.5)


def expect(what, good, found):
    print(f"{'ok  ' if good else 'FAIL'} {what}: {found}", flush=True)
    if not good:
        raise SystemExit(1)


def trial():
    for port in (9901, 9902, 9903):
        wait_until_ready(f"http://127.0.0.1:{port}/readyz")
    fra, nyc = "http://127.0.0.1:8081", "http://127.0.0.1:8082"
    page = f"/product/7?trial={os.getpid()}"
    status, said, first = get(fra + page, Host="shop.example")
    expect("fra, a miss at both tiers", status == 200 and said.count("fwd=uri-miss") == 2, said)
    status, said, again = get(fra + page, Host="shop.example")
    expect("fra, a hit", status == 200 and "; hit" in said.split(",")[-1] and again == first, said)
    status, said, other = get(nyc + page, Host="shop.example")
    expect("nyc, a hit of the regional node", status == 200 and "; hit" in said.split(",")[0] and other == first, said)
    asked = json.loads(get("http://127.0.0.1:8000/_requests")[2])["urls"].get(page)
    expect("the origin was asked once", asked == 1, asked)


def main():
    build, compose = engine()
    if "--no-build" not in sys.argv:
        run(build)
    try:
        run(compose + ["up", "-d"])
        trial()
    except BaseException:
        for service in SERVICES:
            subprocess.run(compose + ["logs", service], cwd=ROOT)
        raise
    finally:
        run(compose + ["down"])
    print("compose_trial: docker-compose.yml holds what it promises")


if __name__ == "__main__":
    main()
