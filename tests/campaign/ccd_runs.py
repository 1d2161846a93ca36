#!/usr/bin/python3
"""Plans of CCDs, on one machine: what calibrates is made once, what does not is told truly, and bricks come after.

usage: ccd_runs.py BUILD WORK (guide | faults | slurm | kills) [--times N] [--seed S]
"""
import argparse
import random
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

from local_runs import guide, need, shell
from small_survey import Checks, SmallSurvey, environment, need_astropy, products

CHEAP = ["--set", "psf.degree=0", "--set", "psf.size_pixels=25"]  # and stamps small enough for psfex to take no time
WITHOUT = ["--no-gaia", "--no-tycho", "--no-large-galaxies", "--no-star-clusters"]


class CcdSurvey(SmallSurvey):
    """Four images of 280 pixels with 4 to 14 stars for a PSF, without calibrations. The two of band g are CCDs of one exposure,
    918001-S4 and 918001-S5; those of band r are exposures 918003 and 918004."""

    def __init__(self, build, work):
        self.build, self.work = Path(build).resolve(), Path(work).resolve()
        self.bin = self.build / "bin"
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        self.directory = self.work / "survey"
        self.run(self.bin / "simulate-survey", self.directory, "--seed", "18", "--size", "240", "--bands", "gr", "--nexp", "2",
                 "--density", "0.01", "--star-density", "80", "--bright", "18", "--faint", "21", "--overlap", "20",
                 "--cosmic-rays", "0", "--quiet")
        shutil.rmtree(self.directory / "calib")
        self.join(918001, 918002)

    def join(self, one, other):
        """Makes one's exposure that of the other, too."""
        import warnings
        from astropy.table import Table
        warnings.simplefilter("ignore")  # of units that are the Legacy Surveys' own
        file = self.directory / "survey-ccds-sim.fits.gz"
        table = Table.read(file)
        row = list(table["expnum"]).index(other)
        image = self.directory / "images" / str(table["image_filename"][row]).strip()
        for path in image.parent.glob(image.name.replace("_ooi_", "_oo?_")):
            content = path.read_bytes()
            content = re.sub(rb"(EXPNUM  =[ ]*)%d" % other, rb"\g<1>%d" % one, content)
            path.write_bytes(re.sub(rb"(EXTNAME = ')S4 ", rb"\1S5 ", content))
        table["expnum"][row], table["ccdname"][row] = one, "S5"
        file.unlink()
        table.write(file, format="fits")

    def words(self, out, *more):
        return ["--survey-dir", self.directory, "--outdir", out, "--plugin-dir", self.build / "plugins", *WITHOUT, *more]

    def plan(self, name, *own, words=(), out=None):
        plan = self.work / name
        shutil.rmtree(plan, ignore_errors=True)
        if out is None:
            out = self.work / (name + "-out")
            shutil.rmtree(out, ignore_errors=True)
        self.survey("plan", plan, "--calibrate", *own, "--", *self.words(out, *words))
        return plan, out

    def serial(self, *words):
        out = self.work / "serial"
        self.run(self.bin / "calibrate", *self.words(out, *words), ok=(0, 6))
        return products(out)

    def worker(self, text):
        """A program in calibrate's place, of which that is done first; when it is asked what there is, it is calibrate."""
        file = self.work / "worker.sh"
        file.write_text(f"#!/bin/sh\ncase \" $* \" in *\" --checksums \"*)\n{text}\n;;\nesac\nexec {self.bin}/calibrate \"$@\"\n")
        file.chmod(0o755)
        return file


def items(rows):
    return {name: (row["state"], row["tries"]) for name, row in rows.items()}


