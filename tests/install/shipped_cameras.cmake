# The cameras that are shipped, on all levels of `cameras check`: on real images where there are some, and on simulated
# ones of their layouts, which are run to the truth.
#   cmake -DPLUGINS=<directory of the shipped cameras> -DWORK=<scratch> -DBIN=<directory of programs> -DDATA=<real data> -P shipped_cameras.cmake
include(${CMAKE_CURRENT_LIST_DIR}/run_survey.cmake)

file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
file(CREATE_LINK ${PLUGINS} ${WORK}/cameras SYMBOLIC)
survey(hsc hsc.camera.json --layout hsc)
survey(megacam megacam.camera.so --layout megacam)
survey(single single.camera.so --layout single)

if(DEFINED ENV{BRICKLINE_TEST_DATA})
  set(DATA $ENV{BRICKLINE_TEST_DATA})
endif()
foreach(pair decam=testcase6 mosaic=mzlsbass2 90prime=mzlsbass2)
  string(REPLACE = ";" pair ${pair})
  list(GET pair 0 name)
  list(GET pair 1 survey)
  file(GLOB_RECURSE images ${DATA}/surveys/${survey}/images/${name}/*_ooi_*)
  if(NOT images)
    message(STATUS "${name}: SKIPPED, there are no real images of it in ${DATA} (set BRICKLINE_TEST_DATA)")
    continue()
  endif()
  list(SORT images)
  list(GET images 0 image)
  run(${BIN}/cameras --plugin-dir ${PLUGINS} check ${PLUGINS}/${name}.camera.so --image ${image} --images-dir
      ${DATA}/surveys/${survey}/images ${check_all})
  string(REGEX MATCH "[0-9]+ checks: [^\n]*" summary "${out}")
  message(STATUS "${name}, real image: ${summary}")
endforeach()
