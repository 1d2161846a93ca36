"""What the tests of truth share: surveys that are simulated, runs of runbrick in both ways of fitting, and what is read
off their products. Needs Debian's python3-numpy and python3-astropy."""
import glob
import hashlib
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
import warnings
from pathlib import Path

SKIPPED = 77
try:
    import numpy as np
    from astropy import units as u
    from astropy.io import fits
    from astropy.table import Table
except ImportError as missing:
    print(f"skipped: {missing} (Debian packages python3-numpy, python3-astropy)")
    sys.exit(SKIPPED)

warnings.filterwarnings("ignore", category=u.UnitsWarning)  # the catalogs' units are not all FITS's
WAYS = ["reference", "joint"]
LOG = "log.txt"  # of a brick's run, beside its products
STEP_OF_MODELS = 1.01e-4  # of the compressed model coadds, nanomaggies
NO_CATALOGS = ["--no-gaia", "--no-tycho", "--no-large-galaxies", "--no-star-clusters", "--no-wise"]


class Programs:
    """The built programs below BUILD."""

    def __init__(self, build):
        self.build = Path(build).resolve()
        if not (self.build / "bin/runbrick").exists():
            sys.exit(f"no programs below {self.build} (cmake --build --preset release --target programs)")

    def run(self, program, *words, environment=None, log=None):
        """Its standard output; ends the test if the program fails. Exit code 6, some sources failed, is told and passes.
        `log`: a file for what it says on the way."""
        words = [str(self.build / "bin" / program), *map(str, words)]
        result = subprocess.run(words, env=clean(environment or {}), text=True, capture_output=True)
        if log:
            Path(log).write_text(result.stderr)
        if result.returncode == 6:
            print("warning: " + result.stderr.strip().splitlines()[-1])
        elif result.returncode != 0:
            sys.exit(f"{' '.join(words)}\nended with {result.returncode}\n{result.stderr}")
        return result.stdout

    def digest(self, program):
        """Tells builds apart, also those of one commit."""
        return hashlib.sha256((self.build / "bin" / program).read_bytes()).hexdigest()

    def simulate(self, directory, *words):
        """Once per directory: the region's words for runbrick."""
        if not (Path(directory) / "sim.json").exists():
            self.run("simulate-survey", directory, "-q", *words)
        return region(directory)

    def brick(self, survey, out, words, way, environment=None):
        """Runs a brick unless its catalog is there, of the same program and words: a dictionary of its cost, kept with them
        beside the products. Products of others are removed."""
        out = Path(out)
        told = out / "cost.json"
        made = {"program": self.digest("runbrick"), "words": [str(survey), way, *map(str, words)],
                "environment": environment or {}}
        if told.exists():
            cost = json.loads(told.read_text())
            if all(cost.get(name) == value for name, value in made.items()):
                return cost
            shutil.rmtree(out)
        out.mkdir(parents=True, exist_ok=True)
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
        self.run("runbrick", "--survey-dir", survey, "--outdir", out, "--plugin-dir", self.build / "plugins", "--no-page",
                 "--fit", way, *words, environment=environment, log=out / LOG)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cost = {"cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, "wall": time.time() - begun, **made}
        told.write_text(json.dumps(cost))
        return cost

    def compare(self, survey, out):
        return self.run("simulate-survey", "compare", survey, out)


def clean(variables):
    environment = {name: value for name, value in os.environ.items()
                   if not re.match(r"(GAIA|DUST|UNWISE|TYCHO|LARGEGAL|GALEX|LEGACY|BRICKLINE_P)", name)}
    environment["XDG_DATA_HOME"] = "/nonexistent"
    environment.update(variables)
    return environment


def region(survey):
    """The words that choose a simulated survey's region."""
    told = json.loads((Path(survey) / "sim.json").read_text())
    if "radec" in told:
        return ["--radec", *map(str, told["radec"]), "--width", str(told["width"]), "--height", str(told["height"])]
    return ["--brick", told["brick"], "--zoom", *map(str, told["zoom"])]


class GoldenCase:
    """A real field of DATA/golden, with the words and the environment that it is run with."""

    def __init__(self, data, name):
        self.name, data = name, Path(data)
        file = data / "golden" / name / "case.json"
        if not file.exists():
            print(f"skipped: no {file} (--data names the directory of test data)")
            sys.exit(SKIPPED)
        case = json.loads(file.read_text())
        self.survey = data / "surveys" / case["survey"]
        place = lambda text: text.replace("{survey}", str(self.survey)).replace("{data}", str(data))
        self.words = [place(word) for word in case["args"]]
        self.environment = {name: place(value) for name, value in case.get("env", {}).items()}
        if "--no-wise" not in self.words:
            self.words.append("--no-wise")
        if (data / "golden" / name / "calib").is_dir():
            self.words += ["--calib-dir", str(data / "golden" / name / "calib")]


def product(out, pattern):
    found = sorted(glob.glob(str(Path(out) / pattern), recursive=True))
    if not found:
        sys.exit(f"no {pattern} below {out}")
    return found[0]


def catalog(out):
    """The sources of a run, without those that are no models."""
    table = Table.read(product(out, "tractor/*/tractor-*.fits"), hdu=1)
    return table[[kind.strip() not in ("DUP", "NUN") for kind in table["type"]]]


def bands_of(out):
    found = glob.glob(str(Path(out) / "coadd/*/*/legacysurvey-*-image-*.fits.fz"))
    return sorted({re.search(r"-image-(\w+)\.fits", name)[1] for name in found})


def coadd(out, what, band):
    return fits.getdata(product(out, f"coadd/*/*/legacysurvey-*-{what}-{band}.fits.fz")).astype(float)


def coadd_sky(out, band):
    """What was taken off a band's images, nanomaggies per pixel."""
    sky = fits.getheader(product(out, f"coadd/*/*/legacysurvey-*-image-{band}.fits.fz"), 1).get("COSKY_" + band.upper())
    return sky if isinstance(sky, float) else 0.0


def chi2(out):
    """Sum of invvar (image - model)^2 over each band's coadds."""
    sums = {}
    for band in bands_of(out):
        image, model, weight = (coadd(out, what, band) for what in ("image", "model", "invvar"))
        sums[band] = float((weight * (image - model) ** 2).sum())
    return sums


def matched(table, ra, dec, radius=1.0):
    """Of each position the index of the nearest row within `radius` arcsec, else -1."""
    cosine = np.cos(np.radians(np.median(dec)))
    d = 3600 * np.hypot((np.asarray(table["ra"])[None] - np.asarray(ra)[:, None]) * cosine,
                        np.asarray(table["dec"])[None] - np.asarray(dec)[:, None])
    nearest = d.argmin(axis=1)
    return np.where(d[np.arange(len(nearest)), nearest] <= radius, nearest, -1)


def row(*cells, widths=(34,) + (14,) * 9):
    text = [f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in cells]
    print("".join(cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(text, widths))),
          flush=True)
