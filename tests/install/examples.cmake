# The SDK's examples as an author meets them: built out of tree against the installed package (guide.py does, as the page
# beside them says), checked on all levels, with images made for each as that page's table says, and run to a catalog whose
# fluxes are the truth to 1 %.
#   cmake -DGUIDE=<where guide.py has worked> -DWORK=<scratch> -DBIN=<directory of programs> -DPLUGINS=<the shipped cameras> -P examples.cmake
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/run_survey.cmake)

file(REMOVE_RECURSE ${WORK})
file(COPY ${GUIDE}/examples DESTINATION ${WORK})
file(CREATE_LINK ${WORK}/examples/build ${WORK}/cameras SYMBOLIC)

file(STRINGS ${WORK}/examples/decam_plus/decam_plus.cpp lines)
list(LENGTH lines count)
if(count GREATER 60)
  message(FATAL_ERROR "the example that extends decam has ${count} lines")
endif()

# | sigma | what it shows | `simulate-survey --layout sigma` |
file(STRINGS ${WORK}/examples/README.md rows REGEX "^\\| [a-z_]+ \\|.*`simulate-survey ")
list(LENGTH rows count)
file(GLOB sources RELATIVE ${WORK}/examples ${WORK}/examples/*/*.camera.json ${WORK}/examples/*/*.cpp ${WORK}/examples/*/*.c)
list(FILTER sources EXCLUDE REGEX "^(build|survey|out)/")
list(LENGTH sources examples)
if(NOT count EQUAL examples)
  message(FATAL_ERROR "the page of the examples has ${count} rows, but there are ${examples}")
endif()
foreach(row IN LISTS rows)
  string(REGEX MATCH "^\\| ([a-z_]+) \\|.*`simulate-survey ([^`]*)`" _ "${row}")
  set(name ${CMAKE_MATCH_1})
  separate_arguments(words UNIX_COMMAND "${CMAKE_MATCH_2}")
  set(file ${name}.camera.so)
  if(EXISTS ${WORK}/examples/${name}/${name}.camera.json)
    set(file ${name}.camera.json)
  endif()
  if(name STREQUAL moffat) # brings them itself
    list(APPEND words WITHOUT_CALIBRATIONS)
  endif()
  survey(${name} ${file} ${words})
endforeach()

# A camera of two amplifiers a chip that disagree with the zero point: facts over the example of facts.
file(WRITE ${WORK}/cameras/two_amplifiers.camera.json [[
{"plugin": {"plugin": "two_amplifiers", "version": "1.0.0",
            "cameras": [{"name": "two_amplifiers", "claims": [{"INSTRUME": "^two_amplifiers$"}]}]},
 "extends": "facts_only",
 "amplifiers": {"table": [{"when": {"ccd": "S4"}, "box": [0, 1023, 0, 4094], "dzp_mag": -0.1},
                          {"when": {"ccd": "S4"}, "box": [1023, 2046, 0, 4094], "dzp_mag": -0.1}]}}
]])
survey(two_amplifiers two_amplifiers.camera.json --layout decam --camera-name two_amplifiers --chip-offset S4=0.1)
