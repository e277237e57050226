#!/bin/sh
# Holds the direction of includes: they point down the floors of
# src/README.md, never up, nor sideways between the folders of one floor.
# Reports in TAP; the rules are tried on small trees that break them first.

src=${1:-${CHECK_SRCDIR:-.}/src}
count=0
failed=0

# Prints a line for each include below the directory $1 that breaks a rule.
faults() {
	(cd "$1" && find . -name '*.[ch]' -exec awk '
	BEGIN {
		floor["base"] = 0
		floor["http"] = floor["tls"] = 1
		floor["app"] = 2
		floor["server"] = 3
		floor["loop"] = floor["models"] = floor["admin"] = 4
		floor["."] = 5 # main.c, options, usage
		threads["base/log_queue.c"] = threads["main.c"] = 1
		threads["base/writer_thread.c"] = 1
		threads["app/pool.h"] = threads["app/pool.c"] = 1
		threads["app/tally.c"] = 1
	}
	function folder_of(path) {
		return path ~ "/" ? substr(path, 1, index(path, "/") - 1) : "."
	}
	function fault(why) {
		print file ":" FNR ": " why ": " $0
	}
	FNR == 1 {
		file = substr(FILENAME, 3)
		folder = folder_of(file)
		if (!(folder in floor))
			fault("is in a folder that has no floor")
		if (file ~ /\/config\.h$/)
			fault("would hide the config.h of the build")
	}
	!/^[ \t]*#[ \t]*include/ || !(folder in floor) {
		next
	}
	{
		name = $0
		gsub(/^[^<"]*[<"]|[>"].*$/, "", name)
		target = folder_of(name)
	}
	name ~ /^(event2\/|event\.h|ev[a-z]+\.h)/ {
		if (folder != "loop")
			fault("libevent is for loop/ alone")
		next
	}
	name ~ /^openssl\// {
		if (folder != "tls")
			fault("OpenSSL is for tls/ alone")
		next
	}
	name ~ /^(pthread|threads)\.h$/ {
		if (floor[folder] !~ /[34]/ && !(file in threads))
			fault("no threads here")
		next
	}
	/</ && !(target in floor && target != ".") || name == "config.h" {
		next
	}
	!(target in floor) || (target == "." && folder != ".") {
		fault("names no folder of ours")
		next
	}
	target != folder && floor[target] >= floor[folder] {
		fault("does not point down")
	}' {} +)
}

# Prints the TAP line of the test named $1, which passed if $2 is empty.
tap() {
	count=$((count + 1))
	if [ -z "$2" ]; then
		echo "ok $count - $1"
	else
		failed=1
		echo "not ok $count - $1"
		echo "$2" | sed 's/^/# /'
	fi
}

# Each row: a file, what it includes, and what is to come of that.
try_rules() {
	while read -r file include expected; do
		mkdir -p "$tree/$(dirname "$file")"
		echo "#include $include" >"$tree/$file"
		found=$(faults "$tree")
		rm "$tree/$file"
		case $expected:$found in
		allowed: | refused:?*) found= ;;
		*) found="expected: $expected, found: ${found:-nothing}" ;;
		esac
		tap "$file with $include is $expected" "$found"
	done <<-'ROWS'
		base/a.c "base/span.h" allowed
		base/a.c <sys/socket.h> allowed
		base/a.c "config.h" allowed
		base/a.c "http/date.h" refused
		base/a.c <http/date.h> refused
		base/a.h "../http/date.h" refused
		base/a.c "date.h" refused
		http/a.c "base/span.h" allowed
		http/a.c "app/app.h" refused
		app/a.c "http/request.h" allowed
		app/a.c "loop/conn.h" refused
		loop/a.c "app/app.h" allowed
		loop/a.c "models/pool.h" refused
		models/a.c "loop/wire.h" refused
		models/a.c "options.h" refused
		main.c "options.h" allowed
		server/a.c "app/app.h" allowed
		server/a.c "loop/loop.h" refused
		loop/a.c "server/worker.h" allowed
		main.c "server/server.h" allowed
		loop/a.c <event2/event.h> allowed
		app/a.c <event2/event.h> refused
		tls/a.c <openssl/ssl.h> allowed
		tls/a.c "base/span.h" allowed
		tls/a.c "http/date.h" refused
		tls/a.c <pthread.h> refused
		http/a.c "tls/tls.h" refused
		loop/a.c "tls/tls.h" allowed
		loop/a.c <openssl/ssl.h> refused
		main.c <event.h> refused
		models/a.c <event2/event.h> refused
		loop/a.h <pthread.h> allowed
		models/a.c <pthread.h> allowed
		main.c <pthread.h> allowed
		base/log_queue.c <pthread.h> allowed
		base/log.c <pthread.h> refused
		app/a.c <threads.h> refused
		options.c <pthread.h> refused
		misc/a.c <stdio.h> refused
		loop/config.h <stdio.h> refused
	ROWS
}

tree=$(mktemp -d) || exit
trap 'rm -rf "$tree"' EXIT
try_rules

tap "$src has sources" "$([ -f "$src/main.c" ] || echo "no $src/main.c")"
tap "includes in $src point down" "$(faults "$src")"
echo "1..$count"
exit $failed
