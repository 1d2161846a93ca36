# Writes commit.cpp, which says what commit the sources are of (core/base/version.h); leaves it alone if it says so
# already.
#   cmake -DSOURCE=<the project's directory> -DOUTPUT=<commit.cpp> -P commit.cmake
set(commit "")
# A checkout of this project itself, not a directory inside somebody else's.
if(EXISTS ${SOURCE}/.git)
  execute_process(
    COMMAND git describe --always --dirty --tags --abbrev=12
    WORKING_DIRECTORY ${SOURCE}
    OUTPUT_VARIABLE commit
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
# An archive: git wrote the commit into this file when it made it (.gitattributes).
if(NOT commit AND EXISTS ${SOURCE}/.commit)
  file(STRINGS ${SOURCE}/.commit line LIMIT_COUNT 1)
  if(line MATCHES "^[0-9a-f]+$")
    string(SUBSTRING ${line} 0 12 commit)
  endif()
endif()
if(NOT commit MATCHES "^[0-9A-Za-z._/-]+$")
  set(commit unknown)
endif()

set(text "// Made by core/base/commit.cmake.
#include \"core/base/version.h\"

std::string_view brickline::commit() { return \"${commit}\"; }
")
set(old "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} old)
endif()
if(NOT old STREQUAL text)
  file(WRITE ${OUTPUT} "${text}")
endif()
