"""What the tables and maps of a survey should hold, worked out with astropy and numpy from the bricks' files alone."""
import warnings
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

warnings.simplefilter("ignore")  # of units that are the Legacy Surveys' own


class Brick:
    """A finished brick: its row of the brick table, and its files."""

    def __init__(self, out, row):
        self.out, self.name = Path(out), str(row["brickname"]).strip()
        self.id = int(row["brickid"])
        self.ra1, self.ra2, self.dec1, self.dec2 = (float(row[name]) for name in ("ra1", "ra2", "dec1", "dec2"))

    def file(self, what):
        return self.out / "coadd" / self.name[:3] / self.name / f"legacysurvey-{self.name}-{what}"

    def has(self, what, band):
        return self.file(f"{what}-{band}.fits.fz").exists()

    def map(self, what, band):
        return fits.getdata(self.file(f"{what}-{band}.fits.fz"), 1)

    def wcs(self, what, band):
        return WCS(fits.getheader(self.file(f"{what}-{band}.fits.fz"), 1))

    def mask(self, hdu):
        with fits.open(self.file("maskbits.fits.fz")) as hdus:
            return hdus[hdu].data if hdu in [h.name for h in hdus] else None

    def mask_header(self):
        return fits.getheader(self.file("maskbits.fits.fz"), 1)

    def catalog(self):
        return fits.getdata(self.out / "tractor" / self.name[:3] / f"tractor-{self.name}.fits", 1)

    def unique(self, wcs, shape):
        y, x = np.mgrid[:shape[0], :shape[1]]
        ra, dec = wcs.all_pix2world(x, y, 0)
        return (ra >= self.ra1) & (ra < self.ra2) & (dec >= self.dec1) & (dec < self.dec2), ra, dec


def bricks(out, table):
    rows = {str(row["brickname"]).strip(): row for row in fits.getdata(table, 1)}
    names = sorted(path.name[8:-5] for path in Path(out).glob("tractor/*/tractor-*.fits"))
    return sorted((Brick(out, rows[name]) for name in names), key=lambda b: b.id)


# ---- random numbers ----
def philox(counter, key):
    """Philox4x32-10 (Salmon et al. 2011), of arrays."""
    c, k = [np.asarray(word, dtype=np.uint64) for word in counter], list(key)
    low, half = np.uint64(0xffffffff), np.uint64(32)
    for _ in range(10):
        a, b = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        c = [(b >> half) ^ c[1] ^ np.uint64(k[0]), b & low, (a >> half) ^ c[3] ^ np.uint64(k[1]), a & low]
        k = [(k[0] + 0x9E3779B9) & 0xffffffff, (k[1] + 0xBB67AE85) & 0xffffffff]
    return c


def uniform(high, low):
    return ((high << np.uint64(32) | low) >> np.uint64(11)).astype(float) * 2.0 ** -53 + 2.0 ** -54


def points(brick, seed, density):
    """Of each: objid, ra, dec, sort key, level."""
    low, high = np.sin(np.radians([brick.dec1, brick.dec2]))
    area = (brick.ra2 - brick.ra1) * np.degrees(high - low)
    i = np.arange(int(density * area + 10 * np.sqrt(density * area) + 100))  # more than there are
    zero = np.zeros_like(i)
    w = philox((i, zero, zero + 1, zero), (seed, brick.id))
    level = np.cumsum(-np.log(uniform(w[0], w[1]))) / area
    p = philox((i, zero, zero, zero), (seed, brick.id))
    ra = brick.ra1 + (brick.ra2 - brick.ra1) * uniform(p[0], p[1])
    dec = np.degrees(np.arcsin(low + (high - low) * uniform(p[2], p[3])))
    key = w[2] << np.uint64(32) | w[3]
    return [column[level <= density] for column in (i, ra, dec, key, level)]


