# The cameras that are shipped without real images at hand: on simulated ones of their layouts.
#   cmake -DPLUGINS=<directory of the shipped cameras> -DWORK=<scratch> -DBIN=<directory of programs> -P shipped_cameras.cmake
set(CHECK_LEVEL 10)
include(${CMAKE_CURRENT_LIST_DIR}/run_survey.cmake)

file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
file(CREATE_LINK ${PLUGINS} ${WORK}/cameras SYMBOLIC)
survey(hsc hsc.camera.json --layout hsc)
survey(megacam megacam.camera.so --layout megacam)
survey(single single.camera.so --layout single)
