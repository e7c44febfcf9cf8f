#!/bin/bash
# Builds the fuzz targets as OSS-Fuzz and ClusterFuzzLite want them: CC, CXX, CFLAGS, CXXFLAGS and LIB_FUZZING_ENGINE come
# from outside; targets, seed corpora and dictionaries go to $OUT.
set -euo pipefail
source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[[ -f $source_dir/CMakeLists.txt ]] || source_dir=$(cd "$source_dir/.." && pwd)
[[ -f $source_dir/CMakeLists.txt ]] || source_dir=$SRC/callgate

build=${WORK:-$source_dir/build}/callgate-fuzz
cmake -S "$source_dir" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCALLGATE_BUILD_FUZZ_TARGETS=ON \
  -DCALLGATE_BUILD_TOOLS=OFF -DCALLGATE_BUILD_TESTS=OFF -DCALLGATE_BUILD_BENCH=OFF -DCALLGATE_BUILD_SHARED=OFF \
  -DCALLGATE_INSTALL=OFF '-DCMAKE_BUILD_RPATH=$ORIGIN/lib'
cmake --build "$build" --target fuzz_targets

for target in verify text formats calls engines dispatch; do
  cp "$build/fuzz/fuzz_$target" "$OUT/"
  (cd "$source_dir/fuzz/corpus/fuzz_$target" && zip -q -r "$OUT/fuzz_${target}_seed_corpus.zip" .)
done
# The image that runs the targets has no libseccomp.
mkdir -p "$OUT/lib"
ldd "$OUT/fuzz_formats" | awk '/libseccomp/ {print $3}' | xargs -r -I{} cp -L {} "$OUT/lib/"
for target in text formats; do
  cp "$source_dir/fuzz/callgate.dict" "$OUT/fuzz_$target.dict"
done