# ---- apertures ----
def overlap(x0, y0, x1, y1, r):
    """The area that a box shares with the circle of radius r about the origin, by quadrature of heights."""
    if max(x0 * x0, x1 * x1) + max(y0 * y0, y1 * y1) <= r * r:
        return (x1 - x0) * (y1 - y0)
    x = np.linspace(max(x0, -r), min(x1, r), 4001) if min(x1, r) > max(x0, -r) else None
    if x is None:
        return 0.0
    half = np.sqrt(np.maximum(r * r - x * x, 0))
    height = np.maximum(np.minimum(y1, half) - np.maximum(y0, -half), 0)
    return float(np.sum((height[1:] + height[:-1]) / 2 * np.diff(x)))


def aperture(image, weight, x, y, r):
    """Flux and its inverse variance; pixels without weight are left out."""
    flux = variance = 0.0
    for iy in range(max(0, int(y - r) - 1), min(image.shape[0], int(y + r) + 3)):
        for ix in range(max(0, int(x - r) - 1), min(image.shape[1], int(x + r) + 3)):
            if weight[iy, ix] > 0:
                area = overlap(ix - 0.5 - x, iy - 0.5 - y, ix + 0.5 - x, iy + 0.5 - y, r)
                flux += area * image[iy, ix]
                variance += area / weight[iy, ix]
    return (flux, 1 / variance) if variance > 0 else (0.0, 0.0)


# ---- dust ----
class Dust:
    """SFD's maps by their headers' own projection, bilinear."""

    def __init__(self, directory):
        self.maps = {pole: fits.open(Path(directory) / "maps" / f"SFD_dust_4096_{pole}gp.fits")[0] for pole in "ns"}

    def ebv(self, ra, dec):
        from astropy.coordinates import SkyCoord
        galactic = SkyCoord(ra, dec, unit="deg", frame="fk5").galactic
        out = np.zeros(len(ra))
        for pole, sign in (("n", 1), ("s", -1)):
            here = galactic.b.deg >= 0 if sign > 0 else galactic.b.deg < 0
            if not here.any():
                continue
            h, l, b = self.maps[pole].header, galactic.l.rad[here], galactic.b.rad[here]
            scale, r = h["LAM_SCAL"], np.sqrt(1 - sign * np.sin(b))
            x = h["CRPIX1"] - 1 + scale * r * np.cos(l)
            y = h["CRPIX2"] - 1 - sign * scale * r * np.sin(l)
            x0, y0 = np.floor(x).astype(int), np.floor(y).astype(int)
            data, fx, fy = self.maps[pole].data, x - x0, y - y0
            out[here] = ((1 - fx) * (1 - fy) * data[y0, x0] + fx * (1 - fy) * data[y0, x0 + 1]
                         + (1 - fx) * fy * data[y0 + 1, x0] + fx * fy * data[y0 + 1, x0 + 1])
        return out


# ---- randoms ----
BITS_OF_WISE = {"W1": (0.240, 2.699), "W2": (0.255, 3.339)}


