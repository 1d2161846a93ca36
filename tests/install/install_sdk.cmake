# Installs the SDK alone into a fresh prefix, builds a camera against it with each compiler there is, installs that
# camera into a user's directory, and has `cameras` describe it from there.
#   cmake -DBUILD=<build directory> -DSOURCE=<this directory> -DWORK=<scratch> -DCAMERAS=<program> -P install_sdk.cmake
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE out ERROR_VARIABLE err)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGN}\nended with ${status}\n${out}\n${err}")
  endif()
  set(out "${out}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --component sdk --prefix ${WORK}/prefix)
file(GLOB documents RELATIVE ${WORK}/prefix/share/brickline/sdk ${WORK}/prefix/share/brickline/sdk/*)
if(NOT documents STREQUAL "CHANGELOG.md;FACTS.md;LICENSE;README.md;STEPS.md;examples")
  message(FATAL_ERROR "the SDK's component installs these documents: ${documents}")
endif()
foreach(unwanted core plugins tools)
  if(EXISTS ${WORK}/prefix/include/${unwanted})
    message(FATAL_ERROR "the SDK's component installs ${unwanted}")
  endif()
endforeach()

# Each compiler, standard and library of its own; the program is of g++ and C++20.
foreach(how "g++ 17" "g++ 20" "clang++ 17" "clang++ 20" "clang++ 17 -stdlib=libc++")
  string(REGEX MATCH "^([^ ]+) ([0-9]+) ?(.*)$" _ "${how}")
  set(compiler ${CMAKE_MATCH_1})
  set(standard ${CMAKE_MATCH_2})
  set(library ${CMAKE_MATCH_3})
  find_program(found_${compiler} ${compiler} REQUIRED)
  set(tree ${WORK}/${compiler}${library})
  if(NOT standard EQUAL 17)
    string(APPEND tree -${standard})
  endif()
  run(${CMAKE_COMMAND} -S ${SOURCE}/camera -B ${tree} -DCMAKE_PREFIX_PATH=${WORK}/prefix -DCMAKE_BUILD_TYPE=Release
      -DCMAKE_CXX_COMPILER=${found_${compiler}} -DCMAKE_CXX_STANDARD=${standard} -DBRICKLINE_CAMERAS=${CAMERAS}
      "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wpedantic -Werror ${library}")
  run(${CMAKE_COMMAND} --build ${tree})
  run(nm -D --defined-only ${tree}/stranger.camera.so)
  string(REGEX MATCHALL "[^\n]+" symbols "${out}")
  list(LENGTH symbols count)
  if(NOT count EQUAL 1 OR NOT out MATCHES " T brickline_camera_plugin")
    message(FATAL_ERROR "a plugin of ${compiler} exports more than its entry: ${out}")
  endif()
  run(${CMAKE_COMMAND} --install ${tree} --prefix ${tree}/home/.local)
  if(NOT EXISTS ${tree}/home/.local/share/brickline/cameras/stranger.camera.d/notes.txt)
    message(FATAL_ERROR "the camera's data file was not installed beside it")
  endif()
  run(${CMAKE_COMMAND} -E env --unset=XDG_DATA_HOME HOME=${tree}/home ${CAMERAS} info stranger)
  if(NOT out MATCHES "plugin +stranger 0.0.1" OR NOT out MATCHES "band +NB_X")
    message(FATAL_ERROR "cameras info says of it: ${out}")
  endif()
endforeach()

# Without CMake: one line with pkg-config. Facts alone: no compiler.
find_program(pkg_config pkg-config REQUIRED)
file(MAKE_DIRECTORY ${WORK}/by-hand)
run(sh -c "g++ -std=c++17 ${SOURCE}/camera/stranger.cpp -o ${WORK}/by-hand/stranger.camera.so \
  $(PKG_CONFIG_PATH=$(echo ${WORK}/prefix/lib*/pkgconfig ${WORK}/prefix/lib/*/pkgconfig | tr ' ' :) \
    ${pkg_config} --cflags --libs brickline-sdk)")
run(${CAMERAS} check ${WORK}/by-hand/stranger.camera.so --strict --only load.*)
run(ctest --test-dir ${WORK}/g++)
if(NOT out MATCHES "100% tests passed, 0 tests failed out of [23][0-9]\n" OR NOT out MATCHES "stranger.check.load.file ")
  message(FATAL_ERROR "the checks that the package makes: ${out}")
endif()

# What must not compile says why.
set(compile g++ -std=c++17 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -fsyntax-only -I${WORK}/prefix/include
            ${SOURCE}/camera/misuse.cpp)
run(${compile})
function(must_not_compile flag words)
  execute_process(COMMAND ${compile} ${flag} RESULT_VARIABLE status OUTPUT_QUIET ERROR_VARIABLE err)
  if(status EQUAL 0 OR NOT err MATCHES "${words}")
    message(FATAL_ERROR "${flag} is not refused with '${words}': ${err}")
  endif()
endfunction()
must_not_compile(-DSTEP_THAT_IS_NOT_CONST "the step saturation must be")
must_not_compile(-DSLOT_BY_POINTER "a camera with a Slot has")
must_not_compile(-ffast-math "must not be compiled with -ffast-math")

# The cameras that Brickline ships need no more than a stranger's.
run(${CMAKE_COMMAND} -S ${SOURCE}/shipped -B ${WORK}/shipped -DCMAKE_PREFIX_PATH=${WORK}/prefix
    -DCMAKE_BUILD_TYPE=Debug -DCMAKE_EXPORT_COMPILE_COMMANDS=ON)
run(${CMAKE_COMMAND} --build ${WORK}/shipped)
file(READ ${WORK}/shipped/compile_commands.json commands)
if(commands MATCHES " -O2 ")
  message(FATAL_ERROR "a build type that is chosen is not kept")
endif()
file(GLOB shipped RELATIVE ${SOURCE}/../../plugins ${SOURCE}/../../plugins/*/CMakeLists.txt)
foreach(file IN LISTS shipped)
  get_filename_component(name ${file} DIRECTORY)
  if(name STREQUAL noirlab-cp)
    continue() # made for the others to extend, who do
  endif()
  run(${CMAKE_COMMAND} -E env --unset=BRICKLINE_PLUGIN_PATH ${CAMERAS} --plugin-dir ${WORK}/shipped/cameras info ${name})
endforeach()
