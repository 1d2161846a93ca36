// Kernels for any processor of the target.
#define BRICKLINE_LEVEL baseline
#define BRICKLINE_LEVEL_NAME "baseline"
#define BRICKLINE_LANES 4
#define BRICKLINE_KERNELS kBaseline
#include "core/model/kernels.inc"
