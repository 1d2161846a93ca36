// Facts that cameras reduced by the NOIRLab Community Pipeline write in the same form.
#pragma once

#include <brickline/camera.hpp>
#include <cstddef>
#include <initializer_list>
#include <utility>
#include <vector>

namespace noirlab_cp {

using brickline::list;
using brickline::Value;

// The integer codes of masks that mean the same everywhere, and those that a camera adds.
inline Value codes(std::initializer_list<std::pair<const char*, const char*>> more) {
  Value table = {{"1", "badpix"}, {"2", "badpix"}, {"6", "badpix"}, {"3", "satur"}, {"4", "bleed"}};
  for (const auto& [code, bit] : more) table[code] = bit;
  return table;
}

// Weights of images per second know the sky's and the readout's noise, not the sources'.
inline Value sky_noise_only() {
  return {{"sky", brickline::card("SKYADU")}, {"seconds", brickline::card("EXPTIME")}};
}

// The geocentric position of the Mayall telescope on Kitt Peak, m; the Bok's is two kilometres away.
inline Value kitt_peak() { return {-1994503, -5037539, 3358105}; }

// Where the four amplifiers of a CCD meet, and the CCD ends.
struct Quadrants {
  int x_split, width, y_split, height;
};

// Rows of amplifiers.table: `dzp[epoch]` are the corrections of (left, low), (right, low), (left, high),
// (right, high), mag. Epochs end at kEpochs; one more than those goes on for ever. Both epochs hold on the
// day itself.
inline constexpr int kEpochs[] = {57602, 57967, 58332};  // MJD
inline void add_amplifiers(Value& rows, const char* ccd, const char* band, const Quadrants& q,
                           const double (*dzp)[4], std::size_t epochs) {
  for (std::size_t epoch = 0; epoch < epochs; ++epoch) {
    Value mjd;
    if (epoch > 0) mjd["from"] = kEpochs[epoch - 1];
    if (epoch < 3) mjd["through"] = kEpochs[epoch];
    for (int amp = 0; amp < 4; ++amp) {
      const bool right = amp % 2 != 0, high = amp / 2 != 0;
      const Value box = {right ? q.x_split : 0, right ? q.width : q.x_split, high ? q.y_split : 0,
                         high ? q.height : q.y_split};
      rows.push_back({{"when", {{"ccd", ccd}, {"band", band}, {"mjd", mjd}}},
                      {"box", box},
                      {"dzp_mag", dzp[epoch][amp]}});
    }
  }
}

// How a band's zero point has drifted: days from MJD 56658.5, begin and end of a segment; zero point at both;
// its extrapolation to day 0.
struct Drift {
  const char* band;
  double reference, airmass_slope;
  std::vector<std::vector<double>> segments;
};
inline void add_drifts(Value& detrend, const std::vector<Drift>& drifts) {
  for (const Drift& d : drifts) {
    Value segments = list({});
    for (const std::vector<double>& s : d.segments) {
      Value segment = list({});
      for (const double v : s) segment.push_back(v);
      segments.push_back(segment);
    }
    detrend[d.band] = {
        {"reference", d.reference}, {"airmass_slope", d.airmass_slope}, {"segments", segments}};
  }
}

// Magnitudes added to a catalogue's in the base band: a polynomial of a colour.
inline Value colour_term(const char* base, const char* blue, const char* red,
                         const std::vector<double>& coefficients) {
  Value numbers = list({});
  for (const double c : coefficients) numbers.push_back(c);
  return {{"base", base}, {"colour", list({blue, red})}, {"coefficients", numbers}, {"clip", {-1, 1}}};
}

}  // namespace noirlab_cp