def guide_words(survey, check, options):
    """The guide's sequence, word by word: calibrations, one of which cannot be made; its CCD is cut; then bricks."""
    calibrate, cut, bricks = guide("Calibrations first, then bricks")
    out, without = survey.work / "bricks", " ".join(WITHOUT)
    replaced = {"--survey-dir DIR": f"--survey-dir {survey.directory}", "--plugin-dir PLUGINS": f"--plugin-dir {survey.build}/plugins",
                "DIR/survey-ccds-made": f"{survey.directory}/survey-ccds-sim",
                "149.9 150.4 2.0 2.4": "150.12 150.13 2.24 2.26",
                "--outdir OUT": f"--outdir {out} --zoom 1750 1850 1750 1850 --bands g,r --no-wise --no-page --skip-calibs {without}"}

    def run(text):
        for a, b in replaced.items():
            text = text.replace(a, b)
        text = re.sub(r"(--calibrate .*)", rf"\1 {without} {' '.join(CHEAP)} --min-stars 5", text)
        return shell(survey, text, cwd=survey.work)

    ran = run(calibrate.replace("--jobs 2", "--jobs 2 || [ $? = 6 ]"))
    check("the guide's commands calibrate, and verify it", ran.returncode == 0 and "2 items verified (7 files" in ran.stdout, ran.stdout + ran.stderr)
    check.equal("an item is an exposure", items(survey.rows(survey.work / "CALIBS")),
                {"918001": ("done", 0), "918003": ("done", 0), "918004": ("given up", 1)})
    ran = run(bricks)
    check("a brick is refused that a CCD without calibrations touches", ran.returncode == 6 and "1 given up" in ran.stdout, ran.stdout + ran.stderr)
    shutil.rmtree(survey.work / "PLAN")
    ran = run(cut)
    check("the commands cut that CCD", ran.returncode == 0 and "1 of 4 CCDs are cut" in ran.stdout, ran.stdout + ran.stderr)
    ran = run(bricks)
    check("then the brick is made", ran.returncode == 0 and len(list(out.glob("tractor/*/tractor-*.fits"))) == 1, ran.stdout + ran.stderr)