def randoms(brick, seed, density, bands, radius, dust):
    """Rows of the catalog of one brick, by column, with the sort key as KEY."""
    from astropy_healpix import HEALPix
    objid, ra, dec, key, level = points(brick, seed, density)
    maskbits = brick.mask("MASKBITS")
    wcs = WCS(brick.mask_header())
    x, y = wcs.all_world2pix(ra, dec, 0)
    keep = (x >= -0.5) & (y >= -0.5) & (x < maskbits.shape[1] - 0.5) & (y < maskbits.shape[0] - 0.5)
    ra, dec, x, y = ra[keep], dec[keep], x[keep], y[keep]
    ix, iy = np.floor(x + 0.5).astype(int), np.floor(y + 0.5).astype(int)
    n = len(ra)
    out = {"RELEASE": np.full(n, brick.mask_header().get("DRVERSIO", 0)), "BRICKID": np.full(n, brick.id),
           "BRICKNAME": np.full(n, brick.name), "OBJID": objid[keep], "RA": ra, "DEC": dec,
           "KEY": key[keep], "LEVEL": level[keep]}
    for band in bands:
        b = band.upper()
        for name, what in (("NOBS", "nexp"), ("PSFDEPTH", "depth"), ("GALDEPTH", "galdepth"), ("PSFSIZE", "psfsize")):
            out[f"{name}_{b}"] = brick.map(what, band)[iy, ix] if brick.has(what, band) else np.zeros(n)
        fluxes = [(0.0, 0.0)] * n
        if brick.has("image", band):
            image, weight = brick.map("image", band), brick.map("invvar", band)
            fluxes = [aperture(image, weight, *place, radius / 0.262) for place in zip(x, y)]
        out[f"APFLUX_{b}"] = np.array([f[0] for f in fluxes])
        out[f"APFLUX_IVAR_{b}"] = np.array([f[1] for f in fluxes])
    out["MASKBITS"] = maskbits[iy, ix]
    for number, (band, (norm, vega)) in enumerate(BITS_OF_WISE.items(), 1):
        mask = brick.mask(f"WISEM{number}")
        out[f"WISEMASK_{band}"] = mask[iy, ix] if mask is not None else np.zeros(n, int)
        depth = np.zeros(n)
        if brick.has("invvar", band):
            weight = brick.map("invvar", band)
            wx, wy = (np.floor(v + 0.5).astype(int) for v in brick.wcs("invvar", band).all_world2pix(ra, dec, 0))
            inside = (wx >= 0) & (wy >= 0) & (wx < weight.shape[1]) & (wy < weight.shape[0])
            depth[inside] = weight[wy[inside], wx[inside]] * norm ** 2 / (10 ** (-vega / 2.5)) ** 2
        out[f"PSFDEPTH_{band}"] = depth
    if dust:
        out["EBV"] = dust.ebv(ra, dec)
    out["PHOTSYS"] = np.full(n, "N")
    out["HPXPIXEL"] = HEALPix(nside=64, order="nested").lonlat_to_healpix(*(np.radians(v) * RADIAN for v in (ra, dec)))
    return out


from astropy import units  # noqa: E402
RADIAN = units.rad


# ---- maps ----
def cells(order, ra, dec):
    from astropy_healpix import HEALPix
    return HEALPix(nside=2 ** order, order="nested").lonlat_to_healpix(np.radians(ra) * units.rad, np.radians(dec) * units.rad)


def maps(all_bricks, order, moc_order, bands):
    """(rows by column, cells of the coverage by band and of any)."""
    area = 4 * np.pi * np.degrees(1) ** 2 / (12 * 4 ** order)
    names = {bit: all_bricks[0].mask_header().get(f"MBIT_{bit}") for bit in range(1, 31)}
    sums, covered = {}, {band: set() for band in (*bands, "")}
    for brick in all_bricks:
        mask = brick.mask("MASKBITS")
        wcs = WCS(brick.mask_header())
        unique, ra, dec = brick.unique(wcs, mask.shape)
        pixel = abs(np.linalg.det(wcs.wcs.cd))
        cell = cells(order, ra[unique], dec[unique])
        deep = cells(moc_order, ra[unique], dec[unique])

        def add(what, chosen, values):
            for c in np.unique(cell[chosen]):
                row = sums.setdefault(c, {})
                row[what] = row.get(what, 0) + np.sum(values[cell[chosen] == c], dtype=float)

        every = np.ones(len(cell), bool)
        add("area", every, np.full(len(cell), pixel))
        for bit, name in names.items():
            if name:
                add(name, every, pixel * (mask[unique] >> bit & 1))
        for band in bands:
            if not brick.has("nexp", band):
                continue
            nexp = brick.map("nexp", band)[unique]
            on = nexp > 0
            covered[band] |= set(deep[on].tolist())
            covered[""] |= set(deep[on].tolist())
            add("area" + band, on, np.full(on.sum(), pixel))
            add("n" + band, on, np.ones(on.sum()))
            add("NEXP_" + band, on, nexp[on])
            for column, what in (("PSFDEPTH_", "depth"), ("GALDEPTH_", "galdepth"), ("PSFSIZE_", "psfsize")):
                add(column + band, on, brick.map(what, band)[unique][on])
    order_of_cells = sorted(sums)
    get = lambda what: np.array([sums[c].get(what, 0) for c in order_of_cells])
    out = {"PIXEL": np.array(order_of_cells), "FRAC": get("area") / area}
    unseen = -1.6375e30
    with np.errstate(all="ignore"):
        for band in bands:
            b, n = band.upper(), get("n" + band)
            out[f"FRAC_{b}"] = get("area" + band) / area
            for column in ("NEXP_", "PSFDEPTH_", "GALDEPTH_", "PSFSIZE_"):
                out[column + b] = np.where(n > 0, get(column + band) / n, unseen)
            for column, depth in (("PSFMAG_", "PSFDEPTH_"), ("GALMAG_", "GALDEPTH_")):
                value = 22.5 - 2.5 * np.log10(5 / np.sqrt(get(depth + band) / n))
                out[column + b] = np.where(np.isfinite(value), value, unseen)
    for name in names.values():
        if name:
            out["FRAC_" + name] = get(name) / area
    return out, covered


