# brickline_add_camera(NAME SOURCES file... [DATA file...] [LIBRARIES target...] [INSTALL system|user|none])
#
# Makes the plugin library NAME.camera.so (target camera_NAME) with its data files beside it in NAME.camera.d/.
# It goes to BRICKLINE_PLUGIN_OUTPUT_DIRECTORY if that is set, else to the current binary directory.
# INSTALL: `system` (the default inside Brickline) is <libdir>/brickline/cameras below the prefix, `user` (the default
# elsewhere) share/brickline/cameras, which `cmake --install --prefix ~/.local` makes the user's own directory.
include_guard(GLOBAL)

function(brickline_add_camera name)
  cmake_parse_arguments(ARG "" "INSTALL" "SOURCES;DATA;LIBRARIES" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "brickline_add_camera(${name}): unknown arguments: ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT ARG_SOURCES)
    message(FATAL_ERROR "brickline_add_camera(${name}): no SOURCES")
  endif()
  string(TOUPPER "${CMAKE_BUILD_TYPE}" build_type)
  if("${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${build_type}}" MATCHES "-ffast-math|-Ofast")
    message(FATAL_ERROR "brickline_add_camera(${name}): -ffast-math and -Ofast change the floating-point mode of the "
                        "whole program that loads the camera; remove them from the compiler flags")
  endif()

  set(symbol_map ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/one_symbol.map)
  set(target camera_${name})
  add_library(${target} MODULE ${ARG_SOURCES})
  target_link_libraries(${target} PRIVATE brickline::sdk ${ARG_LIBRARIES})
  target_link_options(${target} PRIVATE -Wl,--version-script=${symbol_map} -Wl,-z,now -Wl,-z,nodelete)
  if(NOT BRICKLINE_SANITIZE) # the sanitizers' symbols come from the program
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()
  if(BRICKLINE_PLUGIN_OUTPUT_DIRECTORY)
    set(directory ${BRICKLINE_PLUGIN_OUTPUT_DIRECTORY})
  else()
    set(directory ${CMAKE_CURRENT_BINARY_DIR})
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
  install(TARGETS ${target} LIBRARY DESTINATION ${destination} COMPONENT runtime)
  if(ARG_DATA)
    install(FILES ${ARG_DATA} DESTINATION ${destination}/${name}.camera.d COMPONENT runtime)
  endif()
endfunction()
