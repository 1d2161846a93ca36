# `cameras scaffold` on simulated images: what it writes builds, says what is open, and, with that filled in, runs to
# the truth.
#   cmake -DBUILD=<build directory> -DWORK=<scratch> -DBIN=<directory of programs> -DPLUGINS=<the shipped cameras> -P scaffold.cmake
include(${CMAKE_CURRENT_LIST_DIR}/run_survey.cmake)

file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --component sdk --prefix ${WORK}/prefix)
run(${BIN}/simulate-survey ${WORK}/images --layout sigma --camera-name mine --quiet --seed 5 --size 150 --bands r --nexp 2)
file(GLOB images ${WORK}/images/images/mine/*.fits)
list(GET images 0 image)
list(GET images 1 another)

function(expect file)
  file(READ ${file} text)
  foreach(words IN LISTS ARGN)
    string(FIND "${text}" "${words}" at)
    if(at EQUAL -1)
      message(FATAL_ERROR "${file} does not say '${words}':\n${text}")
    endif()
  endforeach()
endfunction()

# As a C++ project: it builds without a warning as it is, and its facts lack what TODO.md says.
run(${BIN}/cameras scaffold ${WORK}/code --name mine --from ${image} --from ${another})
foreach(words "HDU 0 .* image" "HDU 1 +FLAGS .* mask" "HDU 2 +SIGMA .* sigma" "facts read off, .* to confirm, .* to supply")
  if(NOT out MATCHES "${words}")
    message(FATAL_ERROR "scaffold does not print ${words}: ${out}")
  endif()
endforeach()
expect(${WORK}/code/TODO.md "metadata.band.map and detector.bands" "pixels.unit" "mask.pipeline"
       "weight.kind = \"sigma\"" "claims = [{\"INSTRUME\":\"^mine$\"}]" "there is no card of an exposure's number")
run(${CMAKE_COMMAND} -S ${WORK}/code -B ${WORK}/code/build -DCMAKE_PREFIX_PATH=${WORK}/prefix
    "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wpedantic -Werror" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON -DBRICKLINE_CAMERAS=${BIN}/cameras)
run(${CMAKE_COMMAND} --build ${WORK}/code/build)
expect(${WORK}/code/build/compile_commands.json " -O2 ") # nobody has chosen a build type
expect(${WORK}/code/.github/workflows/check.yml "cmake --build build" "ctest --test-dir build" "cameras")
expect(${WORK}/code/LICENSE "Under which terms")
# The middle of the first image, with all its HDUs, for the project's own test.
get_filename_component(cutout ${image} NAME)
file(SIZE ${WORK}/code/tests/images/${cutout} size)
if(size LESS 100000 OR size GREATER 1100000)
  message(FATAL_ERROR "the cut-out of the image has ${size} bytes")
endif()
execute_process(COMMAND ${BIN}/cameras check ${WORK}/code/build/mine.camera.so RESULT_VARIABLE status OUTPUT_VARIABLE out)
if(NOT status EQUAL 5 OR NOT out MATCHES "pass +load.file" OR NOT out MATCHES "detector.bands: is required"
   OR NOT out MATCHES "pixels.unit: is required")
  message(FATAL_ERROR "what is open is not what `cameras check` finds: ${out}")
endif()

# What its author knows, and no more.
file(READ ${WORK}/code/mine.cpp source)
string(REGEX REPLACE "\"map\": {[^}]*}" "\"match\": \"^Filter 5: ([a-z]) \"" source "${source}")
string(REPLACE "\"detector\": {" "\"pixels\": {\"unit\": \"per_second\"}, \"mask\": {\"pipeline\": [{\"op\": \"bits\",
  \"table\": {\"0x1\": \"badpix\", \"0x2\": \"cr\", \"0x4\": \"satur\"}}]},
  \"detector\": { \"bands\": [\"r\"]," source "${source}")
file(WRITE ${WORK}/code/mine.cpp "${source}")
run(${CMAKE_COMMAND} --build ${WORK}/code/build)
run(ctest --test-dir ${WORK}/code/build --output-on-failure)
if(NOT out MATCHES "100% tests passed, 0 tests failed out of [23][0-9]\n" OR NOT out MATCHES "mine.check.pixels.noise ")
  message(FATAL_ERROR "the scaffold's own test: ${out}")
endif()
file(CREATE_LINK ${WORK}/code/build ${WORK}/cameras SYMBOLIC)
survey(mine mine.camera.so --layout sigma --camera-name mine)

# As facts alone, with mask and weight in files of their own: nothing is open but the mask's codes.
run(${BIN}/simulate-survey ${WORK}/other --camera-name other --quiet --seed 5 --size 150 --bands r --nexp 1)
file(GLOB_RECURSE image ${WORK}/other/images/*_ooi_*)
string(REPLACE _ooi_ _ood_ mask ${image})
string(REPLACE _ooi_ _oow_ weight ${image})
run(${BIN}/cameras scaffold ${WORK}/facts --facts-only --name other --from ${image} --mask ${mask} --weight ${weight})
expect(${WORK}/facts/other.camera.json "_ooi_" "_ood_" "\"inverse_variance\"" "\"total\"")
expect(${WORK}/facts/TODO.md "mask.pipeline: what the mask's values mean")
foreach(role ooi ood oow)
  file(GLOB cutouts ${WORK}/facts/tests/images/*_${role}_*)
  if(NOT cutouts)
    message(FATAL_ERROR "there is no cut-out of the ${role} file")
  endif()
endforeach()
run(${BIN}/cameras check ${WORK}/facts/other.camera.json --image ${image} --images-dir ${WORK}/other/images --level 5)

execute_process(COMMAND ${BIN}/cameras scaffold ${WORK}/facts --name other --from ${image} RESULT_VARIABLE status
                ERROR_VARIABLE err)
if(NOT status EQUAL 3 OR NOT err MATCHES "there is such a file already")
  message(FATAL_ERROR "an existing directory is written to: ${err}")
endif()