def moc_cells(file, order):
    """The cells of an order that a MOC covers; a claim about its form."""
    with fits.open(file) as hdus:
        header, uniq = hdus[1].header, np.sort(hdus[1].data["UNIQ"].astype(np.int64))
    depth = (np.floor(np.log2(uniq / 4)) / 2).astype(int)
    out, parents = set(), {}
    for u, k in zip(uniq.tolist(), depth.tolist()):
        first = (u - 4 * 4 ** k) << 2 * (order - k)
        out |= set(range(first, first + 4 ** (order - k)))
        parents[(k - 1, (u - 4 * 4 ** k) >> 2)] = parents.get((k - 1, (u - 4 * 4 ** k) >> 2), 0) + 1
    total = sum(4 ** (order - k) for k in depth.tolist())
    canonical = total == len(out) and max(parents.values(), default=0) < 4
    return out, header, canonical


# ---- sweeps and the brick summary ----
def sweep(all_bricks, box):
    """(columns by upper-case name, brick and row of each) of the primary sources in a box (ra1, ra2, dec1, dec2)."""
    chosen, names = [], []
    for brick in all_bricks:
        catalog = brick.catalog()
        names += [name for name in catalog.names if name not in names]
        inside = (catalog["brick_primary"] & (catalog["type"] != "NUN") & (catalog["ra"] >= box[0]) & (catalog["ra"] < box[1])
                  & (catalog["dec"] >= box[2]) & (catalog["dec"] < box[3]))
        if inside.any():
            chosen.append(catalog[inside])
    return {name.upper(): np.concatenate([column_or_blank(c, name, chosen) for c in chosen])
            for name in names if any(name in c.names for c in chosen)}


def column_or_blank(catalog, name, catalogs):
    """A column of a brick; what a brick lacks and others have is zero, -1 where it is an index of epochs."""
    if name in catalog.names:
        return catalog[name]
    like = next(c[name] for c in catalogs if name in c.names)
    return np.full((len(catalog), *like.shape[1:]), "" if like.dtype.kind in "SU" else -1 if "epoch_index" in name else 0,
                   like.dtype)


