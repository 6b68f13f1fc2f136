# Warnings, hardening, sanitizers, ccache: what every translation unit of Brink is compiled with.
set(BRINK_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize (address,undefined | thread)")

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports uninitialised members of optionals and coroutine frames that are not; see gcc PR 80635.
  # … and overlapping copies in operator+(const char*, std::string) that do not exist; see gcc PR 105651.
  add_compile_options(-Wno-maybe-uninitialized $<$<CONFIG:Release>:-Wno-restrict>)
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
endif()

if(BRINK_SANITIZE)
  # g++ 12 takes Asio's recycled coroutine frames for mismatched new and delete here.
  # -g1: lines for stacks; all of the types cost a quarter more time.
  add_compile_options(-fsanitize=${BRINK_SANITIZE} -fno-sanitize-recover=all -O1 -g1
                      $<$<COMPILE_LANGUAGE:CXX>:-Wno-mismatched-new-delete>)
  add_link_options(-fsanitize=${BRINK_SANITIZE})
  if(BRINK_SANITIZE MATCHES "thread")
    add_compile_options(-Wno-tsan)  # atomic_thread_fence in Boost.Asio
  endif()
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE
                      -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -D_GLIBCXX_ASSERTIONS)
  add_link_options(-pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack)
  # CHECK is always on; assert() of the libraries is not.
endif()
