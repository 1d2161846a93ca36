#!/usr/bin/python3
"""`survey` on one machine: what goes wrong is told truly, and all else has the bytes of a serial run.

usage: local_runs.py BUILD WORK (faults | kills | two | ends | parallel | snakemake | guide) [--times N] [--seed S]
"""
import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from small_survey import DEC, RA, SKIPPED, Checks, SmallSurvey, environment, need_astropy, products


def faults(survey, check, options):
    """Every way in which a brick may end."""
    empty, gone = survey.add_without_images(), survey.add_missing_image()
    expected = survey.serial()
    nothing = {survey.name(number) for number in range(len(survey.lines))
               if any(f"nothing-{survey.name(number)}.json" in name for name in expected)}
    check("one brick at least has nothing in it", survey.name(empty) in nothing, nothing)
    liar, damages, crashes, hungry, last = 0, 1, 2, 3, 4
    worker = survey.worker({
        liar: f"[ -e {survey.work}/honest ] || exit 0",
        damages: f"{survey.bin}/runbrick \"$@\" || exit; "
                 f"once damage && for f in $(grep -l . {survey.work}/p-out/coadd/*/{survey.name(damages)}/*-image-g.fits.fz);"
                 " do printf x | dd of=$f bs=1 seek=5000 conv=notrunc 2>/dev/null; done; exit 0",
        crashes: "once crash && kill -SEGV $$",
        hungry: "case \" $* \" in *\" --max-memory-gb 0.360 \"*) ulimit -v 50000 ;; esac",
        last: "once stop && kill -TERM $$"})
    plan, out = survey.plan("p", "--worker", worker, "--memory-classes-gb", "0.4,0.8")
    ran = survey.survey("run", plan, "--local", "--jobs", "2", ok=(6,))
    rows = survey.rows(plan)
    row = lambda number: rows[survey.name(number)]
    check.equal("all others are done", sorted({r["state"] for n, r in rows.items()
                                               if n not in nothing | {survey.name(liar), survey.name(gone)}}), ["done"])
    check.equal("a worker that makes nothing is given up", (row(liar)["state"], row(liar)["tries"]), ("given up", 3))
    check("its reason says so", row(liar)["reason"].startswith("exit code 0, but: there is no"), row(liar)["reason"])
    check.equal("a damaged product is found and made again", (row(damages)["state"], row(damages)["attempts"]), ("done", 2))
    check.equal("so is a crash", (row(crashes)["attempts"], row(crashes)["tries"]), (2, 1))
    check.equal("an item that needs more memory goes to the next class",
                (row(hungry)["memory_class"], row(hungry)["attempts"], row(hungry)["tries"]), (1, 2, 0))
    check.equal("an interruption is no failure", (row(last)["attempts"], row(last)["tries"]), (2, 0))
    check.equal("where there is nothing to do, that is told", {n for n, r in rows.items() if r["state"] == "nothing"}, nothing)
    check.equal("a missing image is not tried twice", (row(gone)["state"], row(gone)["attempts"]), ("given up", 1))
    check("it is named", "gone" in row(gone)["reason"], row(gone)["reason"])
    mine = lambda files: {name: digest for name, digest in files.items() if survey.name(liar) not in name}
    check.same_products("the products of all others are those of a serial run", mine(products(out)), mine(expected))

    story = survey.survey("why", plan, survey.name(crashes)).stdout
    check("its story has both attempts", story.count("  attempt ") == 2 and "ended by signal 11" in story, story)
    story = survey.survey("why", plan, survey.name(gone)).stdout
    check("and the log's last words", "| runbrick: error: " in story and "gone" in story, story)
    check("status counts the same", survey.status(plan)["items"] ==
          {"waiting": 0, "queued": 0, "done": len(rows) - 2 - len(nothing), "nothing": len(nothing), "given up": 2}, survey.status(plan)["items"])

    (survey.work / "honest").touch()
    survey.survey("again", plan, survey.name(liar))
    survey.survey("run", plan, "--local", ok=(6,))
    check.same_products("tried again, it is done", products(out), expected)

    check.equal("verify finds nothing wrong", survey.survey("verify", plan).returncode, 0)
    victim = next(out.glob(f"coadd/*/{survey.name(5)}/*-invvar-r.fits.fz"))
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 4
    victim.write_bytes(content)
    told = survey.survey("verify", plan, ok=(6,)).stdout
    check("one bit in a coadd is found", survey.name(5) in told and victim.name in told, told)
    survey.survey("verify", plan, "--mend", ok=(6,))
    survey.survey("run", plan, "--local", ok=(6,))
    check.same_products("and mended", products(out), expected)

    before = [str(path) for path in (out / "state").rglob("*")]
    survey.survey("clean", plan)
    check("clean removes saved state", before and not any((out / "state").rglob("*.fits")), before)
    check.equal("seal wants the plan finished", survey.survey("seal", plan, ok=(3,)).returncode, 3)
    survey.survey("seal", plan, "--incomplete")
    # What is no product stays as it is: whose it is nobody knows.
    writable = subprocess.run(["find", out, "-perm", "/222", "-printf", "%P\\n"], capture_output=True, text=True).stdout
    check.equal("no product may be written any more", writable.split(), ["state"])
    from astropy.table import Table
    table = Table.read(out / "survey-checksums.fits", 1)
    check("every product is in the table of checksums", {str(r["path"]).strip(): str(r["sha256"]) for r in table} == expected,
          {str(r["path"]).strip() for r in table} ^ expected.keys())