def summary(brick, bands):
    """The row of one brick, by column."""
    catalog = brick.catalog()
    primary = catalog[catalog["brick_primary"]]
    header = fits.getheader(brick.out / "tractor" / brick.name[:3] / f"tractor-{brick.name}.fits", 0)
    median = lambda name: np.median(primary[name]) if name in catalog.names else np.float32(np.nan)
    unique = brick.unique(WCS(brick.mask_header()), brick.mask("MASKBITS").shape)[0]
    out = {"brickname": brick.name, "brickid": brick.id, "npix": int(unique.sum()), "nobjs": len(primary),
           "ra1": brick.ra1, "ra2": brick.ra2, "dec1": brick.dec1, "dec2": brick.dec2,
           "area": (brick.ra2 - brick.ra1) * np.degrees(np.sin(np.radians(brick.dec2)) - np.sin(np.radians(brick.dec1))),
           "ebv": median("ebv"), "nref": int(np.sum(primary["ref_cat"] != ""))}
    for name in ("psf", "simp", "rex", "exp", "dev", "comp", "ser", "dup"):
        out["n" + name] = int(np.sum(primary["type"] == name.upper()))
    out["ngal"] = len(primary) - out["npsf"] - out["ndup"]
    with np.errstate(all="ignore"):
        for band in bands:
            counts = brick.map("nexp", band)[unique] if brick.has("nexp", band) else np.zeros(unique.sum(), int)
            out["nexp_" + band] = int(np.median(counts))
            out["nexpmed_" + band] = np.median(counts)
            out["nexpmax_" + band] = counts.max()
            out["nexphist_" + band] = np.bincount(np.minimum(counts, 10), minlength=11)
            out["frac_" + band] = np.mean(counts > 0)
            out["psfsize_" + band] = median("psfsize_" + band)
            for depth in ("psfdepth_", "galdepth_"):
                magnitude = -2.5 * (np.log10(5 / np.sqrt(median(depth + band).astype(float))) - 9)
                out[depth + band] = magnitude if np.isfinite(magnitude) else 0
            out["trans_" + band] = median("mw_transmission_" + band)
            out["ext_" + band] = -2.5 * np.log10(out["trans_" + band])
            sky = header.get("COSKY_" + band.upper(), 0)
            out["cosky_" + band] = sky if isinstance(sky, float) else 0
        wise = [median(f"mw_transmission_w{i}") for i in range(1, 5)]
        out["trans_wise"] = np.array(wise)
        out["wise_nobs"] = np.array([0 if np.isnan(median(f"nobs_w{i}")) else int(median(f"nobs_w{i}")) for i in range(1, 5)])
        for i in range(4):
            out[f"ext_w{i + 1}"] = -2.5 * np.log10(wise[i])
    return out


# ---- annotated CCDs ----
ANNOTATED = [name for name in """image_filename image_hdu camera expnum plver procdate plprocid ccdname object propid filter
exptime mjd_obs airmass ha fwhm width height ra_bore dec_bore crpix1 crpix2 crval1 crval2 cd1_1 cd1_2 cd2_1 cd2_2 yshift ra dec
skyrms sig1 ccdzpt zpt ccdraoff ccddecoff ccdskycounts ccdskysb ccdrarms ccddecrms ccdrarmeds ccddecrmeds ccdbprp ccdphrms
phrms ccdnastrom ccdnphotom ccdnphotom_used ccd_cuts annotated good_region ra0 dec0 ra1 dec1 ra2 dec2 ra3 dec3 dra ddec
ra_center dec_center meansky stdsky maxsky minsky pixscale_mean pixscale_std pixscale_max pixscale_min psfnorm_mean psfnorm_std
galnorm_mean galnorm_std psf_mx2 psf_my2 psf_mxy psf_a psf_b psf_theta psf_ell humidity outtemp tileid tilepass tileebv ebv
decam_extinction wise_extinction psfdepth galdepth gausspsfdepth gaussgaldepth""".split()]
ANNOTATED_FORMATS = """A I A K A A A A A A A E D E E E I I D D E E D D E E E E L D D E E E E E E E E E E E E E E E I I I J
L 4I D D D D D D D D E E D D E E E E E E E E E E E E E E E E E E E E E J B E E 6E 4E E E E E""".split()  # texts of any width
EXTINCTION = {"decam": [3.995, 3.214, 2.165, 1.592, 1.211, 1.064], "wise": [0.184, 0.113, 0.0241, 0.00910]}  # per E(B-V)


def separation(ra1, dec1, ra2, dec2):
    """Degrees, by the haversine."""
    ra1, dec1, ra2, dec2 = np.radians([ra1, dec1, ra2, dec2])
    h = np.sin((dec2 - dec1) / 2) ** 2 + np.cos(dec1) * np.cos(dec2) * np.sin((ra2 - ra1) / 2) ** 2
    return np.degrees(2 * np.arcsin(np.sqrt(h)))


