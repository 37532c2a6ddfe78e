#!/bin/sh
# The C++ header without a warning in C++17 and C++20, and what it promises.
build=$(cd "${O:-build}" && pwd) || exit 1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
flags="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Werror -Iinclude -Ibindings/cpp"
for standard in c++17 c++20; do
    # shellcheck disable=SC2086
    ${CXX:-g++} -std=$standard $flags -fsyntax-only examples/quickstart.cpp || { echo "failed: $standard"; exit 1; }
done
# shellcheck disable=SC2086
${CXX:-g++} -std=c++17 -g $flags -o "$tmp/check" test/ffi/check_cpp.cpp -L"$build" -lpipeline -Wl,-rpath,"$build" || exit 1
"$tmp/check"
