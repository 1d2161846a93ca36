// What to simulate: every number of the simulation with its default. Fluxes are nanomaggies (AB 22.5 = 1).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tools/simulate_survey/sky_geometry.h"

namespace brickline::simulate {

struct SimulationOptions {
  std::uint64_t seed = 1;

  // Where and how much.
  int size = 600;                         // side of the square region filled with sources, brick pixels
  SkyPoint brick_position{150.1, 2.2};    // the region is centred on the brick that holds it
  std::optional<SkyPoint> custom_centre;  // or on this point, as of a custom brick
  std::vector<std::string> bands{"g", "r", "z"};
  int exposures = 3;  // per band

  // The sky. Galaxies are 4/5 of `density`, stars 1/5 unless `star_density` says otherwise; per square
  // arcminute.
  double density = 30;
  std::optional<double> star_density;
  double brightest_mag = 17, faintest_mag = 24.3;  // r
  double bulge_disk = 0;                           // share of the galaxies but REX that are a bulge plus disk
  double proper_motion = 0;                        // scatter of the stars' motion per axis, mas/yr

  std::filesystem::path scene;  // a table of the sources (scene.h), instead of drawn ones

  // The camera. An empty layout is the default one; camera_name replaces the layout's camera (so that a
  // plugin of that name reads the survey). `filter_map` says which known band a new one resembles (r if not
  // said).
  std::string layout, camera_name;
  std::map<std::string, std::string> filter_map;
  bool counts_per_second = false;  // pixels are divided by the exposure time
  bool tpv = true;                 // distorted images (TPV), else plain TAN
  double pixel_scale = 0.2623;     // arcsec, of the images

  // Observing. The maps' key is the band; absent bands take the known band's typical value. `depth` is the
  // 5-sigma point-source AB magnitude of all exposures together and replaces `sig1`, the noise per pixel of
  // one exposure.
  std::map<std::string, double> sig1, depth, seeing;  // nanomaggies, mag, arcsec FWHM
  double exposure_time = 100;                         // seconds
  double gain = 4, read_noise = 7;                    // electrons per count, electrons
  double saturation = 40000;                          // counts, sky included
  double night_scatter = 1;    // multiplies the scatter of seeing (12%), noise (10%) and zero point (0.03)
  double sky_gradient = 0.02;  // relative change of the sky from edge to edge
  double astrometric_offset = 0.03;  // scatter per axis, arcsec; undone by ccdraoff, ccddecoff

  // The point-spread function.
  double moffat_beta = 3.5;
  double psf_variation = 0.02;  // relative change of the width across a CCD; 0 makes it constant
  int psf_size = 63;            // of the calibration's stamps, odd

  // Space telescopes: files of the simulated sky as unWISE coadds (0: none; n: n x n tiles that meet in the
  // region's centre), with so many time-resolved epochs, and so many GALEX fields, all of the region.
  int wise_tiles = 0, wise_epochs = 0, galex_tiles = 0;

  // Blemishes, per CCD.
  double cosmic_rays = 6;  // per square arcminute
  double bad_columns = 0.5;
  bool trail = false;  // an unflagged satellite trail through the first exposure
  // Chips whose sources are brighter by so many mag than their zero points say.
  std::map<std::string, double> chip_offset;

  int overlap = 60;             // pixels of image beyond the region, where the image is cut to it
  double quantize_level = 16;   // of the compressed images: step = noise/level
  std::filesystem::path tycho;  // a Tycho-2 table to copy in; an empty one is written otherwise
  std::filesystem::path halos;  // a camera's facts, whose halos are drawn; empty: none are (halo.h)
  // Gaia's spectra and synthetic photometry of stars brighter than this G; 0: of none.
  double spectra_faintest = 0;
};

// Throws Error (kUsage) with one line for what cannot be simulated.
void validate(const SimulationOptions& options);

// "grz" (one letter each) or "g,N501,z".
std::vector<std::string> parse_bands(const std::string& text);
// "0.01" (every band) or "g=0.01,r=0.02".
std::map<std::string, double> parse_band_values(const std::string& text,
                                                const std::vector<std::string>& bands,
                                                const std::string& option);
// "S4=0.1,N4=-0.02".
std::map<std::string, double> parse_chip_offsets(const std::string& text);
// "x=r,N501=g".
std::map<std::string, std::string> parse_filter_map(const std::string& text);

}  // namespace brickline::simulate
