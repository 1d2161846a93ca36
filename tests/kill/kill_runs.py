#!/usr/bin/env python3
"""Kills runs of runbrick at random moments, carries them on, and compares with a run that was let alone.

usage: kill_runs.py --runbrick FILE --plugins DIR [--times N] [--seed S] [--how WAY,...] [--survey DIR | --case DIR]
                    [--threads N] [--period S] [--within STAGE] [--fit WAY] [--work DIR]

The moments are spread over all stages, or lie within the one that is named. The ways, which take turns:
  kill      SIGKILL
  twice     SIGKILL, and the run that carries on is killed too
  term      SIGTERM: the exit code is 75, within two seconds, and a line says how to go on
  truncate  SIGKILL, and then every file of saved state (the journal of blobs too) is cut short somewhere
  flip      SIGKILL, and then one bit of every such file is turned around
In the end the exit code must be 0 and the output directory must hold the same files, byte by byte, and no others.
Exits with 1 if anything else came of it, and with 77 if the data are not there.
"""
import argparse
import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

WAYS = ["kill", "twice", "term", "truncate", "flip"]
STAGE_DONE = re.compile(r"stage (\w+) +[\d.]+ s wall")


def environment_of(case):
    environment = {name: value for name, value in os.environ.items()
                   if not re.match(r"(GAIA|DUST|UNWISE|TYCHO|LARGEGAL|GALEX|LEGACY|BRICKLINE)", name)}
    environment["XDG_DATA_HOME"] = "/nonexistent"
    environment.update(case)
    return environment


class Case:
    """A command line without its output directory, and its environment."""

    def __init__(self, options):
        words = [options.runbrick, "--plugin-dir", options.plugins, "--threads", str(options.threads),
                 "--checkpoint-period", str(options.period), "--fit", options.fit, "--no-page"]  # which tells of clocks
        variables = {}
        if options.case:
            directory = Path(options.case)
            case = json.loads((directory / "case.json").read_text())
            data = directory.parent.parent
            survey = data / "surveys" / case["survey"]
            place = lambda text: text.replace("{survey}", str(survey)).replace("{data}", str(data))
            words += ["--survey-dir", str(survey)] + [place(word) for word in case["args"]]
            if (directory / "calib").is_dir():
                words += ["--calib-dir", str(directory / "calib")]
            variables = {name: place(value) for name, value in case.get("env", {}).items()}
        else:
            survey = Path(options.survey)
            simulation = json.loads((survey / "sim.json").read_text())
            words += ["--survey-dir", str(survey), "--no-wise", "--brick", simulation["brick"], "--zoom"]
            words += [str(edge) for edge in simulation["zoom"]]
        self.words, self.environment = words, environment_of(variables)

    def start(self, out):
        return Run(self.words + ["--outdir", str(out)], self.environment)


class Run:
    """A process whose messages are read as they come, each with its time."""

    def __init__(self, words, environment):
        self.began = time.monotonic()
        self.process = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True)
        self.lines = []
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stderr:
            self.lines.append((time.monotonic() - self.began, line.rstrip()))

    def wait(self):
        code = self.process.wait()
        self.reader.join()
        return code

    def text(self):
        return "\n".join(line for _, line in self.lines)

    def stages_behind(self):
        """Those that have ended or were taken from their state."""
        return {match[1] for _, line in list(self.lines) if (match := STAGE_DONE.match(line))}

    def stages(self):
        """Each stage that has ended, with its beginning and end in seconds."""
        found, last = [], 0.0
        for when, line in self.lines:
            if match := STAGE_DONE.match(line):
                found.append((match[1], last, when))
                last = when
        return found


def files_in(out):
    return {str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(out.rglob("*")) if path.is_file()}


def damage(out, way, chance):
    for path in sorted((out / "state").glob("*")):
        content = bytearray(path.read_bytes())
        if not content:
            continue
        at = chance.randrange(len(content))
        if way == "truncate":
            content = content[:at]
        else:
            content[at] ^= 1 << chance.randrange(8)
        path.write_bytes(content)


