#!/usr/bin/python3
"""A simulated survey on a real Slurm of one node, started for the purpose, while everything goes wrong that may.

usage: slurm_runs.py BUILD WORK [--no-requeue-exit] [--count N] [--seed S] [--keep]

Starts munged, slurmctld and slurmd in a directory of their own, on the loopback and on ports that are free (linuxproc, no
cgroups, no accounting, MaxArraySize 11, two partitions of unlike memory, a time limit of one minute), and runs a survey of
small bricks to the end: while items are killed, the node is drained and resumed, slurmctld is killed and started again, a
task runs into its limit, one brick needs more memory than its class, one lacks an image and one has nothing in it. The end
tells each truly, and the products of all others are those of a serial run.
"""
import argparse
import getpass
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from local_runs import commands_of, guide
from small_survey import SKIPPED, Checks, SmallSurvey, environment, need_astropy, products

PROGRAMS = ["munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "sinfo", "scancel"]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Slurm:
    """A cluster of this one machine."""

    def __init__(self, work, requeue_exit):
        # Sockets' names must be short.
        self.directory = Path(subprocess.run(["mktemp", "-d", "/tmp/slurm-XXXXXX"], capture_output=True, text=True).stdout.strip())
        self.directory.chmod(0o755)
        self.processes = {}
        self.environment = {**environment(), "SLURM_CONF": str(self.directory / "slurm.conf"),
                            "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
        for name in ("state", "spool", "log"):
            (self.directory / name).mkdir()
        (self.directory / "munge.key").write_bytes(os.urandom(1024))
        (self.directory / "munge.key").chmod(0o400)
        host = socket.gethostname().split(".")[0]
        user = getpass.getuser()
        memory = 4000
        (self.directory / "slurm.conf").write_text(f"""
ClusterName=small
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={self.directory}/munge.socket
SlurmctldPort={free_port()}
SlurmdPort={free_port()}
StateSaveLocation={self.directory}/state
SlurmdSpoolDir={self.directory}/spool
SlurmctldPidFile={self.directory}/slurmctld.pid
SlurmdPidFile={self.directory}/slurmd.pid
SlurmctldLogFile={self.directory}/log/slurmctld.log
SlurmdLogFile={self.directory}/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
MaxArraySize=11
MaxJobCount=200
MpiDefault=none
SwitchType=switch/none
SlurmctldTimeout=60
SlurmdTimeout=120
KillWait=5
MinJobAge=30
MessageTimeout=5
ReturnToService=2
InactiveLimit=0
SchedulerParameters=sched_interval=2,batch_sched_delay=0
{"RequeueExit=75" if requeue_exit else ""}
NodeName={host} NodeAddr=127.0.0.1 CPUs={os.cpu_count()} RealMemory={memory} State=UNKNOWN
PartitionName=small Nodes={host} Default=YES MaxTime=1 DefaultTime=1 MaxMemPerNode=600 State=UP
PartitionName=large Nodes={host} MaxTime=1 DefaultTime=1 MaxMemPerNode=2000 State=UP
""")
        self.start("munged", "--foreground", "--force", f"--socket={self.directory}/munge.socket",
                   f"--key-file={self.directory}/munge.key", f"--pid-file={self.directory}/munged.pid",
                   f"--log-file={self.directory}/log/munged.log", f"--seed-file={self.directory}/munge.seed")
        self.wait_for("munge", lambda: (self.directory / "munge.socket").exists())
        self.start("slurmctld", "-D", "-f", self.directory / "slurm.conf")
        self.start("slurmd", "-D", "-f", self.directory / "slurm.conf")
        self.host = host
        self.wait_for("the node", lambda: self.command("sinfo", "-h", "-o", "%t").stdout.split()[:1] == ["idle"])

    def start(self, name, *words):
        log = open(self.directory / "log" / (name + ".out"), "ab")
        self.processes[name] = subprocess.Popen([name, *map(str, words)], env=self.environment, stdout=log, stderr=log)

    def wait_for(self, what, holds):
        for _ in range(600):
            if holds():
                return
            for name, process in self.processes.items():
                if process.poll() is not None:
                    words = (self.directory / "log" / (name + ".out")).read_text(errors="replace").splitlines()[-3:]
                    print(f"skipped: {name} cannot run here: {'; '.join(words)}")
                    sys.exit(77)
            time.sleep(0.2)
        self.tell()
        sys.exit(f"{what} does not come up")

    def command(self, *words):
        return subprocess.run([str(word) for word in words], env=self.environment, capture_output=True, text=True)

    def node_state(self):
        return self.command("sinfo", "-h", "-N", "-o", "%t").stdout.strip()

    def resume(self):
        self.command("scontrol", "update", f"NodeName={self.host}", "State=RESUME")

    def release_held(self):
        for line in self.command("squeue", "-h", "-o", "%i|%r").stdout.splitlines():
            job, reason = line.split("|", 1)
            if "held" in reason.lower():
                self.command("scontrol", "release", job)

    def tell(self):
        """How the cluster stands, for whoever reads why a test failed."""
        print(self.command("sinfo", "-N", "-l").stdout + self.command("squeue", "-o", "%i %t %r").stdout)
        for log in sorted((self.directory / "log").iterdir()):
            print(f"---- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-15:]))

    def kill_controller(self):
        self.processes["slurmctld"].kill()
        self.processes["slurmctld"].wait()

    def start_controller(self):
        self.start("slurmctld", "-D", "-f", self.directory / "slurm.conf")

    def end(self):
        self.command("scancel", "--user", getpass.getuser())
        for name in ("slurmd", "slurmctld", "munged"):
            if name in self.processes:
                self.processes[name].terminate()
                try:
                    self.processes[name].wait(20)
                except subprocess.TimeoutExpired:
                    self.processes[name].kill()


def items_running(survey):
    """Processes of runbrick that work on this survey."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words and words[0].endswith(b"/runbrick") and any(str(survey.work).encode() in word for word in words):
            found.append(int(entry.name))
    return found


def tables(survey, check, survey_command, slurm, site):
    """What comes of a brick, by a plan of its own on the same cluster: parts first, then what puts them together."""
    out, table = survey.work / "brick-out", survey.directory / "survey-bricks.fits.gz"
    survey.run(survey.bin / "runbrick", *survey.options(out), "--brick", "1501p022", "--zoom", 1770, 1830, 1770, 1830)
    lines = lambda root: [f"summary {out} --bricks {table} --out {root}/summary.fits --depth-out {root}/depth.fits",
                          f"randoms {out} --bricks {table} --out {root}/randoms.fits --density 300000 --no-dust",
                          f"ccds {out} --bricks {table} --out {root}/ccds.fits --annotated {root}/annotated.fits --no-dust "
                          f"--survey-dir {survey.directory} --plugin-dir {survey.build}/plugins"]
    for root in ("by-hand", "by-slurm"):
        (survey.work / root).mkdir()
    for line in lines(survey.work / "by-hand"):
        survey.survey(*line.split())
    file, plan = survey.work / "tables.txt", survey.work / "tables"
    file.write_text("\n".join(lines(survey.work / "by-slurm")) + "\n")
    survey_command("plan", plan, "--tables", file)
    survey_command("submit", plan, "--site", site)
    for _ in range(300):
        items = survey.status(plan)["items"]
        if items["waiting"] + items["queued"] == 0:
            break
        time.sleep(1)
    check.equal("a plan of tables comes to its end by itself", (items["done"], items["given up"]), (6, 0))
    made = lambda root: {name: digest for name, digest in products(survey.work / root).items() if ".parts" not in name}
    check.same_products("its tables are those of the commands", made("by-slurm"), made("by-hand"))
    check("all of them", len(made("by-slurm")) == 6, sorted(made("by-slurm")))
    check.equal("verify agrees with them", survey.survey("verify", plan).returncode, 0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("work")
    parser.add_argument("--no-requeue-exit", action="store_true")
    parser.add_argument("--count", type=int, default=7)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    missing = [name for name in PROGRAMS if not shutil.which(name, path=path)]
    if missing:
        print("skipped: not installed:", ", ".join(missing))
        return SKIPPED
    need_astropy()
    check = Checks()
    chance = random.Random(options.seed)
    survey = SmallSurvey(options.build, options.work, count=options.count, size=60)
    empty, gone = survey.add_without_images(60), survey.add_missing_image(60)
    expected = survey.serial()
    nothing = {survey.name(number) for number in range(len(survey.lines))
               if any(f"nothing-{survey.name(number)}.json" in name for name in expected)}
    busy = [number for number in range(len(survey.lines)) if survey.name(number) not in nothing and number != gone]
    hungry, slow, lost = busy[0], busy[1], busy[2]
    worker = survey.worker({
        hungry: "case \" $* \" in *\" --max-memory-gb 0.360 \"*) ulimit -v 50000 ;; esac",
        slow: "{ once slow1 || once slow2; } && exec sleep 600",  # beyond the limit of its task
        lost: f"once lost && kill -KILL $PPID && sleep 600"})
    slurm = Slurm(survey.work, not options.no_requeue_exit)
    os.environ.update({name: slurm.environment[name] for name in ("SLURM_CONF", "PATH")})

    def survey_command(*words, ok=(0,)):
        result = subprocess.run([str(survey.bin / "survey"), *map(str, words)], env=slurm.environment, capture_output=True, text=True)
        if ok is not None and result.returncode not in ok:
            slurm.end()
            sys.exit(f"survey {' '.join(map(str, words))} ended with {result.returncode}\n{result.stdout}{result.stderr}")
        return result

    try:
        plan, out = survey.plan("plan", "--worker", worker, "--memory-classes-gb", "0.4,0.8")
        site = survey.work / "site.toml"
        site.write_text(f"""task-minutes = 1
signal-seconds = 15
items-per-task = 2
cpus-per-task = 1
advance-memory-mb = 200
setup = ["export SLURM_CONF={slurm.directory}/slurm.conf"]
""")
        # As the guide has it.
        dry_run, submit, status = ([str({"PLAN": plan, "site.toml": site}.get(word, word)) for word in line.split()[1:]]
                                   for line in commands_of(guide("On a cluster with Slurm")))
        shown = survey_command(*dry_run).stdout
        check("--dry-run shows the scripts", "#SBATCH --array=0-" in shown and "--signal=B:USR1@15" in shown
              and "--partition=small" in shown, shown)
        check("and submits nothing", not slurm.command("squeue", "-h").stdout)
        both = [subprocess.Popen([str(survey.bin / "survey"), "submit", str(plan)], env=slurm.environment,
                                 stdout=subprocess.PIPE, text=True) for _ in range(2)]
        told = "".join(process.communicate()[0] for process in both)
        check.equal("two that submit at once submit one round", told.count("are submitted"), 1)
        record = json.loads((plan / "rounds/000/000000/round.json").read_text())
        check("no array is longer than the cluster lets it be", all(job["tasks"] <= 11 for job in record["jobs"]), record)

        slurm.wait_for("a task", lambda: list(plan.rglob("*.journal")))
        survey_command("stop", plan)
        slurm.wait_for("the end of what ran", lambda: not slurm.command("squeue", "-h").stdout.strip())
        items = survey.status(plan)["items"]
        check("stop empties the queue and loses nothing", items["queued"] == 0 and items["waiting"] > 0 and items["given up"] < 2, items)
        survey_command(*submit)
        check("status tells how it stands", " items\n" in survey_command(*status).stdout)

        began, disturbed, killed, restarted, drained = time.monotonic(), 0, 0, False, False
        limit = began + 900
        while time.monotonic() < limit:
            status = survey.status(plan)
            left = status["items"]["waiting"] + status["items"]["queued"]
            if left == 0:
                break
            time.sleep(1)
            disturbed += 1
            running = items_running(survey)
            if running and killed < 3 and disturbed % 4 == 0:
                try:
                    os.kill(chance.choice(running), signal.SIGKILL)
                    killed += 1
                except ProcessLookupError:
                    pass
            if disturbed == 6:
                slurm.command("scontrol", "update", f"NodeName={slurm.host}", "State=DRAIN", "Reason=test")
            if disturbed == 14:
                slurm.resume()
                drained = True
            if disturbed == 18:
                slurm.kill_controller()
            if disturbed == 24:
                slurm.start_controller()
                restarted = True
            # A controller that is killed before it has saved its state comes up with the node drained as it was before.
            if disturbed > 24 and slurm.node_state().startswith("dr"):
                slurm.resume()
            # And it holds tasks whose launch it did not see.
            if disturbed > 24:
                slurm.release_held()
            # An end that nobody wrote down (the job that looks was killed with its node): someone looks by hand.
            if disturbed > 30 and disturbed % 20 == 0 and not slurm.command("squeue", "-h").stdout.strip():
                survey_command("advance", plan, ok=(0, 6, 7, 75))
        check("the survey came to its end", left == 0, survey.status(plan)["items"])
        if left:
            slurm.tell()
        print(f"{time.monotonic() - began:.0f} s; {killed} items killed, drained: {drained}, restarted: {restarted}")

        rows = survey.rows(plan)
        row = lambda number: rows[survey.name(number)]
        check.equal("all but the missing image are done", {n for n, r in rows.items() if r["state"] not in ("done", "nothing")},
                    {survey.name(gone)})
        check.equal("what has nothing in it is told so", {n for n, r in rows.items() if r["state"] == "nothing"}, nothing)
        check("the missing image is named", row(gone)["state"] == "given up" and "gone" in row(gone)["reason"], row(gone))
        check("the hungry one got the next class", row(hungry)["memory_class"] == 1, row(hungry))
        check("the slow one was interrupted and went on", row(slow)["attempts"] >= 2 and row(slow)["outlasted"] >= 1, row(slow))
        check("the one whose task was killed was found", row(lost)["attempts"] >= 2, row(lost))
        check.same_products("the products are those of a serial run", products(out), expected)
        check.equal("verify agrees", survey.survey("verify", plan).returncode, 0)
        tables(survey, check, survey_command, slurm, site)
        entries = max(len(list(Path(d).iterdir())) for d, _, _ in os.walk(plan))
        check("no directory has too many entries", entries <= 2000, entries)
    finally:
        slurm.end()
        if not options.keep:
            shutil.rmtree(slurm.directory, ignore_errors=True)
    check.end()


if __name__ == "__main__":
    sys.exit(main())
