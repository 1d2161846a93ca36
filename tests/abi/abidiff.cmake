# The same plugin with the header as it was released and as it is: abidiff sees every type that crosses. A header with
# a member more in the middle must not pass.
#   cmake -DSOURCE=<the project> -DWORK=<scratch> -P abidiff.cmake
find_program(abidiff abidiff REQUIRED)
find_program(compiler gcc REQUIRED)
file(REMOVE_RECURSE ${WORK})
file(STRINGS ${SOURCE}/sdk/include/brickline/camera_abi.h lines REGEX "define BL_ABI_M[A-Z]+ [0-9]+")
string(REGEX REPLACE "[^0-9;]" "" version "${lines}")
string(REPLACE ";" "." version "${version}")

function(build name include)
  execute_process(COMMAND ${compiler} -std=gnu11 -g -fPIC -shared -I${include} ${SOURCE}/tests/plugins/frozen.c -o
                          ${WORK}/${name}.so RESULT_VARIABLE status ERROR_VARIABLE err)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${err}")
  endif()
endfunction()
file(READ ${SOURCE}/sdk/include/brickline/camera_abi.h text)
string(REPLACE "  void (*destroy)(void* camera);" "  void (*inserted)(void);\n  void (*destroy)(void* camera);" text "${text}")
string(REGEX REPLACE "BL_ASSERT_SIZE\\(bl_camera, [0-9]+\\);" "" text "${text}")
file(WRITE ${WORK}/changed/brickline/camera_abi.h "${text}")
build(released ${SOURCE}/tests/plugins/abi-${version})
build(today ${SOURCE}/sdk/include)
build(changed ${WORK}/changed)

execute_process(COMMAND ${abidiff} ${WORK}/released.so ${WORK}/today.so RESULT_VARIABLE status OUTPUT_VARIABLE out)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "the header of ${version} is not the one that was released: ${out}")
endif()
execute_process(COMMAND ${abidiff} ${WORK}/released.so ${WORK}/changed.so RESULT_VARIABLE status OUTPUT_VARIABLE out)
if(status EQUAL 0 OR NOT out MATCHES "inserted")
  message(FATAL_ERROR "a member in the middle is not seen: ${out}")
endif()
