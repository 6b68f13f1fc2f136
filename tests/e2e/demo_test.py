"""`brink demo` as a reader of the README meets it: it prints URLs and curl commands, and the commands do what it says."""

import re
import subprocess

import harness
from harness import BRINK, EndToEnd, Process


class Demo(EndToEnd):
    def run_command(self, command):
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def test_the_printed_commands_show_a_miss_then_a_hit(self):
        demo = self.start(Process("demo", [BRINK, "demo"], self.folder / "demo.log"))
        demo.wait_for(r"^brink: ready", timeout=30)
        said = demo.output()
        print(said, flush=True)
        self.assertGreaterEqual(len(re.findall(r"http://\S+:\d+", said)), 4, "the URLs of origin, regional and two edges")
        commands = re.findall(r"^[\s$]*(curl .+?)(?:\s{2,}#.*)?$", said, re.MULTILINE)
        self.assertGreaterEqual(len(commands), 1, said)
        first, second = self.run_command(commands[0]), self.run_command(commands[1] if len(commands) > 1 else commands[0])
        self.assertRegex(first.lower(), r"cache-status:.*fwd=uri-miss")
        self.assertRegex(second.lower(), r"cache-status:.*; hit")
        for command in commands[2:]:
            self.run_command(command)


if __name__ == "__main__":
    harness.main()
