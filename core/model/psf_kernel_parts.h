// What a PsfKernel keeps for the renderer (core/model only).
#pragma once

#include "core/model/aligned.h"
#include "core/model/psf_kernel.h"
#include "core/model/transform_plan.h"

namespace brickline {

// The half spectrum of the stamp wrapped around index (0, 0) of an n x n array, divided by n^2.
struct PsfKernel::Spectrum {
  const TransformPlan* plan = nullptr;
  AlignedFloats re, im;                  // n rows of plan->pitch
  AlignedFloats nyquist_re, nyquist_im;  // column n/2
};

// Column x of the stamp begins at data()[x*pitch]; at least 16 zeros follow its last row.
struct PsfKernel::Columns {
  int width = 0, height = 0, pitch = 0;
  AlignedFloats pixels;
};

}  // namespace brickline
