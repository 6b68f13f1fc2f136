"""Purges against fetches, faults and restarts, with real processes: purge_race.py BRINK --seed N --seconds S.

Two regional nodes, three edges in two PoPs, nats-server, an origin. Clients ask all the time; purgers change the origin
first and purge then, with wait=all; nodes and nats-server are killed and stopped, and connections between them are cut
and frozen. Afterwards every response is judged (race_history.py), and the deployment has to be whole again.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import threading
import time

import harness
from harness import Node
from http_client import Connection, HttpError
from nats_server import NatsServer
from race_history import History, Purge, Seen
from race_origin import BLOCK, HOST, Origin, make_pages, version_in
from relay import RelayLoop

MAX_LAG = 1.0
FORGET_AFTER = 4 * MAX_LAG  # the least that a node takes
EDGES = {"edge-fra-1": "fra", "edge-fra-2": "fra", "edge-nyc-1": "nyc"}
REGIONALS = {"regional-fra": "fra", "regional-nyc": "nyc"}
POPS = {**REGIONALS, **EDGES}
SLICE = 65536
ROUND = 30.0  # a longer race is several, each with a new deployment and a seed of its own
CLIENTS_PER_EDGE, CLIENTS_PER_REGIONAL, PURGERS = 3, 1, 6
HEAL_LIMIT, FINAL_LIMIT = 30.0, 5.0  # seconds: until all are ready and trusted, and for a last purge
HANG_LIMIT = 120.0

CONFIG = """\
node: {{ name: {name}, pop: {pop}, role: {role}, workers: 2, shutdown_grace: 1s }}
listen: [{{ address: "127.0.0.1:0" }}]
admin: {{ address: "127.0.0.1:0" }}
cache: {{ memory: 64MiB }}
access_log: none
purge:
  log: nats
  nats: {{ url: "nats://127.0.0.1:{nats}" }}
  max_lag: {max_lag}ms
  forget_node_after: {forget}ms
  fenced: {fenced}
sites:
  - name: race
    hosts: ["*"]
    origin: {{ servers: ["http://127.0.0.1:{origin}"], first_byte_timeout: 2s, idle_timeout: 2s, eject_for: 200ms }}
    rules: {{ slice_size: {slice}, slice_from: {slice}, stale_if_unreachable: 0 }}
