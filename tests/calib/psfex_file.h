// A file as psfex leaves it, made here.
#pragma once

#include <filesystem>
#include <vector>

#include "core/fits/fits_writer.h"

namespace brickline::test {

struct PsfexFile {
  int loaded = 40, accepted = 38, size = 15, degree = 1;
  double fwhm = 4, sampling = 1, sum = 1.01;

  void write(const std::filesystem::path& file) const {
    const int planes = (degree + 1) * (degree + 2) / 2;
    std::vector<float> mask(static_cast<std::size_t>(size) * size * planes);
    double total = 0;
    for (int pass = 0; pass < 2; ++pass)
      for (int y = 0; y < size; ++y)
        for (int x = 0; x < size; ++x) {
          const double r2 = (x - size / 2) * (x - size / 2) + (y - size / 2) * (y - size / 2);
          const double v = std::exp(-r2 / (2 * 1.7 * 1.7));
          if (pass == 0)
            total += v;
          else
            mask[static_cast<std::size_t>(y) * size + x] = static_cast<float>(sum * v / total);
        }
    fits::Table table;
    table.add("PSF_MASK", std::move(mask), "", {size, size, planes});
    fits::Header h;
    h.set("LOADED", loaded);
    h.set("ACCEPTED", accepted);
    h.set("CHI2", 1.02);
    h.set("POLNAXIS", degree > 0 ? 2 : 0);
    h.set("POLNGRP", degree > 0 ? 1 : 0);
    if (degree > 0) {
      for (const char* n : {"1", "2"}) {
        h.set(std::string("POLGRP") + n, 1);
        h.set(std::string("POLNAME") + n, *n == '1' ? "X_IMAGE" : "Y_IMAGE");
        h.set(std::string("POLZERO") + n, 130.5);
        h.set(std::string("POLSCAL") + n, 240.0);
      }
      h.set("POLDEG1", degree);
    }
    h.set("PSF_FWHM", fwhm);
    h.set("PSF_SAMP", sampling);
    h.set("PSFNAXIS", 3);
    h.set("PSFAXIS1", size);
    h.set("PSFAXIS2", size);
    h.set("PSFAXIS3", planes);
    fits::FitsWriter writer;
    writer.add_table(table, "PSF_DATA", h);
    writer.write(file);
  }
};

}  // namespace brickline::test