def finished(survey, plan):
    items = survey.status(plan)["items"]
    return items["done"] + items["nothing"] == len(survey.lines)


def kills(survey, check, options):
    """SIGKILL (and now and then SIGTERM) of the run at random moments. State that is kept may be left half-written behind the
    last products, which nobody takes up again: none is kept."""
    survey.state = []
    expected = survey.serial()
    plan, out = survey.plan("k")
    words = [str(survey.bin / "survey"), "run", str(plan), "--local", "--jobs", "2"]
    began = time.monotonic()
    subprocess.run(words, env=environment(), capture_output=True)
    whole = time.monotonic() - began
    check.same_products("two at once give the bytes of a serial run", products(out), expected)
    chance = random.Random(options.seed)
    killed = 0
    plan, out = survey.plan("k")
    for number in range(options.times):
        process = subprocess.Popen(words, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        time.sleep(chance.random() * whole / options.times * 2)
        process.send_signal(signal.SIGTERM if number % 4 == 3 else signal.SIGKILL)
        told = process.communicate()[0]
        killed += process.returncode not in (0, 75)
        if number % 4 == 3 and process.returncode not in (0, 75, -signal.SIGTERM):
            check("SIGTERM ends it with exit code 75", False, f"{process.returncode}: {told}")
    survey.survey("run", plan, "--local", "--jobs", "2")
    print(f"killed {killed} times of {options.times}")
    check.same_products("killed at random moments, the same", products(out), expected)
    check("and all are settled", finished(survey, plan), survey.status(plan)["items"])
    check.equal("nothing is left behind", [str(p) for p in list(out.rglob("*.lock")) + list(out.rglob("tmp-*"))], [])


def two(survey, check, options):
    """Two at once: of `run`, of `advance`, of one task."""
    plan, out = survey.plan("t")
    words = [str(survey.bin / "survey"), "run", str(plan), "--local", "--jobs", "1"]
    start = lambda words: subprocess.Popen(words, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    both = [start(words), start(words)]
    told = [process.communicate() for process in both]
    codes = sorted(process.returncode for process in both)
    check.equal("one of two runs does the work, the other ends", codes, [0, 75])
    loser = told[[process.returncode for process in both].index(75)][1] if 75 in codes else ""
    check("and says who is at it", f"process {both[0].pid}" in loser or f"process {both[1].pid}" in loser, loser)
    check.equal("nothing was done twice", {row["attempts"] for row in survey.rows(plan).values()}, {1})
    advances = [start([str(survey.bin / "survey"), "advance", str(plan)]) for _ in range(4)]
    check.equal("four at once advance nothing", [process.wait() for process in advances], [0] * 4)
    check("the plan is finished", finished(survey, plan), survey.status(plan)["items"])


def ends(survey, check, options):
    """`stop` and `drain`, from another process."""
    expected = survey.serial()
    # Items that take long enough for somebody to want an end of them.
    slow = survey.work / "slow.sh"
    slow.write_text(f"#!/bin/sh\nsleep 0.5\nexec '{survey.bin / 'runbrick'}' \"$@\"\n")
    slow.chmod(0o755)
    plan, out = survey.plan("e", "--worker", slow)
    words = [str(survey.bin / "survey"), "run", str(plan), "--local", "--jobs", "2"]

    def told():
        return sum(journal.stat().st_size for journal in plan.rglob("*.journal"))

    for how in ("drain", "stop"):
        before = told()
        process = subprocess.Popen(words, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        while told() == before and process.poll() is None:  # it has not begun an item
            time.sleep(0.01)
        survey.survey(how, plan)
        out_text = process.communicate()[0]
        check(f"{how} ends the run, to be gone on with", process.returncode == 75 and " 0 left" not in out_text, out_text)
    survey.survey("run", plan, "--local", "--jobs", "2")
    check.same_products("gone on with, it comes to the same", products(out), expected)
    check.equal("an end that was asked for is no failure", {row["tries"] for row in survey.rows(plan).values()}, {0})


def guide(section):
    """The examples of a section of the guide."""
    text = (Path(__file__).parents[2] / "tools/survey/README.md").read_text()
    return text.split(f"## {section}\n")[1].split("\n## ")[0].split("```")[1::2]


def shell(survey, text, **more):
    words = {**environment(), "PATH": f"{survey.bin}:{os.environ['PATH']}"}
    return subprocess.run(["bash", "-euc", text], env=words, capture_output=True, text=True, **more)


def parallel(survey, check, options):
    """The guide's example, word by word."""
    need("parallel")
    expected = survey.serial()
    plan, out = survey.plan("e")
    ran = shell(survey, guide("With another engine")[0].replace("PLAN", str(plan)).replace("--task-minutes 60", "--task-minutes 0.03"))
    check("GNU parallel runs the tasks", ran.returncode == 0 and len(list(plan.rglob("*.journal"))) > 1, ran.stdout + ran.stderr)
    check.same_products("which give the bytes of a serial run", products(out), expected)


def snakemake(survey, check, options):
    """The guide's example, word by word."""
    need("snakemake")
    expected = survey.serial()
    plan, out = survey.plan("e")
    (survey.work / "Snakefile").write_text(guide("With another engine")[1].replace("PLAN", str(plan)))
    ran = shell(survey, f"""
        read round tasks < <(survey hand-out {plan} --task-minutes 0.03)
        snakemake -j 2 --config round=$round tasks=$tasks
        survey advance {plan} --after $round""", cwd=survey.work)
    check("Snakemake runs the tasks", ran.returncode == 0 and len(list(plan.rglob("*.journal"))) > 1, ran.stdout + ran.stderr)
    check.same_products("which give the bytes of a serial run", products(out), expected)


def commands_of(blocks):
    """The lines of the guide's examples, those that go on in the next one joined, without remarks."""
    return [line.split("  #")[0].rstrip() for block in blocks for line in block.strip().splitlines() if line.startswith("survey ")]


def whole_guide(survey, check, options):
    """Every command of the guide and of `survey --help` that needs no cluster, in its order, on bricks of few pixels."""
    from astropy.io import fits
    from astropy.table import Table
    directory, work = survey.directory, survey.work
    # One that a preset names, too.
    shutil.copy(directory / "survey-ccds-sim.fits.gz", directory / "survey-ccds-decam-sim.fits.gz")
    (directory / "survey-ccds-sim.fits.gz").unlink()
    Table({"RA": [RA], "DEC": [DEC], "MJD": [55000], "PLATE": [1], "FIBERID": [2]}).write(work / "other.fits")
    (work / "list.txt").write_text("1501p022   # a brick\n")
    small = ["--zoom", "1770", "1830", "1770", "1830", "--bands", "g,r", *survey.options("")[-6:], "--no-wise"]
    dust = Path(__file__).resolve().parents[3] / "shared/data/dust"
    names = {"BRICKS": directory / "survey-bricks.fits.gz", "DIR": directory, "PLUGINS": survey.build / "plugins",
             "SWEEPS": "sweeps", "DUST": dust, "OTHER.fits": "other.fits"}

    def here(line):
        words = [str(names.get(word, word)) for word in line.split()]
        if "--dust-dir" in words and not dust.is_dir():
            at = words.index("--dust-dir")
            words[at:at + 2] = ["--no-dust"]
        return " ".join(words) + ("" if " -- " not in line else " " + " ".join(small))

    def follow(lines, what, ok=(0,)):
        for line in lines:
            ran = shell(survey, here(line), cwd=work)
            check(f"{what}: {line}", ran.returncode in ok, f"{ran.returncode}\n{ran.stdout}{ran.stderr}")

    told = survey.survey("--help").stdout
    told = [line[2:] for line in told.splitlines() if line.startswith("  survey ")]
    bricks, tables = told[:told.index("survey sweep SWEEPS --catalogs OUT/tractor")], told[told.index("survey sweep SWEEPS --catalogs OUT/tractor"):]
    cluster = commands_of(guide("On a cluster with Slurm"))
    check("what --help says of clusters is in the guide", [line for line in told if " submit" in line] == [line for line in cluster if " submit" in line], cluster)
    of_region, of_list = commands_of(guide("A plan"))
    follow([of_list], "guide")
    shutil.rmtree(work / "PLAN")
    follow([of_region, *commands_of(guide("On one machine")), *commands_of(guide("In the end"))[:3]], "guide")
    check.equal("every brick of it is done", set(survey.status(work / "PLAN")["items"].items()) & {("waiting", 0), ("given up", 0)},
                {("waiting", 0), ("given up", 0)})
    for command in sorted({line.split()[1] for line in bricks} - {"plan", "submit"}):
        check(f"--help's {command} is in the guide", any(line.split()[1] == command for line in commands_of(
            guide("On one machine") + guide("In the end"))), command)

    products, in_parts, by_plan = guide("What comes of all bricks")
    lines = commands_of([products])
    check.equal("the guide and --help tell of the same tables", [line.split()[1] for line in lines], [line.split()[1] for line in tables[:len(lines)]])
    follow(lines, "guide")
    randoms = (work / "randoms.fits").read_bytes()
    if shutil.which("parallel"):
        (work / "randoms.fits").unlink()
        for line in commands_of([in_parts]):
            command = line.split()[1]
            whole = here(next(one for one in lines if one.split()[1] == command)).removeprefix("survey ")
            line = line.replace(f"{command} OUT ...", whole).replace("sweep SWEEPS --catalogs OUT/tractor", whole)
            follow([line, "survey " + whole], "guide, in parts")
        check("parts come to the same", (work / "randoms.fits").read_bytes() == randoms)
    else:
        print("skipped: there is no parallel: the guide's parts are not made")
    (work / "tables.txt").write_text("\n".join(here(line).removeprefix("survey ") for line in lines) + "\n")
    follow(commands_of([by_plan]), "guide")
    check.equal("the plan of tables is done", survey.status(work / "TABLES")["items"]["given up"], 0)
    check.equal("--help's plan of tables is the guide's", tables[len(lines)], commands_of([by_plan])[0])
    follow(commands_of(guide("In the end"))[3:], "guide")  # read-only at last
    survey.run("chmod", "-R", "u+w", work)


def need(program):
    if not shutil.which(program):
        print("skipped: there is no", program)
        sys.exit(SKIPPED)


SCENARIOS = {"faults": faults, "kills": kills, "two": two, "ends": ends, "parallel": parallel, "snakemake": snakemake,
             "guide": whole_guide}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("work")
    parser.add_argument("scenario", choices=SCENARIOS)
    parser.add_argument("--times", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    need_astropy()
    check = Checks()
    count = 1 if options.scenario == "guide" else 3
    SCENARIOS[options.scenario](SmallSurvey(options.build, options.work, count), check, options)
    check.end()


if __name__ == "__main__":
    main()
