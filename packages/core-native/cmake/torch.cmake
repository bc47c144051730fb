# torch.node: what computes. Only where there is a libtorch; without one everything else is built and works.
option(NB201_TORCH "Build torch.node where there is a libtorch" ON)
if(NOT CMAKE_JS_INC OR NOT NB201_TORCH)
  return()
endif()
set(find_suffixes ${CMAKE_FIND_LIBRARY_SUFFIXES})
set(CMAKE_FIND_LIBRARY_SUFFIXES ${CMAKE_SHARED_LIBRARY_SUFFIX})
find_package(Libtorch 1.13)
set(CMAKE_FIND_LIBRARY_SUFFIXES ${find_suffixes})
if(NOT Libtorch_FOUND)
  message(STATUS "No libtorch: torch.node is left out (Debian: apt-get install --no-install-recommends libtorch-dev libopenblas0)")
  # One of an earlier build would no longer fit.
  file(REMOVE "${CMAKE_BINARY_DIR}/Release/torch.node")
  return()
endif()
option(NB201_PREBUILT "Forget where libtorch was when torch.node was compiled" OFF)
message(STATUS "libtorch ${Libtorch_VERSION} (${Libtorch_FROM}: ${Libtorch_ROOT})")

if(NB201_PREBUILT)
  set_property(SOURCE src/node/torch/addon.cpp APPEND PROPERTY COMPILE_DEFINITIONS NB201_PREBUILT)
endif()

file(GLOB TORCH_SOURCES CONFIGURE_DEPENDS src/networks/*.cpp src/training/*.cpp src/node/torch/*.cpp)
add_library(compute MODULE ${TORCH_SOURCES} src/node/errors.cpp ${CMAKE_JS_SRC})
target_include_directories(compute SYSTEM PRIVATE ${CMAKE_JS_INC})
target_compile_definitions(compute PRIVATE NAPI_VERSION=8 NODE_ADDON_API_CPP_EXCEPTIONS NODE_ADDON_API_REQUIRE_BASIC_FINALIZERS
                                         NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS
                                         NB201_LIBTORCH_FROM="${Libtorch_FROM}" NB201_LIBTORCH_ROOT="${Libtorch_ROOT}")
target_link_libraries(compute PRIVATE reader_core Libtorch::Libtorch ${CMAKE_JS_LIB} ${CMAKE_DL_LIBS})
if(Libtorch_VERSION VERSION_GREATER_EQUAL 2.14)
  set(torch_standard 20)
else()
  set(torch_standard 17)
endif()
set_target_properties(compute PROPERTIES OUTPUT_NAME torch PREFIX "" SUFFIX ".node" CXX_VISIBILITY_PRESET hidden CXX_STANDARD ${torch_standard}
                                       BUILD_RPATH "${Libtorch_LIBRARY_FOLDER}"
                                       LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/Release"
                                       LIBRARY_OUTPUT_DIRECTORY_RELEASE "${CMAKE_BINARY_DIR}/Release")
if(NOT MSVC)
  target_compile_options(compute PRIVATE -fexceptions)
  if(NOT APPLE)
    target_link_options(compute PRIVATE ${NB201_MODULE_LINK_OPTIONS})
  endif()
endif()
