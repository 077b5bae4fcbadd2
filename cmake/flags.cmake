# Compiler and linker flags, each with its reason, and core's header-only dependencies.

option(MASKLET_NATIVE "Build the native host: runtime, CLI, native tests" ON)
option(MASKLET_FUZZ "Build the libFuzzer targets (clang only)" OFF)
option(MASKLET_SANITIZE "AddressSanitizer and UndefinedBehaviorSanitizer" OFF)

add_library(masklet_flags INTERFACE)
target_compile_options(masklet_flags INTERFACE
  -Wall -Wextra -Wpedantic -Werror  # a warning is a bug that has not been met yet
  -Wno-unused-parameter             # interfaces name parameters that an implementation may not need
  -ffp-contract=off                 # core is bit-exact between native and wasm: no fused multiply-add
)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(masklet_flags INTERFACE
    -Wno-maybe-uninitialized  # g++ 12 misreads std::variant and std::optional at -O2
    -Wno-restrict             # g++ 12 bug 105651: false alarm in std::string operator+
  )
endif()
if(MASKLET_SANITIZE)
  target_compile_options(masklet_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all
                                                 -fno-omit-frame-pointer)
  target_link_options(masklet_flags INTERFACE -fsanitize=address,undefined)
endif()
if(EMSCRIPTEN)
  target_compile_options(masklet_flags INTERFACE
    -msimd128         # 128-bit SIMD: every browser that runs WebCodecs has it
    -fwasm-exceptions # bad_alloc must be catchable at core's boundary; cheaper than JavaScript exceptions
  )
  target_link_options(masklet_flags INTERFACE -fwasm-exceptions)
endif()

# Header-only libraries are reached through links in the build tree, because with Emscripten a plain
# -I/usr/include would put the system's C headers before the compiler's own.
set(header_links ${CMAKE_BINARY_DIR}/headers)
file(MAKE_DIRECTORY ${header_links})
foreach(folder nlohmann protozero catch2)
  if(NOT EXISTS /usr/include/${folder})
    message(FATAL_ERROR "/usr/include/${folder} is missing: run tools/setup")
  endif()
  file(CREATE_LINK /usr/include/${folder} ${header_links}/${folder} SYMBOLIC)
endforeach()
add_library(masklet_core_dependencies INTERFACE)
target_include_directories(masklet_core_dependencies SYSTEM INTERFACE ${header_links})

# For code in which no time is spent: optimising what CLI11 and the JSON library expand to is half of what it costs to compile.
function(masklet_builds_quickly target)
  target_compile_options(${target} PRIVATE -O1)
endfunction()

# Two thirds of what compiling a test costs is Catch2's header and optimising code that runs once.
function(masklet_tests_build_quickly target)
  masklet_builds_quickly(${target})  # where tests take time, they take it in core
  target_precompile_headers(${target} PRIVATE <catch2/catch.hpp>)
  # main.cpp asks the header for a main() before it includes it.
  get_target_property(sources ${target} SOURCES)
  list(FILTER sources INCLUDE REGEX "/main\\.cpp$")
  set_source_files_properties(${sources} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
endfunction()
