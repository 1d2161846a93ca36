// Kernels for x86-64-v4 (AVX-512); compiled with -march=x86-64-v4.
#define BRICKLINE_LEVEL v4
#define BRICKLINE_LEVEL_NAME "v4"
#define BRICKLINE_LANES 16
#define BRICKLINE_KERNELS kX86V4
#include "core/model/kernels.inc"
