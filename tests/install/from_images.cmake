# The cameras of strangers whose images are all there is: one CCD with sigma and world coordinates beside it, 36 CCDs of
# which the images show two, a file format of its own. make-ccds, make-bricks, calibrate, runbrick; then the fluxes
# against the truth.
#   cmake -DWORK=<scratch> -DCAMERAS=<directory of the examples' cameras> -DPLUGINS=<the shipped cameras>
#         -DBIN=<directory of programs> -P from_images.cmake
include(${CMAKE_CURRENT_LIST_DIR}/run_survey.cmake)

foreach(program source-extractor psfex)
  find_program(found_${program} ${program})
  if(NOT found_${program})
    message("skipped: ${program} is not installed (tools/setup.sh)")
    return()
  endif()
endforeach()
file(REMOVE_RECURSE ${WORK})
set(plugins --plugin-dir ${CAMERAS} --plugin-dir ${PLUGINS} --no-user-plugins)

# from_images(NAME CCDS STAMP ZOOM simulate-survey's options...): stamps of the PSF of that many pixels, the part of the
# brick that is run ("": as the simulation says).
function(from_images name ccds stamp zoom)
  set(dir ${WORK}/${name})
  run(${BIN}/simulate-survey ${dir}/simulated --quiet --bands r --camera-name ${name} --density 0 --bright 16.5 --faint 20
      --cosmic-rays 0 --bad-columns 0 --depth 25 --scatter 0 ${ARGN})
  string(STRIP "${out}" region)
  separate_arguments(region)
  if(zoom)
    list(SUBLIST region 0 3 region)
    list(APPEND region ${zoom})
  endif()
  list(JOIN region " " words)
  file(WRITE ${dir}/region.txt "${words}\n") # for from_nothing.py
  file(COPY ${dir}/simulated/images DESTINATION ${dir}/survey)

  run(${BIN}/make-ccds --survey-dir ${dir}/survey ${plugins} --zeropoint r=25.35)
  if(NOT out MATCHES ": ${ccds} CCDs of .* 0 problems")
    message(FATAL_ERROR "${name}: make-ccds says ${out}")
  endif()
  run(${BIN}/make-bricks --survey-dir ${dir}/survey --region 149 151 1 3)
  run(${BIN}/calibrate --survey-dir ${dir}/survey ${plugins} --no-gaia --threads 2 --set psf.size_pixels=${stamp}
      --set psf.degree=0)
  if(NOT out MATCHES "${ccds} CCDs, 0 failed")
    message(FATAL_ERROR "${name}: calibrate says ${out}")
  endif()
  run(${BIN}/runbrick --survey-dir ${dir}/survey ${plugins} --outdir ${dir}/out ${region} --bands r --no-gaia --no-wise
      --no-page --threads 2)
  run(${BIN}/simulate-survey compare ${dir}/simulated ${dir}/out)
  if(NOT out MATCHES "\nr +[0-9]+ +[-0-9.]+ +[-0-9.]+ +[-0-9.]+ +([0-9]+) +(-?)([0-9.]+)" OR CMAKE_MATCH_1 LESS 50
     OR CMAKE_MATCH_3 GREATER 0.01)
    message(FATAL_ERROR "${name}: fluxes are not the truth\n${out}")
  endif()
  message(STATUS "${name}: ${CMAKE_MATCH_1} stars, flux / truth - 1 = ${CMAKE_MATCH_2}${CMAKE_MATCH_3}")
endfunction()

from_images(sigma 2 45 "" --layout sigma --seed 5 --size 500 --nexp 2 --star-density 15)
from_images(raw 2 45 "" --layout raw --seed 5 --size 500 --nexp 2 --star-density 15)
from_images(plain_c 2 71 "1250;2350;1150;2450" --layout megacam --seed 1 --size 1400 --nexp 1 --star-density 8)
