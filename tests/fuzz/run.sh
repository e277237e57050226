#!/bin/bash
# run.sh fuzz-library FLAG...: compiles what the targets try for libFuzzer, the
# flags being the preprocessor's, into fuzz/library.a.
#
# run.sh fuzz-TARGET FLAG...: builds fuzz_TARGET.c with that, and runs it for
# FUZZ_TIME seconds over a copy of its corpus. All of it is in the directory
# fuzz/TARGET, where findings stay.
set -o pipefail

name=${1#fuzz-}
shift
here=$(dirname "$0")
src=$here/../../src
room=fuzz/$name
clang=(clang -std=gnu11 -O1 -g "$@" -U_FORTIFY_SOURCE
	-fsanitize=address,undefined -fno-sanitize-recover=all)

complain() {
	echo "fuzz $name: $1" >&2
	exit 1
}

# libmtasync.a is of the build's own compiler.
library() {
	local tls=("$src"/tls/[!m]*.c "$src"/tls/material.c)

	grep -q '^#define HAVE_OPENSSL' config.h ||
		tls=("$src"/tls/{missing,names,turn,words}.c)
	rm -rf fuzz/library fuzz/library.a
	mkdir -p fuzz/library
	printf '%s\0' "$src"/{app,base,http}/*.c "${tls[@]}" \
		"$src"/server/{account,exchange,journal,staged,totals,visitor}.c |
		xargs -0 -P "$(nproc)" -I '{}' bash -c 'file=${1#"$2"/}
			exec "${@:3}" -c -o "fuzz/library/${file//\//-}.o" "$1"' \
			library '{}' "$src" "${clang[@]}" -fsanitize=fuzzer-no-link &&
		ar crs fuzz/library.a fuzz/library/*.o
}

# The words are tried at a clock of their own.
build() {
	local clock=()

	[ "$name" != words ] || clock=("$here/../unit/fake_clock.c"
		-Wl,--wrap=clock_gettime)
	"${clang[@]}" -fsanitize=fuzzer -o "$room/fuzz" "$here/fuzz_$name.c" \
		"$here/fuzz.c" "$here/reader.c" "${clock[@]}" fuzz/library.a \
		$NETTLE_LIBS $OPENSSL_LIBS -lm -pthread
}

# libFuzzer's output, of which the screen shows its pulse and its findings.
fuzz() {
	local shown='pulse\|does not hold\|ERROR\|runtime error\|written\|^Done'

	"$room/fuzz" -max_total_time="${FUZZ_TIME:-60}" -timeout=10 \
		-print_final_stats=1 -dict="$here/$name.dict" \
		-artifact_prefix="$room/" "$room/corpus" 2>&1 |
		tee "$room/log" |
		sed -nu "/$shown/s/^/fuzz $name: /p"
}

takes='it takes clang with libFuzzer
(Debian: apt-get install clang libclang-rt-14-dev)'
if [ "$name" = library ]; then
	library || complain "$takes"
	exit
fi
mkdir -p "$room/corpus" && cp "$here/corpus/$name"/* "$room/corpus/" || exit
build || complain "$takes"
fuzz || complain "a finding, see $room/log; mend what it found, and
keep its input in tests/fuzz/corpus/$name under a name that tells what it is"
