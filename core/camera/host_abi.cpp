#include <brickline/camera_abi.h>

#include "core/camera/abi_version.h"

namespace brickline {

AbiVersion host_abi() { return {BL_ABI_MAJOR, BL_ABI_MINOR}; }
std::uint32_t host_table_size() { return sizeof(bl_host); }

}  // namespace brickline
