// Kernels for x86-64-v3 (AVX2, FMA); compiled with -march=x86-64-v3.
#define BRICKLINE_LEVEL v3
#define BRICKLINE_LEVEL_NAME "v3"
#define BRICKLINE_LANES 8
#define BRICKLINE_KERNELS kX86V3
#include "core/model/kernels.inc"
