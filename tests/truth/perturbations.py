#!/usr/bin/python3
"""How much of a catalog is chance: a field is run as it is and with eight changes that mean nothing (the zoom moved by 1
to 3 pixels, or every image times 1 + 1e-6), in both ways of fitting.

usage: perturbations.py BUILD WORK [--data DIR] [--case CASE] [--margin PIXELS]

Prints of each run the rows, chi-squared of the model coadds (summed over bands) against the coadds of the run itself, and
against those of the run without a change, all of the inner part of the region that the runs share; and of each way the
standard deviation of these over the changes. A moved zoom also changes which pixels are taken for outliers, the same ones in
both ways: the second chi-squared is free of that. The third counts besides no difference between models that is less than
the step of the coadds' compression, whose dither is another in every run: on fields of thousands of pixels that makes
most of the second's scatter, in both ways (told as "of the compression"). The third is the one that counts. Wanted: the
joint way's scatter at most half of the other's, of rows and of chi-squared, or less than 1 in chi-squared: one parameter
off by one sigma. Exit code 1 if it is more, 77 where there are no data."""
import argparse
import sys
from pathlib import Path

from brick_runs import STEP_OF_MODELS, WAYS, GoldenCase, Programs, bands_of, catalog, coadd, fits, np, row

LEAST = 1  # of the scatter of chi-squared that says anything

# (dx, dy) of the zoom, or how much brighter the images are
CHANGES = [(1, 0), (0, 1), (2, 1), (1, 3), (-1, 2), (-3, -1), 1e-6, -1e-6]


def brighter(survey, directory, factor):
    """A survey whose images are what they are, times `factor`: the zero points move, so that every calibrated pixel and
    its error are (1 + small) times what they were and no compressed pixel is written anew."""
    directory.mkdir(parents=True, exist_ok=True)
    for entry in survey.iterdir():
        if not entry.name.startswith("survey-ccds"):
            if not (directory / entry.name).is_symlink():
                (directory / entry.name).symlink_to(entry.resolve())
            continue
        with fits.open(entry) as opened:
            data = opened[1].data.copy()
        columns = []
        for column in fits.BinTableHDU(data).columns:
            values = data[column.name]
            if column.name.lower() == "ccdzpt":  # float32 cannot hold a change as small
                column = fits.Column(column.name, "D", array=values.astype(float) - 2.5 * np.log10(factor))
            else:
                column = fits.Column(column.name, column.format, array=values)
            columns.append(column)
        name = entry.name.replace(".kd.fits", ".fits").removesuffix(".gz") + ".gz"
        fits.BinTableHDU.from_columns(columns).writeto(directory / name, overwrite=True)
    return directory


def moved(words, dx, dy):
    words = list(words)
    at = words.index("--zoom") + 1
    x0, x1, y0, y1 = map(int, words[at:at + 4])
    words[at:at + 4] = map(str, (x0 + dx, x1 + dx, y0 + dy, y1 + dy))
    return words


class Part:
    """The inner part of the region, in pixels of a run whose zoom was moved."""

    def __init__(self, move, margin):
        (self.dx, self.dy), self.margin = move, margin

    def of(self, plane):
        height, width = plane.shape
        m = self.margin
        self.box = m - self.dx, width - m - self.dx, m - self.dy, height - m - self.dy
        x0, x1, y0, y1 = self.box
        return plane[y0:y1, x0:x1]

    def holds(self, x, y):
        x0, x1, y0, y1 = self.box
        return x0 - 0.5 <= x < x1 - 0.5 and y0 - 0.5 <= y < y1 - 0.5


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("work", type=Path)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[3] / "shared/data")
    parser.add_argument("--case", default="sim300")
    parser.add_argument("--margin", type=int, default=20, help="of the region, that is not looked at [20]")
    options = parser.parse_args()
    programs, case = Programs(options.build), GoldenCase(options.data, options.case)
    scatter = {}
    widths = (28, 10, 14, 16, 20)
    row("", "rows", "chi2", "of same pixels", "without compression", widths=widths)
    for way in WAYS:
        figures, unchanged = [], None
        for i, change in enumerate([(0, 0), *CHANGES]):
            out = options.work / options.case / f"{way}-{i}"
            if isinstance(change, tuple):
                survey, words = case.survey, moved(case.words, *change)
            else:
                survey = brighter(case.survey, options.work / options.case / f"survey-{i}", 1 + change)
                words, change = case.words, (0, 0)
            programs.brick(survey, out, words, way, case.environment)
            part = Part(change, options.margin)
            planes = {band: [part.of(coadd(out, what, band)) for what in ("image", "invvar", "model")]
                      for band in bands_of(out)}
            unchanged = unchanged or planes
            same = {band: np.where(np.abs(planes[band][2] - m) <= STEP_OF_MODELS, m, planes[band][2]) for band, (_, _, m) in unchanged.items()}
            table = catalog(out)
            figures.append((sum(part.holds(x, y) for x, y in zip(table["bx"], table["by"])),
                            sum((w * (image - model) ** 2).sum() for image, w, model in planes.values()),
                            sum((w * (image - planes[band][2]) ** 2).sum() for band, (image, w, _) in unchanged.items()),
                            sum((w * (image - same[band]) ** 2).sum() for band, (image, w, _) in unchanged.items())))
            row(f"{way} {i}", figures[-1][0], *(f"{value:.1f}" for value in figures[-1][1:]), widths=widths)
        scatter[way] = np.std(np.array(figures[1:], float), axis=0, ddof=1)
        compression = np.sqrt(sum(((2 * w * (image - m) * STEP_OF_MODELS / np.sqrt(12)) ** 2)[m != 0].sum()
                                  for image, w, m in unchanged.values()))
        row(f"{way}: of the compression", "", "", f"{compression:.2f}", widths=widths)
        row(f"{way}: scatter", *(f"{value:.2f}" for value in scatter[way]), widths=widths)
    good = True
    for what, i, least in (("rows", 0, 0), ("chi2 of same pixels without compression", 3, LEAST)):
        one, other = (scatter[way][i] for way in WAYS)
        enough = bool(other <= max(0.5 * one, least))
        good &= enough
        print(f"{'ok    ' if enough else 'SHORT '} {what}: scatter of joint {other:.2f}, of reference {one:.2f}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
