// DECam's photometric facts: zero points, colour terms, and the halos of bright stars.
#pragma once

#include <brickline/camera.hpp>

namespace decam {

void photometry(brickline::Facts& facts);
void halo(brickline::Facts& facts);

}  // namespace decam