class Trials:
    def __init__(self, case, work, chance, within):
        self.case, self.work, self.chance, self.within = case, work, chance, within
        self.failures = []
        self.killed_in = {}
        self.slowest_end = 0.0
        whole = case.start(work / "undisturbed")
        if whole.wait() != 0:
            sys.exit("the undisturbed run failed:\n" + whole.text())
        self.expected = files_in(work / "undisturbed")
        self.stages = whole.stages()
        if len(self.stages) < 5 or any(".lock" in name or "tmp-" in name for name in self.expected):
            sys.exit("the undisturbed run is not what it should be:\n" + whole.text())
        if within and within not in (names := [stage for stage, _, _ in self.stages]):
            sys.exit(f"--within {within}: the stages are {', '.join(names)}")

    def fail(self, number, way, what, run):
        self.failures.append(f"{number} ({way}): {what}\n    " + run.text().replace("\n", "\n    "))

    def interrupt(self, number, way, out):
        """Starts a run and ends it within the stage whose turn it is."""
        stages = [stage for stage in self.stages if self.within in (None, stage[0])]
        count = len(stages)  # a round on, each stage meets another of the ways
        name, begin, end = stages[(number + number // count) % count]
        run = self.case.start(out)
        # By what the run itself says, so that it does not matter how busy the machine is.
        before = {stage for stage, _, until in self.stages if until <= begin}
        while before and run.process.poll() is None and not before <= run.stages_behind():
            time.sleep(0.002)
        time.sleep(self.chance.random() * (end - begin))
        asked = time.monotonic()
        run.process.send_signal(signal.SIGTERM if way == "term" else signal.SIGKILL)
        code = run.wait()
        took = time.monotonic() - asked
        if code != 0:
            done = [stage for stage, _, _ in run.stages()]
            taken = re.findall(r"stage (\w+) +is taken from its state", run.text())
            left = [stage for stage, _, _ in self.stages if stage not in done and stage not in taken]
            stage = left[0] if left else "the end"
            self.killed_in[stage] = self.killed_in.get(stage, 0) + 1
        if way == "term" and code != 0:
            self.slowest_end = max(self.slowest_end, took)
            if took >= 2:
                self.fail(number, way, f"it took {took:.2f} s to end", run)
            # Before the program has begun there is nobody to hear.
            if not (code == -signal.SIGTERM and not out.exists()):
                if code != 75:
                    self.fail(number, way, f"exit code {code}", run)
                if sum("goes on from" in line for _, line in run.lines) != 1:
                    self.fail(number, way, "no line says how to go on", run)
                if list(out.glob("*.lock")):
                    self.fail(number, way, "the lock is still there", run)

    def run(self, number, way):
        out = self.work / "out"
        shutil.rmtree(out, ignore_errors=True)
        self.interrupt(number, way, out)
        if way == "twice":
            self.interrupt(number + 2, way, out)
        if way in ("truncate", "flip"):
            damage(out, way, self.chance)
        again = self.case.start(out)
        code = again.wait()
        found = files_in(out)
        if code != 0:
            self.fail(number, way, f"carried on, it ended with exit code {code}", again)
        elif found != self.expected:
            other = sorted(name for name in found.keys() | self.expected.keys()
                           if found.get(name) != self.expected.get(name))
            self.fail(number, way, "other files: " + ", ".join(other), again)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runbrick", required=True)
    parser.add_argument("--plugins", required=True)
    parser.add_argument("--survey")
    parser.add_argument("--case")
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--how", default=",".join(WAYS))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--period", type=float, default=0.05)
    parser.add_argument("--within")
    parser.add_argument("--fit", default="reference")
    parser.add_argument("--work")
    options = parser.parse_args()
    if not Path(options.case or options.survey).is_dir():
        print("skipped: there is no", options.case or options.survey)
        return 77
    ways = options.how.split(",")
    with tempfile.TemporaryDirectory(dir=options.work) as work:
        trials = Trials(Case(options), Path(work), random.Random(options.seed), options.within)
        for number in range(options.times):
            trials.run(number, ways[number % len(ways)])
    print(f"{options.times} runs ended early ({options.how}), in: "
          + ", ".join(f"{stage} {count}" for stage, count in trials.killed_in.items())
          + (f"; SIGTERM took {trials.slowest_end:.2f} s at most" if "term" in ways else ""))
    for failure in trials.failures:
        print("FAILED", failure)
    print(f"{len(trials.failures)} failures")
    return 1 if trials.failures else 0


if __name__ == "__main__":
    sys.exit(main())
