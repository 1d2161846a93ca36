# The SDK's examples as an author meets them: built out of tree against the installed package, with images made for
# each, and run to a catalog whose fluxes are the truth to 1 %.
#   cmake -DBUILD=<build directory> -DWORK=<scratch> -DBIN=<directory of programs> -DPLUGINS=<the shipped cameras> -P examples.cmake
include(${CMAKE_CURRENT_LIST_DIR}/run_survey.cmake)

file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --component sdk --prefix ${WORK}/prefix)
file(COPY ${WORK}/prefix/share/brickline/sdk/examples DESTINATION ${WORK})
run(${CMAKE_COMMAND} -S ${WORK}/examples -B ${WORK}/cameras -DCMAKE_PREFIX_PATH=${WORK}/prefix -DCMAKE_BUILD_TYPE=Release
    "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror" "-DCMAKE_C_FLAGS=-Wall -Wextra -Wpedantic -Werror")
run(${CMAKE_COMMAND} --build ${WORK}/cameras)

file(STRINGS ${WORK}/examples/decam_plus/decam_plus.cpp lines)
list(LENGTH lines count)
if(count GREATER 60)
  message(FATAL_ERROR "the example that extends decam has ${count} lines")
endif()

survey(facts_only facts_only.camera.json --layout decam --camera-name facts_only)
survey(sigma sigma.camera.so --layout sigma)
survey(raw raw.camera.so --layout raw)
survey(moffat moffat.camera.so --layout decam --camera-name moffat --psf-variation 0 --sky-gradient 0 --scatter 0
       WITHOUT_CALIBRATIONS)
survey(decam_plus decam_plus.camera.so --layout decam --camera-name decam_plus --chip-offset S4=0.1)
survey(plain_c plain_c.camera.so --layout megacam --camera-name plain_c)