def faults(survey, check, options):
    """Every way in which a CCD may end."""
    words = [*CHEAP, "--min-stars", "5"]
    expected = survey.serial(*words)
    check.equal("one of four CCDs has too few stars for a PSF", len(expected), 7)
    plan, out = survey.plan("p", words=words)
    survey.survey("run", plan, "--local", "--jobs", "2", ok=(6,))
    rows = survey.rows(plan)
    check.equal("which is given up at once, and all else done", items(rows),
                {"918001": ("done", 0), "918003": ("done", 0), "918004": ("given up", 1)})
    check("with that reason", rows["918004"]["reason"].startswith("918004-S4: PSF: psfex accepted 4 of 4 stars, fewer than the 5"),
          rows["918004"]["reason"])
    check.same_products("the calibrations are those of calibrate alone", products(out), expected)
    check.equal("both CCDs of an exposure are one item", (rows["918001"]["ccds"], rows["918001"]["words"]), (2, "--expnum 918001"))
    told = survey.survey("status", plan).stdout
    check("the status tells of CCDs", "3 items, 4 CCDs, 3 of them in items that are done" in told, told)
    told = survey.survey("verify", plan).stdout
    check("verify reads what was made, of the item that was given up, too", "2 items verified (7 files" in told and "1 not done" in told, told)
    told = survey.survey("why", plan, "918004").stdout
    check("its story has the reason", "psfex accepted 4 of 4" in told and "1 CCDs" in told, told)
    page = survey.work / "page.html"
    survey.survey("status", plan, "--page", page)
    check("the page shows CCDs without pages of their own", all(words in page.read_text() for words in ('"pages":""', '"CCDs, by exposure"', "918004-S4: PSF")))

    # As good as its exposure lets it be; one that stays valid is made by nobody.
    plan, out = survey.plan("again", words=words, out=out)
    survey.survey("run", plan, "--local", ok=(6,))
    rows = survey.rows(plan)
    check.equal("what is valid is done without work", rows["918003"]["reason"], "all calibrations were valid already")
    check.same_products("and stays as it is", products(out), expected)

    # What another has made is not this plan's to set aside: whoever owns it has written it anew.
    victim = next(out.rglob("*S5-splinesky.fits"))
    content = victim.read_bytes()
    victim.write_bytes(content + bytes(2880))
    told = survey.survey("verify", plan, "--mend", ok=(6,)).stdout
    check("a calibration of another that has changed is told", victim.name in told, told)
    check("and stays", victim.exists() and not list(out.rglob("*.damaged")))
    victim.write_bytes(content)

    # A bit of a sky of its own, which can be read as before.
    victim.unlink()
    survey.survey("run", plan, "--local", ok=(6,))
    check.equal("what is gone is made", survey.rows(plan)["918001"]["reason"], "")
    victim = next(out.rglob("*S5-splinesky.fits"))
    content = bytearray(victim.read_bytes())
    content[max(i for i, byte in enumerate(content) if byte)] ^= 1
    victim.write_bytes(content)
    told = survey.survey("verify", plan, ok=(6,)).stdout
    check("one bit is found", "918001: " in told and victim.name in told, told)
    survey.survey("verify", plan, "--mend", ok=(6,))
    survey.survey("run", plan, "--local", ok=(6,))
    check.same_products("and made again", {n: d for n, d in products(out).items() if not n.endswith(".damaged")}, expected)
    check("what was damaged is set aside", victim.with_name(victim.name + ".damaged").exists())

    # Of another reduction than its image: the digest is right, the calibration is not valid.
    plan, out = survey.plan("liar", "--worker", survey.worker(f"""
        case " $* " in
        *" 918001 "*) exit 0 ;;
        *" 918003 "*)
            {survey.bin}/calibrate "$@" || exit
            for last in "$@"; do case $prior in --checksums) list=$last ;; esac; prior=$last; done
            file=$(sed -n 's/^[0-9a-f]* [*]\\(.*sky.*\\)$/\\1/p' $list)
            sed -i 's/V4\\.8/V9.9/' $file
            sed -i "\\,$file,s/^[0-9a-f]\\{{64\\}} .*$/$(sha256sum $file | cut -c1-64) *$(echo $file | sed 's,/,\\\\/,g')/;t" $list
            exit 0 ;;
        *" 918004 "*) mkdir {survey.work}/crashed 2>/dev/null && kill -SEGV $$ ;;
        esac"""), "--most-tries", "2", words=["--no-psf"])
    survey.survey("run", plan, "--local", ok=(6,))
    rows = survey.rows(plan)
    check.equal("a worker that lies is given up, a crash is tried again", items(rows),
                {"918001": ("given up", 2), "918003": ("given up", 2), "918004": ("done", 1)})
    check("for it has made nothing", "there is no list" in rows["918001"]["reason"], rows["918001"]["reason"])
    check("or what is not valid", "the sky is not valid" in rows["918003"]["reason"], rows["918003"]["reason"])

    # A program that is ended from without is another matter than stars.
    programs = survey.work / "psfex.sh"
    programs.write_text(f"#!/bin/sh\nmkdir {survey.work}/killed 2>/dev/null && kill -KILL $$\nexec psfex \"$@\"\n")
    programs.chmod(0o755)
    plan, out = survey.plan("single", "--ccds-per-item", "1", words=[*CHEAP, "--min-stars", "4", "--psfex", programs])
    survey.survey("run", plan, "--local")
    rows = survey.rows(plan)
    check.equal("that goes well another time", {row["state"] for row in rows.values()}, {"done"})
    check.equal("with more memory, for want of which a system kills",
                sorted((row["tries"], row["memory_class"]) for row in rows.values()), [(0, 0), (0, 0), (0, 0), (0, 1)])
    check.equal("items of a CCD each", {name: row["words"] for name, row in rows.items()},
                {"918001.1": "918001-S4", "918001.2": "918001-S5", "918003": "--expnum 918003", "918004": "--expnum 918004"})

    # A merged file is of a whole exposure.
    for more in (["--merge", "918001-S4"], ["--merge=true", "--expnum", "918001", "--bands", "g", "--ignore-cuts", "918003-S4"]):
        told = survey.survey("plan", survey.work / "merged", "--calibrate", "--no-check", "--",
                             *survey.words(out, "--no-psf", *more), ok=(0, 2))
        check.equal(f"{' '.join(more)}: refused unless the exposure is whole", told.returncode, 2 if "918001-S4" in more else 0)
    shutil.rmtree(survey.work / "merged")

    # Places and lists.
    listed = survey.work / "ccds.txt"
    listed.write_text("918001-S5 # one\n918003-S4\n")
    plan, out = survey.plan("listed", "--ccds", listed, words=["--no-psf"])
    check.equal("a list chooses", {name: row["words"] for name, row in survey.rows(plan).items()},
                {"918001": "918001-S5", "918003": "--expnum 918003"})
    table, listed = survey.directory / "survey-ccds-sim.fits.gz", survey.work / "bricks.txt"
    listed.write_text("1501p022\n")
    plan, out = survey.plan("bricks", "--bricks", listed, words=["--no-psf"])
    check.equal("so does one of bricks", len(survey.rows(plan)), 3)
    plan, out = survey.plan("region", "--region", "150.1", "150.2", "2.2", "2.3", words=["--no-psf", "--bands", "r"])
    check.equal("so do bands and places", list(survey.rows(plan)), ["918003", "918004"])
    plan, out = survey.plan("table", "--ccds", table, words=["--no-psf"])
    check.equal("so does a table", len(survey.rows(plan)), 3)
    image = next(survey.directory.rglob("*_ooi_r_*"))
    image.rename(str(image) + ".away")
    told = survey.survey("plan", survey.work / "gone", "--calibrate", "--", *survey.words(out, "--no-psf")).stderr
    check("an image that is missing is told before anything is queued", image.name in told, told)
    survey.survey("run", survey.work / "gone", "--local", ok=(6,))
    rows = survey.rows(survey.work / "gone")
    check.equal("and its CCD given up at once", sorted(row["tries"] for row in rows.values()), [0, 0, 1])


