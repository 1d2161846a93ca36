#include "core/wcs/sip_cards.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace brickline {
namespace {

struct Term {
  int i, j;
};
// In the order of their cards.
std::vector<Term> terms_of(int order) {
  std::vector<Term> terms;
  for (int i = 0; i <= order; ++i)
    for (int j = 0; i + j <= order; ++j) terms.push_back({i, j});
  return terms;
}

struct Sample {
  double u, v;    // where
  double du, dv;  // what the polynomials are to give there
};
struct Coefficients {
  std::vector<double> u, v;  // one per term
};

// The least-squares polynomials of the samples, by Householder's QR of the scaled powers.
Coefficients fit(const std::vector<Sample>& samples, const std::vector<Term>& terms) {
  double scale = 0;
  for (const Sample& s : samples) scale = std::max({scale, std::abs(s.u), std::abs(s.v)});
  const std::size_t rows = samples.size(), columns = terms.size();
  // Column after column, the two right-hand sides last.
  std::vector<std::vector<double>> a(columns + 2, std::vector<double>(rows));
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t k = 0; k < columns; ++k)
      a[k][r] = std::pow(samples[r].u / scale, terms[k].i) * std::pow(samples[r].v / scale, terms[k].j);
    a[columns][r] = samples[r].du;
    a[columns + 1][r] = samples[r].dv;
  }
  std::vector<double> diagonal(columns);
  for (std::size_t k = 0; k < columns; ++k) {
    double norm = 0;
    for (std::size_t r = k; r < rows; ++r) norm += a[k][r] * a[k][r];
    norm = std::sqrt(norm);
    diagonal[k] = a[k][k] > 0 ? -norm : norm;
    a[k][k] -= diagonal[k];  // the reflector
    const double half = -diagonal[k] * a[k][k];
    for (std::size_t c = k + 1; c < columns + 2; ++c) {
      double dot = 0;
      for (std::size_t r = k; r < rows; ++r) dot += a[k][r] * a[c][r];
      for (std::size_t r = k; r < rows; ++r) a[c][r] -= dot / half * a[k][r];
    }
  }
  const auto solve = [&](const std::vector<double>& right) {
    std::vector<double> x(columns);
    for (std::size_t k = columns; k-- > 0;) {
      double rest = right[k];
      for (std::size_t c = k + 1; c < columns; ++c) rest -= a[c][k] * x[c];
      x[k] = rest / diagonal[k];
    }
    for (std::size_t k = 0; k < columns; ++k) x[k] /= std::pow(scale, terms[k].i + terms[k].j);
    return x;
  };
  return {solve(a[columns]), solve(a[columns + 1])};
}

double value(const std::vector<double>& coefficients, const std::vector<Term>& terms, double u, double v) {
  double sum = 0;
  for (std::size_t k = 0; k < terms.size(); ++k)
    sum += coefficients[k] * std::pow(u, terms[k].i) * std::pow(v, terms[k].j);
  return sum;
}

// The forward polynomials: where the undistorted projection has the sky that the real one puts at a pixel.
Coefficients fit_forward(const Wcs& full, const std::vector<Term>& terms, const SipOptions& options) {
  const PixelPosition reference = full.reference_pixel();
  const SkyPosition tangent = full.tangent_point();
  const Wcs plain =
      Wcs::tangent(tangent.ra, tangent.dec, reference.x, reference.y, full.cd(), full.width(), full.height());
  const int shorter = std::min(full.width(), full.height());
  const double step = shorter < options.small ? shorter / 10.0 : options.step;
  const auto positions = [&](int length) {
    return std::max(options.order + 2, static_cast<int>(std::lround((length - 1) / step)));
  };
  const int nx = positions(full.width()), ny = positions(full.height());
  std::vector<Sample> samples;
  for (int j = 0; j < ny; ++j)
    for (int i = 0; i < nx; ++i) {
      const double x = i * (full.width() - 1.0) / (nx - 1), y = j * (full.height() - 1.0) / (ny - 1);
      const SkyPosition sky = full.pixel_to_sky(x, y);
      if (const auto p = plain.sky_to_pixel(sky.ra, sky.dec))
        samples.push_back({x - reference.x, y - reference.y, p->x - x, p->y - y});
    }
  return fit(samples, terms);
}

Coefficients fit_inverse(const Wcs& full, const std::vector<Term>& terms, const Coefficients& forward,
                         const SipOptions& options) {
  const PixelPosition reference = full.reference_pixel();
  const int n = options.inverse_grid;
  std::vector<Sample> samples;
  for (int j = 0; j < n; ++j)
    for (int i = 0; i < n; ++i) {
      const double u = i * full.width() / (n - 1.0) - 1 - reference.x;
      const double v = j * full.height() / (n - 1.0) - 1 - reference.y;
      const double du = value(forward.u, terms, u, v), dv = value(forward.v, terms, u, v);
      samples.push_back({u + du, v + dv, -du, -dv});
    }
  return fit(samples, terms);
}

}  // namespace

fits::Header sip_cards(const Wcs& full, const Box& extent, const SipOptions& options) {
  const std::vector<Term> terms = terms_of(options.order);
  Coefficients forward{std::vector<double>(terms.size()), std::vector<double>(terms.size())};
  Coefficients inverse = forward;
  if (!full.is_plain_tangent()) {
    forward = fit_forward(full, terms, options);
    inverse = fit_inverse(full, terms, forward, options);
  }

  fits::Header h;
  const Wcs part = full.sub_image(extent);
  h.set("CRVAL1", part.tangent_point().ra, "Reference RA");
  h.set("CRVAL2", part.tangent_point().dec, "Reference Dec");
  h.set("CRPIX1", part.reference_pixel().x + 1, "Reference x");
  h.set("CRPIX2", part.reference_pixel().y + 1, "Reference y");
  const char* const cd_keys[] = {"CD1_1", "CD1_2", "CD2_1", "CD2_2"};
  for (int k = 0; k < 4; ++k) h.set(cd_keys[k], full.cd()[k], "CD matrix");
  // At a pole LONPOLE's default is another.
  if (std::abs(part.tangent_point().dec) >= 90) h.set("LONPOLE", 180.0, "Native longitude of the pole");
  h.set("CTYPE1", "RA---TAN-SIP", "TANgent plane+SIP");
  h.set("CTYPE2", "DEC--TAN-SIP", "TANgent plane+SIP");
  h.set("A_ORDER", options.order, "Polynomial order, axis 1");
  h.set("B_ORDER", options.order, "Polynomial order, axis 2");
  h.set("AP_ORDER", options.order, "Inv.polynomial order, axis 1");
  h.set("BP_ORDER", options.order, "Inv.polynomial order, axis 2");
  const auto polynomial = [&](const char* name, const std::vector<double>& coefficients, int lowest) {
    for (std::size_t k = 0; k < terms.size(); ++k)
      if (terms[k].i + terms[k].j >= lowest || coefficients[k] != 0)
        h.set(std::string(name) + "_" + std::to_string(terms[k].i) + "_" + std::to_string(terms[k].j),
              coefficients[k], "SIP polynomial term");
  };
  polynomial("A", forward.u, 2);
  polynomial("B", forward.v, 2);
  polynomial("AP", inverse.u, 1);
  polynomial("BP", inverse.v, 1);
  h.set("EQUINOX", 2000.0, "WCS epoch");
  return h;
}

}  // namespace brickline
