#!/bin/bash
# run.sh fuzz-TARGET FLAG...: builds fuzz_TARGET.c with libFuzzer, the flags
# being the preprocessor's, and runs it for FUZZ_TIME seconds over a copy of its
# corpus. All of it is in the directory fuzz/TARGET, where findings stay.
set -o pipefail

name=${1#fuzz-}
shift
here=$(dirname "$0")
src=$here/../../src
room=fuzz/$name

complain() {
	echo "fuzz $name: $1" >&2
	exit 1
}

tls=("$src"/tls/[!m]*.c "$src"/tls/material.c)
grep -q '^#define HAVE_OPENSSL' config.h ||
	tls=("$src"/tls/{missing,names,turn,words}.c)
answers=("$src"/{app,base}/*.c "${tls[@]}"
	"$src"/server/{account,exchange,journal,staged,totals,visitor}.c)

# The words are tried with the answers that they make, at a clock of their own.
sources() {
	if [ "$name" = words ]; then
		echo "$here/../unit/fake_clock.c" \
			-Wl,--wrap=clock_gettime "${answers[@]}"
	elif [ "$name" = echo ]; then
		echo "${answers[@]}"
	elif [ "$name" = tls ]; then
		echo "$src"/base/{text,text_file,units}.c "${tls[@]}"
	elif [ "$name" = proxy ]; then
		echo "$src"/base/proxy_header.c
	elif [ "$name" = forwarded ]; then
		echo "$src"/base/{cidr,wire}.c
	elif [ "$name" = httpbin ]; then
		echo "$src"/app/httpbin_{body,json,query}.c "$src"/base/text.c
	else
		echo "$src"/base/{text,text_file,units}.c "${tls[@]}" \
			"$src"/app/{choice,complaint,made,pattern,pool,pools,roll}.c \
			"$src"/app/{rule*,when*,word*}.c
	fi
}

# One command makes it all: libmtasync.a is of the build's own compiler.
build() {
	clang -std=gnu11 -O1 -g "$@" -U_FORTIFY_SOURCE \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		-o "$room/fuzz" "$here/fuzz_$name.c" "$here/fuzz.c" "$here/reader.c" \
		"$src"/http/*.c $(sources) $NETTLE_LIBS $OPENSSL_LIBS -lm -pthread
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

mkdir -p "$room/corpus" && cp "$here/corpus/$name"/* "$room/corpus/" || exit
build "$@" || complain 'it takes clang with libFuzzer
(Debian: apt-get install clang libclang-rt-14-dev)'
fuzz || complain "a finding, see $room/log; mend what it found, and
keep its input in tests/fuzz/corpus/$name under a name that tells what it is"