def slurm(survey, check, options):
    """What would be submitted, to a cluster that is a few lines of shell."""
    fake = survey.work / "fake"
    fake.mkdir()
    for name, text in {"scontrol": "[ $2 = config ] && echo 'MaxArraySize = 1001\nMaxJobCount = 10000'; :",
                       "sinfo": "echo 'batch|up|1:00:00|8000|16'"}.items():
        (fake / name).write_text(f"#!/bin/sh\n{text}\n")
        (fake / name).chmod(0o755)
    (survey.work / "site.toml").write_text('account = "m1234"\ncpus-per-task = 2\n')
    plan, out = survey.plan("s", words=["--no-psf", "--threads", "2"])
    told = shell(survey, f"PATH={fake}:$PATH; survey submit {plan} --site {survey.work}/site.toml --dry-run")
    check("a dry run shows the script of the array", told.returncode == 0 and "#SBATCH --account=m1234" in told.stdout and
          re.search(rf"^exec .*/survey.* task .*{plan}.* --round 0 --index .* --threads 2$", told.stdout, re.M), told.stdout + told.stderr)
    check.equal("and queues nothing", {row["state"] for row in survey.rows(plan).values()}, {"waiting"})
    ran = shell(survey, f"""
        read round tasks < <(survey hand-out {plan} --task-minutes 60)
        survey task {plan} --round $round --index 0 --threads 2
        survey advance {plan} --after $round""")
    check("a task carries them out", ran.returncode == 0 and len(products(out)) == 4, ran.stdout + ran.stderr)


def kills(survey, check, options):
    """SIGKILL and SIGTERM of the run at random moments."""
    words = ["--no-psf"]
    expected = survey.serial(*words)
    plan, out = survey.plan("k", words=words)
    run = [str(survey.bin / "survey"), "run", str(plan), "--local", "--jobs", "2"]
    began = time.monotonic()
    subprocess.run(run, env=environment(), capture_output=True)
    whole = time.monotonic() - began
    plan, out = survey.plan("k", words=words)
    chance = random.Random(options.seed)
    for number in range(options.times):
        process = subprocess.Popen(run, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        time.sleep(chance.random() * whole)
        process.send_signal(signal.SIGTERM if number % 3 == 2 else signal.SIGKILL)
        process.communicate()
    survey.survey("run", plan, "--local", "--jobs", "2")
    check.same_products("killed at random moments, the calibrations are the same", products(out), expected)
    check.equal("and all are done", {state for state, _ in items(survey.rows(plan)).values()}, {"done"})
    check.equal("verify finds nothing wrong", survey.survey("verify", plan).returncode, 0)
    check.equal("nothing is left behind", [str(p) for p in out.rglob("tmp-*")], [])


SCENARIOS = {"guide": guide_words, "faults": faults, "slurm": slurm, "kills": kills}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("work")
    parser.add_argument("scenario", choices=SCENARIOS)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    need_astropy()
    need("source-extractor")
    need("psfex")
    check = Checks()
    SCENARIOS[options.scenario](CcdSurvey(options.build, options.work), check, options)
    check.end()


if __name__ == "__main__":
    main()