"""


class Member:
    """One node of the deployment under all its processes; its ports change when it starts again."""

    def __init__(self, race, name, fenced):
        self.race, self.name, self.fenced = race, name, fenced
        self.to_nats = race.relays.add(race.nats.port)
        self.to_tier = {}
        self.starts, self.process, self.starting, self.is_killed = 0, None, None, False

    def configure(self, regionals):
        if self.name in EDGES:
            self.to_tier = {each.name: self.race.relays.add(each.process.port) for each in regionals}

    def start(self):
        self.starts += 1
        text = CONFIG.format(name=self.name, pop=POPS[self.name], role="edge" if self.name in EDGES else "regional",
                             nats=self.to_nats.port, origin=self.race.origin.port, slice=SLICE, fenced=self.fenced,
                             max_lag=int(MAX_LAG * 1000), forget=int(FORGET_AFTER * 1000))
        if self.to_tier:
            servers = ", ".join(f'"http://127.0.0.1:{relay.port}"' for relay in self.to_tier.values())
            text += f"tier: {{ regional: [{servers}], upstream: {{ first_byte_timeout: 2s, idle_timeout: 2s, eject_for: 200ms }} }}\n"
        process = Node(f"{self.name}.{self.starts}", text, self.race.folder)
        self.race.processes.append(process)
        self.process = process.ready()
        self.is_killed = False
        for member in self.race.members.values():
            if self.name in member.to_tier:
                member.to_tier[self.name].target = process.port

    def kill(self):
        self.is_killed = True
        self.process.send(signal.SIGKILL)
        self.process.wait()

    def start_again(self):
        """By a thread of its own: while NATS is away it takes seconds."""
        self.starting = threading.Thread(target=self.race.guarded, args=(self.start,), daemon=True)
        self.starting.start()

    def admin(self, path, method="GET", body=None, timeout=10.0, fields=()):
        with Connection(self.process.admin_port, "127.0.0.1", timeout) as connection:
            return connection.request(path, method, fields, b"" if body is None else json.dumps(body).encode())


class Faults:
    """A plan drawn beforehand from the seed: what happens when, to whom, for how long; every kind at least once."""

    KINDS = {"kill": (0.0, 1.0), "stop": (1.3 * MAX_LAG, 2.5 * MAX_LAG), "nats-kill": (0.1, 1.5), "nats-stop": (0.3, 2.0),
             "nats-cut": (0.0, 2.5), "nats-freeze": (0.5, 3.0), "tier-cut": (0.1, 2.0), "tier-freeze": (0.2, 2.0)}
    # Until the others wait for it no longer, and some more. One of them in ROUND / 2: there is little to see meanwhile.
    LONG = {"stop-long": (1.25 * FORGET_AFTER, 1.5 * FORGET_AFTER), "nats-cut-long": (1.25 * FORGET_AFTER, 1.5 * FORGET_AFTER)}
    AT_ONCE, GAP = 2, (0.2, 0.9)

    def __init__(self, race, seed, seconds):
        self.race = race
        self.counts = collections.Counter()
        chance = random.Random(f"faults {seed}")
        self.plan = self._draw(chance, seconds)

    def _draw(self, chance, seconds):
        plan, bag, until, now = [], [], {}, 1.0
        lengths = {**self.KINDS, **self.LONG}
        while now < seconds - 1:
            if not bag:
                bag = chance.sample([*self.KINDS, chance.choice(list(self.LONG))], len(self.KINDS) + 1)
            for kind in list(bag):
                target = "nats" if kind in ("nats-kill", "nats-stop") else chance.choice(
                    list(EDGES) if kind.startswith("tier") else list(POPS))
                length = chance.uniform(*lengths[kind])
                free = until.get(target, 0) <= now and sum(end > now for end in until.values()) < self.AT_ONCE
                if free and now + length < seconds:
                    bag.remove(kind)
                    plan.append((now, kind, target, length))
                    until[target] = now + length + 0.5
                    break
            else:
                if all(now + lengths[kind][0] > seconds for kind in bag):
                    break
            now += chance.uniform(*self.GAP)
        return plan

    def run(self, done):
        began, healing = time.monotonic(), []
        todo = collections.deque(self.plan)
        while (todo or healing) and not done.is_set():
            now = time.monotonic() - began
            if todo and todo[0][0] <= now:
                at, kind, target, length = todo.popleft()
                self._do(kind, target)
                healing.append((at + length, kind, target))
            for each in [each for each in healing if each[0] <= now]:
                healing.remove(each)
                self._undo(*each[1:])
            self.race.check_alive()
            done.wait(0.01)
        for _, kind, target in healing:
            self._undo(kind, target)

    def _note(self, what):
        self.race.history.faults.append((time.monotonic(), what))

    def _do(self, kind, target):
        self._note(f"{kind} {target}")
        self.counts[kind] += 1
        race, member = self.race, self.race.members.get(target)
        if kind == "kill":
            if member.starting:
                member.starting.join()
            member.kill()
        elif kind in ("stop", "stop-long"):
            if member.starting:
                member.starting.join()
            member.process.send(signal.SIGSTOP)
        elif kind == "nats-kill":
            race.nats.send(signal.SIGKILL)
            race.nats.wait()
        elif kind == "nats-stop":
            race.nats.send(signal.SIGSTOP)
        elif kind == "nats-freeze":
            member.to_nats.freeze()
        elif kind.startswith("nats-cut"):
            member.to_nats.cut()
        else:
            for relay in member.to_tier.values():
                (relay.cut if kind == "tier-cut" else relay.freeze)()

    def _undo(self, kind, target):
        race, member = self.race, self.race.members.get(target)
        if kind == "kill":
            member.start_again()
        elif kind in ("stop", "stop-long"):
            member.process.send(signal.SIGCONT)
        elif kind == "nats-kill":
            race.start_nats()
        elif kind == "nats-stop":
            race.nats.send(signal.SIGCONT)
        elif kind.startswith("nats"):
            member.to_nats.heal()
        else:
            for relay in member.to_tier.values():
                relay.heal()
        self._note(f"end of {kind} {target}")


class Race:
    """One round: set up, race, heal, judge. `figures` say what it was worth; an AssertionError says what went wrong."""

    def __init__(self, folder, seed, fenced="revalidate"):
        self.folder, self.seed = pathlib.Path(folder), seed
        self.processes, self.history, self.figures = [], History(), collections.Counter()
        self.failures, self.done = [], threading.Event()
        self.pages = {page.path: page for page in make_pages()}
        self.origin, self.relays = Origin(list(self.pages.values()), seed), RelayLoop()
        self.members, self.nats, self.nats_starts, self.fenced = {}, None, 0, fenced
        self.began = time.monotonic()

    def set_up(self):
        self.start_nats()
        for name in POPS:
            fails = name == "edge-nyc-1" and self.fenced == "revalidate"
            self.members[name] = Member(self, name, "fail" if fails else self.fenced)
        for name in REGIONALS:
            self.members[name].start()
        for name in EDGES:
            self.members[name].configure([self.members[each] for each in REGIONALS])
            self.members[name].start()

    def start_nats(self):
        self.nats_starts += 1
        nats = NatsServer(self.folder, f"nats.{self.nats_starts}")
        self.processes.append(nats)
        self.nats = nats.ready()
        for member in self.members.values():
            member.to_nats.target = nats.port

    def guarded(self, call, *arguments):
        try:
            call(*arguments)
        except Exception as error:  # pylint: disable=broad-except
            self.failures.append(f"{threading.current_thread().name}: {error!r}")
            self.done.set()

    # ---- clients

    def ask(self, member, chance):
        """A client of one node: one request after the other on one connection, until the race is over."""
        connection = None
        pages = list(self.pages.values())
        while not self.done.is_set():
            if connection is None or connection.port != member.process.port:
                if connection:
                    connection.close()
                connection = Connection(member.process.port, HOST, chance.choice((0.5, 1.5, 3.0)))
            page = chance.choice(pages)
            try:
                self.ask_once(connection, member.name, page, chance)
            except (OSError, HttpError):
                self.figures["requests without an answer"] += 1
                connection.close()
                connection = None
                self.done.wait(0.02)
        if connection:
            connection.close()

    def ask_once(self, connection, node, page, chance):
        language, fields = chance.choice(page.languages), []
        if len(page.languages) > 1:
            fields.append(("Accept-Language", language))
        if page.size > SLICE and chance.random() < 0.7:
            begin = chance.randrange(page.size // BLOCK) * BLOCK
            fields.append(("Range", f"bytes={begin}-{min(page.size, begin + 40 * BLOCK) - 1}"))
        start = time.monotonic()
        answer = connection.request(page.path, fields=fields)
        end = time.monotonic()
        self.figures[f"status {answer.status}"] += 1
        if answer.status not in (200, 206):
            if answer.status < 500:
                raise AssertionError(f"{node} answered {answer} for {page.path}")
            return
        version = version_in(page, language, answer.body)
        said = answer.field("cache-status") or ""
        if version is None:
            raise AssertionError(f"{node} sent {page.path} mixed or wrong: {answer}, {answer.body[:200]}")
        hit = "; hit" in said.rpartition(",")[2]
        self.history.responses.append(Seen(start, end, node, page.path, version, hit, answer.status, said))

    # ---- purgers

    def draw_purge(self, chance):
        """(body, pages): what to purge and what that is, as this test understands docs/purging.md."""
        pages = list(self.pages.values())
        page = chance.choice(pages)
        some = chance.sample(pages, 3)
        tag, other = chance.choice(page.tags), chance.choice(some[0].tags)
        folder = page.path[:3]
        choices = [
            (12, {"url": page.url}, lambda each: each is page),
            (4, {"urls": [each.url for each in some]}, lambda each: each in some),
            (12, {"tags": [tag]}, lambda each: tag in each.tags),
            (3, {"tags": [tag, other]}, lambda each: tag in each.tags or other in each.tags),
            (3, {"tags": list(page.tags[:2]), "match": "all"}, lambda each: set(page.tags[:2]) <= set(each.tags)),
            (4, {"prefix": HOST + folder}, lambda each: each.path.startswith(folder)),
            (2, {"pattern": f"{HOST}{folder}*-?"}, lambda each: each.path.startswith(folder) and each.path[-2] == "-"),
            (2, {"regex": f"{folder}[a-z]"}, lambda each: each.path.startswith(folder) and each.path[3].isalpha()),
            (1, {"host": HOST}, lambda each: True),
            (2, {"all": True}, lambda each: True),
        ]
        _, body, matches = chance.choices(choices, [weight for weight, _, _ in choices])[0]
        return body, [each for each in pages if matches(each)]

    def purge(self, chance):
        """A purger: changes pages, then purges them, then says when that was acknowledged."""
        number = 0
        while not self.done.is_set():
            self.done.wait(chance.choice((0, 0.005, 0.02, 0.05, 0.1)))
            body, pages = self.draw_purge(chance)
            number += 1
            floors = {page.path: page.bump() for page in pages}
            what, soft = json.dumps(body), chance.random() < 0.25
            body = {**body, "wait": "all", "timeout_ms": chance.choice((300, 1000, 2500)), "soft": soft}
            key = f"{threading.current_thread().name}-{number}"
            sent = time.monotonic()
            for _ in range(3):
                member = chance.choice(list(self.members.values()))
                answer = self.send_purge(member, body, key)
                if answer is not None:
                    receipts = " ".join(f"{each['node']}:{each['state'][0]}" for each in answer["receipts"])
                    self.history.purges.append(Purge(sent, time.monotonic(), member.name, what, floors, soft, answer["id"],
                                                     receipts))
                    break
                if self.done.is_set() or chance.random() < 0.4:
                    break

    def send_purge(self, member, body, key):
        """The answer when all have applied it; None when it is not known that they have."""
        try:
            fields = (("Idempotency-Key", key), ("Content-Type", "application/json"))
            answer = member.admin("/v1/purges", "POST", body, 8.0, fields)
        except (OSError, HttpError):
            self.figures["purges without an answer"] += 1
            return None
        self.figures[f"purges answered {answer.status}"] += 1
        if answer.status == 200:
            return json.loads(answer.body)
        if answer.status not in (202, 429, 503):
            raise AssertionError(f"{member.name} answered {answer.status} to {body}: {answer.body}")
        return self.follow_purge(member, json.loads(answer.body)["id"]) if answer.status == 202 else None

    def follow_purge(self, member, purge_id):
        """A purge that is outstanding is acknowledged once GET says that it is done."""
        until = time.monotonic() + 2
        while time.monotonic() < until and not self.done.wait(0.1):
            try:
                answer = member.admin(f"/v1/purges/{purge_id}", timeout=1.0)
            except (OSError, HttpError):
                return None
            known = json.loads(answer.body) if answer.status == 200 else {}
            if known.get("state") == "done":
                self.figures["purges done later"] += 1
                return known
        return None

    # ---- the round

    def run(self, seconds):
        faults = Faults(self, self.seed, seconds)
        work = [(self.ask, (member, random.Random(f"{self.seed} {name} {i}")), f"client-{name}-{i}")
                for name, member in self.members.items()
                for i in range(CLIENTS_PER_EDGE if name in EDGES else CLIENTS_PER_REGIONAL)]
        work += [(self.purge, (random.Random(f"{self.seed} purger {i}"),), f"purger-{i}") for i in range(PURGERS)]
        threads = [threading.Thread(target=self.guarded, args=(call, *arguments), name=name, daemon=True)
                   for call, arguments, name in work]
        self.began = time.monotonic()
        for thread in threads:
            thread.start()
        try:
            faults.run(self.done)
            self.done.wait(max(0.0, self.began + seconds - time.monotonic()))
            self.wait_until_whole()
            self.done.set()
            for thread in threads:
                thread.join(15)
            if not self.failures:
                self.check_liveness()
        finally:
            self.done.set()
            self.judge(faults)

    def check_alive(self):
        """Nodes end when they are killed and not otherwise."""
        for member in self.members.values():
            process = member.process
            if not member.is_killed and not process.running():
                raise AssertionError(f"{process.name} ended by itself with {process.wait()}:\n{process.output()[-3000:]}")

    def wait_until_whole(self):
        """Clients and purgers go on meanwhile: healing is part of the race."""
        began = time.monotonic()
        for member in self.members.values():
            if member.starting:
                member.starting.join(HEAL_LIMIT)
            while not self.failures and not self.is_whole(member):
                self.check_alive()
                if time.monotonic() > began + HEAL_LIMIT:
                    raise AssertionError(f"{member.name} is not whole {HEAL_LIMIT} s after the last fault: "
                                         f"{member.process.output()[-2000:]}")
                time.sleep(0.05)
        self.figures["milliseconds to heal"] = int(1000 * (time.monotonic() - began))

    def is_whole(self, member):
        try:
            ready, metrics = member.admin("/readyz"), member.admin("/metrics")
        except (OSError, HttpError):
            return False
        return ready.status == 200 and b"fenced" not in ready.body and b"\nbrink_purge_fenced 0" in metrics.body

    def check_liveness(self):
        names = sorted(self.members)
        for number, member in enumerate(self.members.values()):
            page = list(self.pages.values())[number]
            floor, sent = {page.path: page.bump()}, time.monotonic()
            answer = member.admin("/v1/purges", "POST", {"url": page.url, "wait": "all", "timeout_ms": 5000})
            took = time.monotonic() - sent
            body = json.loads(answer.body)
            applied = sorted(each["node"] for each in body.get("receipts", []) if each["state"] == "applied")
            if answer.status != 200 or applied != names or took > FINAL_LIMIT:
                raise AssertionError(f"the last purge via {member.name} took {took:.2f} s: {answer.status} {body}")
            self.history.purges.append(Purge(sent, time.monotonic(), member.name, "last", floor, False, body["id"], ""))
            self.figures["slowest last purge, ms"] = max(self.figures["slowest last purge, ms"], int(took * 1000))
        long_lived = next(page for page in self.pages.values() if page.cache_control == "max-age=3600")
        for member in self.members.values():
            with Connection(member.process.port, HOST) as connection:
                said = [connection.get(long_lived.path).field("cache-status") for _ in range(3)]
            if "; hit" not in said[-1].rpartition(",")[2]:
                raise AssertionError(f"{member.name} has no hits after the race: {said}")

    def judge(self, faults):
        history = self.history
        found = history.violations(self.pages)
        hits = sum(each.hit for each in history.responses)
        self.figures.update({"responses": len(history.responses), "hits": hits, "origin requests": self.origin.requests,
                             "purges acknowledged": len(history.purges), "violations": len(found),
                             "older by an origin's 304 while fenced": history.confirmed_by_origin})
        fenced = sum("fenced" in each.cache_status for each in history.responses)
        self.figures["responses while fenced"] = fenced
        for name, value in sorted(self.figures.items()):
            print(f"  {name}: {value}")
        print("  faults:", dict(sorted(faults.counts.items())), flush=True)
        for seen, purge in sorted(found, key=lambda each: each[0].end)[:3]:
            print(history.explain(seen, purge, self.began), flush=True)
        if found:
            self.failures.append(f"{len(found)} responses are older than a purge that was acknowledged before, "
                                 f"the first after {min(each.end for each, _ in found) - self.began:.2f} s")
        if self.failures:
            raise AssertionError("; ".join(map(str, self.failures[:5])))

    def hung(self):
        print(f"the race with seed {self.seed} hangs", file=sys.stderr)
        for process in self.processes:
            print(f"== {process.name}\n{process.output()[-1500:]}", file=sys.stderr)
            if process.running():
                process.send(signal.SIGKILL)
        os._exit(3)

    def end(self, failed):
        self.done.set()
        for process in self.processes:
            if process.running():
                process.send(signal.SIGCONT)
        statuses = {}
        for process in sorted(self.processes, key=lambda each: each.name.startswith("nats")):  # nodes say that they leave
            was_running = process.running()
            try:
                status = process.stop()
            except AssertionError as error:
                statuses[process.name] = str(error)
                continue
            if status not in ((0, 1) if process.name.startswith("nats") else (0,)) and (was_running or status != -signal.SIGKILL):
                statuses[process.name] = f"{status}: {process.output()[-3000:]}"
        self.relays.end()
        self.origin.end()
        if failed:
            for process in self.processes:
                if not process.name.startswith("nats"):
                    print(f"== {process.name}\n{process.output()[-1500:]}", file=sys.stderr)
        if statuses and not failed:
            raise AssertionError(f"ended otherwise than in order: {statuses}")


def run_round(seed, seconds, fenced="revalidate", keep=None):
    """AssertionError when the promise was broken or the deployment is not whole afterwards."""
    print(f"purge race: seed {seed}, {seconds:g} s, load {os.getloadavg()[0]:.1f}", flush=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"brink-race-{seed}-", dir=keep))
    race, failed = Race(folder, seed, fenced), True
    watchdog = threading.Timer(seconds + HANG_LIMIT, race.hung)
    watchdog.daemon = True
    watchdog.start()
    try:
        race.set_up()
        race.run(seconds)
        failed = False
        return race
    finally:
        race.end(failed)
        watchdog.cancel()
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("brink")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--seconds", type=float, default=ROUND)
    parser.add_argument("--fenced", default="revalidate", help="`serve` breaks the promise on purpose: the checker must see it")
    parser.add_argument("--keep", help="a folder in which each round's configurations and logs stay")
    arguments = parser.parse_args()
    harness.BRINK = arguments.brink
    until, seed = time.monotonic() + arguments.seconds, arguments.seed
    while (left := until - time.monotonic()) > 3:
        try:
            run_round(seed, min(ROUND, left), arguments.fenced, arguments.keep)
        except AssertionError as error:
            print(f"FAILED with seed {seed}: {error}")
            return 1
        seed += 1
    print("purge race: nothing older than an acknowledged purge was seen")
    return 0


if __name__ == "__main__":
    sys.setswitchinterval(0.0005)
    sys.exit(main())
