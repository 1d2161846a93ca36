// Fields of edits of images, blobs and detected sources. Part of codec_fields.h.
#pragma once

#include "core/pipeline/artifact.h"
#include "core/pipeline/codec_columns.h"

namespace brickline::codec {

template <>
struct Fields<OutlierEdits::Patch> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("pixels", &OutlierEdits::Patch::pixels);
    visit("values", &OutlierEdits::Patch::values);
  }
};
template <>
struct Fields<OutlierEdits> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("patches", &OutlierEdits::patches);
    visit("masks", &OutlierEdits::masks);
  }
};
template <>
struct Fields<HaloStar> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("ra", &HaloStar::ra);
    visit("dec", &HaloStar::dec);
    visit("motion", &HaloStar::motion);
    visit("magnitude", &HaloStar::magnitude);
    visit("radius_degrees", &HaloStar::radius_degrees);
  }
};
template <>
struct Fields<HaloEdits> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("stars", &HaloEdits::stars);
  }
};
template <>
struct Fields<SkyEdits> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("coadd_sky", &SkyEdits::coadd_sky);
  }
};
template <>
struct Fields<BlobMask> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("mask", &BlobMask::mask);
    visit("saturated", &BlobMask::saturated);
    visit("blobs", &BlobMask::blobs);
    visit("largest_blob", &BlobMask::largest_blob);
    visit("image_pixels", &BlobMask::image_pixels);
  }
};
template <>
struct Fields<BrightPixels> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("mask", &BrightPixels::mask);
  }
};
template <>
struct Fields<ReferenceTraits> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("star", &ReferenceTraits::star);
    visit("point_source", &ReferenceTraits::point_source);
    visit("large_galaxy", &ReferenceTraits::large_galaxy);
    visit("galaxy_fit", &ReferenceTraits::galaxy_fit);
    visit("frozen", &ReferenceTraits::frozen);
  }
};
template <>
struct Fields<DetectedSource> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("model", &DetectedSource::model);
    visit("x", &DetectedSource::x);
    visit("y", &DetectedSource::y);
    visit("ix", &DetectedSource::ix);
    visit("iy", &DetectedSource::iy);
    visit("peak_sn", &DetectedSource::peak_sn);
    visit("sed", &DetectedSource::sed);
    visit("reference_row", &DetectedSource::reference_row);
    visit("reference", &DetectedSource::reference);
    visit("needs_initial_flux", &DetectedSource::needs_initial_flux);
    visit("blob", &DetectedSource::blob);
  }
};
template <>
struct Fields<Blob> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("box", &Blob::box);
    visit("pixels", &Blob::pixels);
    visit("sources", &Blob::sources);
  }
};
template <>
struct Fields<BlobMap> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("labels", &BlobMap::labels);
    visit("blobs", &BlobMap::blobs);
  }
};
template <>
struct Fields<Sed> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("name", &Sed::name);
    visit("factor", &Sed::factor);
  }
};
template <>
struct Fields<PeakCounts> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("candidates", &PeakCounts::candidates);
    visit("vetoed", &PeakCounts::vetoed);
    visit("below_saddle", &PeakCounts::below_saddle);
    visit("below_annulus", &PeakCounts::below_annulus);
    visit("kept", &PeakCounts::kept);
    visit("hot_pixels", &PeakCounts::hot_pixels);
  }
};
template <>
struct Fields<Detection> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("sources", &Detection::sources);
    visit("blobs", &Detection::blobs);
    visit("saturated", &Detection::saturated);
    visit("bright", &Detection::bright);
    visit("seds", &Detection::seds);
    visit("counts", &Detection::counts);
  }
};
template <>
struct Fields<SourcesFound> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("detection", &SourcesFound::detection);
    visit("set_aside", &SourcesFound::set_aside);
  }
};

}  // namespace brickline::codec
