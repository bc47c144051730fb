# Finds any libtorch from 1.13 on: the folder that NB201_LIBTORCH or LIBTORCH names, what `nb201 libtorch install` has put
# into the user's cache, the torch that python3 imports, the system's CMake package. Sets Libtorch_FOUND,
# Libtorch_VERSION, Libtorch_ROOT, Libtorch_FROM, and makes the target Libtorch::Libtorch.
#
# A folder is looked into by hand: the CMake package of a CUDA build wants the whole CUDA toolkit, and nothing here needs
# more than libtorch_cpu and libc10 to compile (CUDA is loaded at run time, see src/networks/device.cpp).
include(FindPackageHandleStandardArgs)

function(nb201_libtorch_in root from)
  if(Libtorch_ROOT OR NOT EXISTS "${root}/include/torch/csrc/api/include/torch/version.h")
    return()
  endif()
  find_library(cpu torch_cpu PATHS "${root}/lib" "${root}/lib/${CMAKE_LIBRARY_ARCHITECTURE}" NO_DEFAULT_PATH NO_CACHE)
  find_library(c10 c10 PATHS "${root}/lib" "${root}/lib/${CMAKE_LIBRARY_ARCHITECTURE}" NO_DEFAULT_PATH NO_CACHE)
  if(NOT cpu OR NOT c10)
    return()
  endif()
  get_filename_component(folder "${cpu}" DIRECTORY)
  add_library(Libtorch::Libtorch INTERFACE IMPORTED)
  target_include_directories(Libtorch::Libtorch SYSTEM INTERFACE "${root}/include"
                             "${root}/include/torch/csrc/api/include")
  target_link_libraries(Libtorch::Libtorch INTERFACE "${cpu}" "${c10}")
  # Wheels of before 2.7 were compiled with the C++ library's old strings.
  file(STRINGS "${c10}" new_strings REGEX "__cxx11" LIMIT_COUNT 1)
  if(new_strings)
    target_compile_definitions(Libtorch::Libtorch INTERFACE _GLIBCXX_USE_CXX11_ABI=1)
  else()
    target_compile_definitions(Libtorch::Libtorch INTERFACE _GLIBCXX_USE_CXX11_ABI=0)
  endif()
  set(Libtorch_ROOT "${root}" PARENT_SCOPE)
  set(Libtorch_FROM "${from}" PARENT_SCOPE)
  set(Libtorch_LIBRARY_FOLDER "${folder}" PARENT_SCOPE)
  set(Libtorch_HEADERS "${root}/include" PARENT_SCOPE)
endfunction()

foreach(variable NB201_LIBTORCH LIBTORCH)
  if(NOT "$ENV{${variable}}" STREQUAL "")
    nb201_libtorch_in("$ENV{${variable}}" "${variable}")
    if(NOT Libtorch_ROOT)
      message(WARNING "${variable}=$ENV{${variable}} has no libtorch (include/torch, lib/libtorch_cpu)")
    endif()
  endif()
endforeach()

if(NOT Libtorch_ROOT)
  # As lib/cache-folder.ts has it.
  if(NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
    set(nb201_cache "$ENV{XDG_CACHE_HOME}/nas-bench-201")
  elseif(WIN32)
    set(nb201_cache "$ENV{LOCALAPPDATA}/nas-bench-201/cache")
  elseif(APPLE)
    set(nb201_cache "$ENV{HOME}/Library/Caches/nas-bench-201")
  else()
    set(nb201_cache "$ENV{HOME}/.cache/nas-bench-201")
  endif()
  if(EXISTS "${nb201_cache}/libtorch/current")
    file(STRINGS "${nb201_cache}/libtorch/current" nb201_current LIMIT_COUNT 1)
    nb201_libtorch_in("${nb201_cache}/libtorch/${nb201_current}" "nb201 libtorch")
  endif()
endif()

if(NOT Libtorch_ROOT)
  execute_process(
    COMMAND python3 -c "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')"
    OUTPUT_VARIABLE of_python OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE python_failed)
  if(NOT python_failed AND of_python)
    nb201_libtorch_in("${of_python}" "python3")
  endif()
endif()

if(NOT Libtorch_ROOT)
  # Looked for anew each time: it may have been installed since.
  unset(Torch_DIR CACHE)
  find_package(Torch QUIET)
  find_path(Libtorch_VERSION_FOLDER torch/version.h PATHS ${TORCH_INCLUDE_DIRS} NO_DEFAULT_PATH NO_CACHE)
  if(Torch_FOUND AND Libtorch_VERSION_FOLDER)
    add_library(Libtorch::Libtorch INTERFACE IMPORTED)
    target_include_directories(Libtorch::Libtorch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
    # Not ${TORCH_LIBRARIES}, which drags in what is not needed here.
    find_library(system_cpu torch_cpu NO_CACHE)
    find_library(system_c10 c10 NO_CACHE)
    target_link_libraries(Libtorch::Libtorch INTERFACE ${system_cpu} ${system_c10})
    separate_arguments(flags NATIVE_COMMAND "${TORCH_CXX_FLAGS}")
    target_compile_options(Libtorch::Libtorch INTERFACE ${flags})
    set(Libtorch_ROOT "${Torch_DIR}")
    set(Libtorch_FROM "CMake package")
    set(Libtorch_HEADERS "${Libtorch_VERSION_FOLDER}/../../../..")
    get_filename_component(Libtorch_LIBRARY_FOLDER "${system_cpu}" DIRECTORY)
  endif()
endif()

if(Libtorch_HEADERS)
  # Where it is in newer ones.
  set(version_header "${Libtorch_HEADERS}/torch/headeronly/version.h")
  if(NOT EXISTS "${version_header}")
    set(version_header "${Libtorch_HEADERS}/torch/csrc/api/include/torch/version.h")
  endif()
  set(Libtorch_VERSION "")
  foreach(part MAJOR MINOR PATCH)
    file(STRINGS "${version_header}" line REGEX "#define TORCH_VERSION_${part} ")
    string(REGEX MATCH "[0-9]+" number "${line}")
    string(APPEND Libtorch_VERSION "${number}.")
  endforeach()
  string(REGEX REPLACE "\\.$" "" Libtorch_VERSION "${Libtorch_VERSION}")
endif()

find_package_handle_standard_args(Libtorch REQUIRED_VARS Libtorch_ROOT Libtorch_VERSION VERSION_VAR Libtorch_VERSION)
