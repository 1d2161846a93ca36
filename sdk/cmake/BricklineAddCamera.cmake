# brickline_add_camera(NAME SOURCES file... [DATA file...] [LIBRARIES target...] [INSTALL system|user|none])
# brickline_add_camera(NAME FACTS file [DATA file...] [INSTALL ...])
#   [CHECK level] [IMAGES file...]   makes a CTest test NAME.check.ID of each check of `cameras check` up to that level (5
#                                    with images, 4 without), where that program is found
#
# Makes the plugin library NAME.camera.so (target camera_NAME) with its data files beside it in NAME.camera.d/; or
# puts a camera's file of facts there, as NAME.camera.json, for which no compiler is needed.
# It goes to BRICKLINE_PLUGIN_OUTPUT_DIRECTORY if that is set, else to the current binary directory.
# INSTALL: `system` (the default inside Brickline) is <libdir>/brickline/cameras below the prefix, `user` (the default
# elsewhere) share/brickline/cameras, which `cmake --install --prefix ~/.local` makes the user's own directory.
include_guard(GLOBAL)

macro(brickline_camera_library name target directory)
  set(symbol_map ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/one_symbol.map)
  add_library(${target} MODULE ${ARG_SOURCES})
  target_link_libraries(${target} PRIVATE brickline::sdk ${ARG_LIBRARIES})
  target_link_options(${target} PRIVATE -Wl,--version-script=${symbol_map} -Wl,-z,now -Wl,-z,nodelete)
  # (camera_abi.h refuses -ffast-math.) Without a build type cameras would be compiled without optimization.
  if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    target_compile_options(${target} PRIVATE -O2)
  endif()
  if(NOT BRICKLINE_SANITIZE) # the sanitizers' symbols come from the program
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()
  set_target_properties(
    ${target}
    PROPERTIES PREFIX ""
               OUTPUT_NAME ${name}
               SUFFIX .camera.so
               LIBRARY_OUTPUT_DIRECTORY ${directory}
               CXX_VISIBILITY_PRESET hidden
               VISIBILITY_INLINES_HIDDEN ON
               LINK_DEPENDS ${symbol_map})
endmacro()

function(brickline_add_camera name)
  cmake_parse_arguments(ARG "" "INSTALL;FACTS;CHECK" "SOURCES;DATA;LIBRARIES;IMAGES" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "brickline_add_camera(${name}): unknown arguments: ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  if((ARG_SOURCES AND ARG_FACTS) OR NOT (ARG_SOURCES OR ARG_FACTS))
    message(FATAL_ERROR "brickline_add_camera(${name}): either SOURCES or FACTS")
  endif()
  set(target camera_${name})
  if(BRICKLINE_PLUGIN_OUTPUT_DIRECTORY)
    set(directory ${BRICKLINE_PLUGIN_OUTPUT_DIRECTORY})
  else()
    set(directory ${CMAKE_CURRENT_BINARY_DIR})
  endif()

  if(ARG_FACTS)
    get_filename_component(facts ${ARG_FACTS} ABSOLUTE)
    add_custom_command(
      OUTPUT ${directory}/${name}.camera.json
      COMMAND ${CMAKE_COMMAND} -E copy_if_different ${facts} ${directory}/${name}.camera.json
      DEPENDS ${facts}
      VERBATIM)
    add_custom_target(${target} ALL DEPENDS ${directory}/${name}.camera.json)
  else()
    brickline_camera_library(${name} ${target} ${directory})
  endif()
  set(copies)
  foreach(file IN LISTS ARG_DATA)
    get_filename_component(file ${file} ABSOLUTE)
    get_filename_component(base ${file} NAME)
    add_custom_command(
      OUTPUT ${directory}/${name}.camera.d/${base}
      COMMAND ${CMAKE_COMMAND} -E copy_if_different ${file} ${directory}/${name}.camera.d/${base}
      DEPENDS ${file}
      VERBATIM)
    list(APPEND copies ${directory}/${name}.camera.d/${base})
  endforeach()
  if(copies)
    add_custom_target(${target}_data ALL DEPENDS ${copies})
    add_dependencies(${target} ${target}_data)
  endif()

  find_program(BRICKLINE_CAMERAS cameras)
  if((ARG_CHECK OR ARG_IMAGES) AND BRICKLINE_CAMERAS)
    set(level ${ARG_CHECK})
    if(NOT level AND ARG_IMAGES)
      set(level 5)
    elseif(NOT level)
      set(level 4)
    endif()
    set(file ${directory}/${name}.camera.so)
    if(ARG_FACTS)
      set(file ${directory}/${name}.camera.json)
    endif()
    set(images)
    foreach(image IN LISTS ARG_IMAGES)
      get_filename_component(image ${image} ABSOLUTE)
      list(APPEND images --image ${image})
    endforeach()
    execute_process(COMMAND ${BRICKLINE_CAMERAS} check --list --level ${level} OUTPUT_VARIABLE checks
                    COMMAND_ERROR_IS_FATAL ANY)
    string(REGEX MATCHALL "[0-9]+ +[a-z]+[.][-a-z]+" checks "${checks}")
    foreach(check IN LISTS checks)
      string(REGEX REPLACE "^[0-9]+ +" "" check "${check}")
      add_test(NAME ${name}.check.${check} COMMAND ${BRICKLINE_CAMERAS} check ${file} --only ${check} ${images})
      set_tests_properties(${name}.check.${check} PROPERTIES LABELS camera)
    endforeach()
  endif()

  if(NOT ARG_INSTALL)
    set(ARG_INSTALL user)
    if(BRICKLINE_INSTALL_PLUGINDIR)
      set(ARG_INSTALL system)
    endif()
  endif()
  if(ARG_INSTALL STREQUAL "none")
    return()
  elseif(ARG_INSTALL STREQUAL "user")
    set(destination share/brickline/cameras)
  elseif(BRICKLINE_INSTALL_PLUGINDIR)
    set(destination ${BRICKLINE_INSTALL_PLUGINDIR})
  else()
    include(GNUInstallDirs)
    set(destination ${CMAKE_INSTALL_LIBDIR}/brickline/cameras)
  endif()
  if(ARG_FACTS)
    install(FILES ${directory}/${name}.camera.json DESTINATION ${destination} COMPONENT runtime)
  else()
    install(TARGETS ${target} LIBRARY DESTINATION ${destination} COMPONENT runtime)
  endif()
  if(ARG_DATA)
    install(FILES ${ARG_DATA} DESTINATION ${destination}/${name}.camera.d COMPONENT runtime)
  endif()
endfunction()
