# zlib and bzip2, as the target nb201_compression: from their sources where these are in NB201_THIRD_PARTY, as in a
# published package, and else the system's.
set(NB201_THIRD_PARTY "${CMAKE_CURRENT_SOURCE_DIR}/third_party" CACHE PATH "Folder with the sources zlib/ and bzip2/")
add_library(nb201_compression INTERFACE)

if(EXISTS "${NB201_THIRD_PARTY}/zlib/zlib.h" AND EXISTS "${NB201_THIRD_PARTY}/bzip2/bzlib.h")
  enable_language(C)
  # Not the parts that open files.
  set(zlib_sources adler32 compress crc32 deflate infback inffast inflate inftrees trees uncompr zutil)
  set(bzip2_sources blocksort bzlib compress crctable decompress huffman randtable)
  foreach(library zlib bzip2)
    list(TRANSFORM ${library}_sources PREPEND "${NB201_THIRD_PARTY}/${library}/")
    list(TRANSFORM ${library}_sources APPEND .c)
    add_library(nb201_${library} STATIC ${${library}_sources})
    target_include_directories(nb201_${library} SYSTEM PUBLIC "${NB201_THIRD_PARTY}/${library}")
    set_target_properties(nb201_${library} PROPERTIES C_VISIBILITY_PRESET hidden)
    if(MSVC)
      target_compile_options(nb201_${library} PRIVATE /W0)
    else()
      target_compile_options(nb201_${library} PRIVATE -w -ffunction-sections)
    endif()
    target_link_libraries(nb201_compression INTERFACE nb201_${library})
  endforeach()
  return()
endif()

# Linked statically where a static library is there: the addon then needs nothing but libc.
if(NOT APPLE AND NOT MSVC)
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a ${CMAKE_FIND_LIBRARY_SUFFIXES})
endif()
find_package(BZip2 REQUIRED)
find_package(ZLIB REQUIRED)

# Debian compiles its libbz2.a for programs: its stdio helpers, which nothing here calls, refer to stdin and stdout in a
# way that no shared object may. A copy with these names changed (cmake/bzip2_stdio.cpp) links.
set(NB201_BZIP2 BZip2::BZip2)
if(BZIP2_LIBRARY_RELEASE MATCHES "\\.a$" AND CMAKE_OBJCOPY)
  add_library(bzip2_stdio STATIC cmake/bzip2_stdio.cpp)
  set(NB201_BZIP2 "${CMAKE_BINARY_DIR}/libbz2_shared.a" bzip2_stdio)
  execute_process(COMMAND ${CMAKE_OBJCOPY} --redefine-sym stdin=nb201_stdin --redefine-sym stdout=nb201_stdout
                          --redefine-sym stderr=nb201_stderr ${BZIP2_LIBRARY_RELEASE} libbz2_shared.a
                  WORKING_DIRECTORY ${CMAKE_BINARY_DIR}
                  COMMAND_ERROR_IS_FATAL ANY)
endif()
target_include_directories(nb201_compression INTERFACE ${BZIP2_INCLUDE_DIR})
target_link_libraries(nb201_compression INTERFACE ${NB201_BZIP2} ZLIB::ZLIB)
