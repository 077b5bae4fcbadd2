# Where the ONNX Runtime shared library is: -DONNXRUNTIME_ROOT=DIR, else the npm package that tools/setup installs.
# It is opened at run time, so a build succeeds without it.
set(ONNXRUNTIME_ROOT "" CACHE PATH "Folder of another ONNX Runtime, with lib/libonnxruntime.so")

if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  set(onnxruntime_arch arm64)
else()
  set(onnxruntime_arch x64)
endif()
if(ONNXRUNTIME_ROOT)
  file(GLOB onnxruntime_candidates ${ONNXRUNTIME_ROOT}/lib/libonnxruntime.so*)
  if(NOT onnxruntime_candidates)
    message(FATAL_ERROR "ONNXRUNTIME_ROOT is ${ONNXRUNTIME_ROOT}, which has no lib/libonnxruntime.so")
  endif()
  list(GET onnxruntime_candidates 0 MASKLET_ONNXRUNTIME_LIBRARY)
  set(onnxruntime_header_hint ${ONNXRUNTIME_ROOT}/include)
else()
  set(MASKLET_ONNXRUNTIME_LIBRARY
      ${PROJECT_SOURCE_DIR}/node_modules/onnxruntime-node/bin/napi-v6/linux/${onnxruntime_arch}/libonnxruntime.so.1)
  if(NOT EXISTS ${MASKLET_ONNXRUNTIME_LIBRARY})
    message(WARNING "${MASKLET_ONNXRUNTIME_LIBRARY} is missing, nothing native will run networks: run tools/setup")
  endif()
endif()

# The vendor's header is used for one thing: a test compares the slots that native/runtime declares with it.
find_path(ONNXRUNTIME_INCLUDE onnxruntime_c_api.h HINTS ${onnxruntime_header_hint}
          PATH_SUFFIXES onnxruntime onnxruntime/core/session)