def area_of_square(wcs, x, y, half=10):
    """Square degrees on the sphere about a pixel (0-based), from its corners' unit vectors: small, and so nearly plane."""
    ra, dec = np.radians(wcs.all_pix2world([x - half, x + half, x + half, x - half], [y - half, y - half, y + half, y + half], 0))
    v = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)
    return np.linalg.norm(np.cross(v[2] - v[0], v[3] - v[1])) / 2 * np.degrees(1) ** 2


# The exponential as six Gaussians: shares of light and variances in units of the half-light radius squared.
SHARES = np.array([0.00234853813, 0.030799526, 0.223364214, 1.17949102, 4.3387375, 5.9982077])
VARIANCES = np.array([0.00120078965, 0.00884526493, 0.0391463084, 0.139976817, 0.4609625, 1.50159566])


def as_galaxy(psf, cd, radius=0.45, n=256, size=65):
    """A round exponential of that half-light radius in arcsec seen through a stamp, cut to `size` pixels."""
    fy, fx = np.fft.fftfreq(n)[:, None], np.fft.rfftfreq(n)[None, :]
    inverse = np.linalg.inv(3600 * cd)  # frequencies in cycles per arcsec
    squared = sum((inverse[0, k] * fx + inverse[1, k] * fy) ** 2 for k in (0, 1))
    profile = sum(a * np.exp(-2 * np.pi ** 2 * v * radius ** 2 * squared) for a, v in zip(SHARES / SHARES.sum(), VARIANCES))
    shifted = np.roll(np.pad(psf, [(0, n - psf.shape[0]), (0, n - psf.shape[1])]), [-(k // 2) for k in psf.shape], (0, 1))
    whole = np.fft.irfft2(np.fft.rfft2(shifted) * profile, (n, n))
    return np.fft.fftshift(whole)[n // 2 - size // 2:n // 2 + size // 2 + 1, n // 2 - size // 2:n // 2 + size // 2 + 1]


def annotation(survey, row, dust):
    """The 44 columns behind `annotated` of a CCD of a survey with splines of the sky and PSFEx's models; `row`: of its table."""
    survey, stem = Path(survey), str(row["image_filename"]).strip()[:-len(".fits.fz")]
    header = fits.getheader(survey / "images" / f"{stem}.fits.fz", int(row["image_hdu"]))
    primary = fits.getheader(survey / "images" / f"{stem}.fits.fz", 0)
    dec = np.radians(header["CRVAL2"])
    header["CRVAL1"] += row["ccdraoff"] / 3600 / np.cos(dec)
    header["CRVAL2"] += row["ccddecoff"] / 3600
    wcs, w, h = WCS(header), int(row["width"]), int(row["height"])
    out = {"good_region": [-1] * 4, "tileid": 0, "tilepass": 0, "tileebv": np.nan}
    for name in ("humidity", "outtemp"):
        out[name] = float(primary.get(name, header.get(name, np.nan)))
    for k, (x, y) in enumerate(((0, 0), (0, h - 1), (w - 1, h - 1), (w - 1, 0))):
        out[f"ra{k}"], out[f"dec{k}"] = wcs.all_pix2world(x, y, 0)
    middle = (w - 1) / 2, (h - 1) / 2
    ra, dec = (float(v) for v in wcs.all_pix2world(*middle, 0))
    out["ra_center"], out["dec_center"] = ra, dec
    edges = [wcs.all_pix2world(x, y, 0) for x, y in ((0, middle[1]), (w - 1, middle[1]), (middle[0], 0), (middle[0], h - 1))]
    out["dra"] = max(separation(ra, dec, r, dec) for r, _ in edges)
    out["ddec"] = max(separation(ra, dec, ra, d) for _, d in edges)
    from scipy.interpolate import RectBivariateSpline
    sky = fits.getdata(survey / "calib/sky" / f"{stem}-splinesky.fits", 1)[0]
    spline = RectBivariateSpline(sky["xgrid"], sky["ygrid"], sky["gridvals"].reshape(sky["gridh"], sky["gridw"]).T, s=0)
    x, y = (np.linspace(0, n - 1, 1 + n // 10) for n in (w, h))
    level = spline(x + sky["x0"], y + sky["y0"])
    per_nanomaggy = 10 ** (0.4 * (row["ccdzpt"] + 2.5 * np.log10(row["exptime"]) - 22.5))
    out["meansky"], out["stdsky"] = level.mean() / per_nanomaggy, level.std() / per_nanomaggy
    out["maxsky"], out["minsky"] = level.max() / per_nanomaggy, level.min() / per_nanomaggy
    scale = [3600 * np.sqrt(area_of_square(wcs, px - 1, py - 1) / 400)
             for px in np.linspace(11, w - 10, 5) for py in np.linspace(11, h - 10, 5)]
    for name, what in (("mean", np.mean), ("std", np.std), ("max", np.max), ("min", np.min)):
        out[f"pixscale_{name}"] = what(scale)
    model = fits.getdata(survey / "calib/psfex" / f"{stem}-psfex.fits", 1)[0]
    stamps = model["psf_mask"].reshape(model["psfaxis3"], model["psfaxis2"], model["psfaxis1"]).astype(float)
    powers = [(i, j) for j in range(model["poldeg1"] + 1) for i in range(model["poldeg1"] + 1 - j)]

    def psf(x, y):
        u, v = (x - model["polzero1"]) / model["polscal1"], (y - model["polzero2"]) / model["polscal2"]
        stamp = sum(u ** i * v ** j * s for (i, j), s in zip(powers, stamps))
        return stamp / stamp.sum()

    cd = wcs.wcs.cd
    norm = lambda stamp: np.sqrt((stamp ** 2).sum())
    points = [psf(px - 1, py - 1) for px in np.linspace(33, w - 32, 5) for py in np.linspace(33, h - 32, 5)]
    norms, galaxies = [norm(p) for p in points], [norm(as_galaxy(p, cd)) for p in points]
    out["psfnorm_mean"], out["psfnorm_std"] = np.mean(norms), np.std(norms)
    out["galnorm_mean"], out["galnorm_std"] = np.mean(galaxies), np.std(galaxies)
    p = psf(*middle)
    j, i = np.mgrid[:p.shape[0], :p.shape[1]]
    i, j = i - (i * p).sum(), j - (j * p).sum()
    xx, yy, xy = (i * i * p).sum(), (j * j * p).sum(), (i * j * p).sum()
    largest, smallest = np.linalg.eigvalsh([[xx, xy], [xy, yy]])[::-1]
    out |= {"psf_mx2": xx, "psf_my2": yy, "psf_mxy": xy, "psf_a": np.sqrt(largest), "psf_b": np.sqrt(smallest),
            "psf_ell": 1 - np.sqrt(smallest / largest), "psf_theta": np.sign(xy) * abs(np.degrees(np.arctan2(2 * xy, xx - yy) / 2))}
    out["ebv"] = dust.ebv(np.array([ra]), np.array([dec]))[0] if dust else np.nan
    for kind, per_ebv in EXTINCTION.items():
        out[f"{kind}_extinction"] = out["ebv"] * np.array(per_ebv)
    depth = lambda norm: 22.5 - 2.5 * np.log10(5 * row["sig1"] / norm)
    out["psfdepth"], out["galdepth"] = depth(out["psfnorm_mean"]), depth(out["galnorm_mean"])
    sigma = row["fwhm"] / 2.35
    out["gausspsfdepth"] = depth(1 / (2 * np.sqrt(np.pi) * sigma))
    gaussian = np.exp(-(np.hypot(*np.mgrid[-31:32, -31:32]) / sigma) ** 2 / 2) / (2 * np.pi * sigma ** 2)
    out["gaussgaldepth"] = depth(norm(as_galaxy(gaussian, cd)))
    return out
