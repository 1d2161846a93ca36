"""A simulated survey of small bricks, what may go wrong in it, and what must come of it: for the tests of `survey`."""
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

RA, DEC = 150.125, 2.25  # the middle of the brick that simulate-survey covers
PIXEL = 0.262 / 3600
SKIPPED = 77


def environment():
    plain = {name: value for name, value in os.environ.items()
             if not re.match(r"(GAIA|DUST|UNWISE|TYCHO|LARGEGAL|GALEX|LEGACY|BRICKLINE|SLURM|SBATCH)", name)}
    plain["XDG_DATA_HOME"] = "/nonexistent"
    return plain


class SmallSurvey:
    """`count` x `count` bricks of `size` pixels about the middle, one line of a list each."""

    def __init__(self, build, work, count=3, size=80):
        self.build, self.work = Path(build).resolve(), Path(work).resolve()
        self.bin = self.build / "bin"
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        self.directory = self.work / "survey"
        self.state = ["--keep-state"]
        self.run(self.bin / "simulate-survey", self.directory, "--seed", "18", "--size", str(count * size + 40),
                 "--bands", "gr", "--nexp", "1", "--density", "80", "--quiet")
        self.places = []  # (RA, Dec) as words
        self.lines = []
        for j in range(count):
            for i in range(count):
                x, y = ((k - (count - 1) / 2) * size * PIXEL for k in (i, j))
                self.add(RA - x, DEC + y, size)

    def add(self, ra, dec, size):
        self.places.append((f"{ra:.6f}", f"{dec:.6f}"))
        self.lines.append(f"--radec {ra:.6f} {dec:.6f} --width {size} --height {size}")
        return len(self.lines) - 1

    def add_without_images(self, size=80):
        return self.add(RA + 3, DEC, size)

    def add_missing_image(self, size=80):
        """A piece of sky where the CCD table has a row whose image is not there."""
        import warnings
        from astropy.table import Table, vstack
        warnings.simplefilter("ignore")  # of units that are the Legacy Surveys' own
        file = self.directory / "survey-ccds-sim.fits.gz"
        table = Table.read(file)
        row = table[:1].copy()
        for column in ("ra", "crval1"):
            row[column] += 2.0
        name = str(table["image_filename"][0])
        row["image_filename"] = name.replace("c4d_", "gone")
        row["expnum"] += 777
        file.unlink()
        vstack([table, row], metadata_conflicts="silent").write(file, format="fits")
        return self.add(RA + 2, DEC, size)

    def run(self, *words, ok=(0,), **more):
        result = subprocess.run([str(word) for word in words], env=environment(), text=True, capture_output=True, **more)
        if ok is not None and result.returncode not in ok:
            sys.exit(f"{' '.join(map(str, words))}\nended with {result.returncode}\n{result.stdout}{result.stderr}")
        return result

    def survey(self, *words, ok=(0,)):
        return self.run(self.bin / "survey", *words, ok=ok)

    def options(self, out):
        return ["--survey-dir", self.directory, "--outdir", out, "--plugin-dir", self.build / "plugins", "--no-wise",
                "--bands", "g,r", "--no-page", "--no-gaia", "--no-tycho", "--no-large-galaxies", "--no-star-clusters",
                *self.state]

    def plan(self, name, *words):
        """Makes a plan; the products go beside it."""
        plan, out, file = self.work / name, self.work / (name + "-out"), self.work / "bricks.txt"
        for directory in (plan, out):
            shutil.rmtree(directory, ignore_errors=True)
        file.write_text("\n".join(self.lines) + "\n")
        self.survey("plan", plan, "--bricks", file, *words, "--", *self.options(out))
        return plan, out

    def serial(self):
        """The products of a serial run of runbrick, those that have any."""
        out = self.work / "serial"
        for line in self.lines:
            self.run(self.bin / "runbrick", *self.options(out), *line.split(), ok=(0, 3))
        return products(out)

    def worker(self, faults):
        """A program in runbrick's place: runbrick, but what a shell does first for some bricks ({number: text})."""
        cases = "".join(f'*" {self.places[number][0]} {self.places[number][1]} "*)\n{text}\n;;\n'
                        for number, text in faults.items())
        file = self.work / "worker.sh"
        file.write_text(f"#!/bin/sh\nonce() {{ mkdir {self.work}/once-$1 2>/dev/null; }}\n"
                        f"case \" $* \" in\n{cases}esac\nexec {self.bin}/runbrick \"$@\"\n")
        file.chmod(0o755)
        for mark in self.work.glob("once-*"):
            mark.rmdir()
        return file

    def name(self, number):
        """The name of a brick of the list."""
        ra, dec = (float(text) for text in self.places[number])
        return "custom-%06d%s%05d" % (int(1000 * ra + 1e-6), "p" if dec >= 0 else "m", int(1000 * abs(dec) + 1e-6))

    def status(self, plan):
        return json.loads(self.survey("status", plan, "--json").stdout)

    def rows(self, plan):
        """The manifest, by brick."""
        from astropy.io import fits
        table = fits.getdata(plan / "manifest.fits", 1)
        value = lambda v: str(v).strip() if isinstance(v, str) else v.item()
        return {str(row["brickname"]).strip(): {name: value(row[name]) for name in table.names} for row in table}


def products(out):
    """Of all files below a directory but saved state, their digests."""
    return {str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(Path(out).rglob("*")) if path.is_file() and "state" not in path.relative_to(out).parts}


class Checks:
    """Claims that are told as they turn out."""

    def __init__(self):
        self.failed = 0

    def __call__(self, what, holds, otherwise=""):
        print(("ok      " if holds else "FAILED  ") + what + ("" if holds else f": {otherwise}"), flush=True)
        self.failed += not holds

    def equal(self, what, found, expected):
        self(what, found == expected, f"{found!r} is not {expected!r}")

    def same_products(self, what, found, expected):
        other = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
        self(what, not other, ", ".join(other[:10]))

    def end(self):
        print(f"{self.failed} failures")
        sys.exit(1 if self.failed else 0)


def need_astropy():
    try:
        import astropy  # noqa: F401
    except ImportError:
        print("skipped: there is no astropy")
        sys.exit(SKIPPED)
