/*
 * replay: tries each file of a fuzz target's corpus, for builds without
 * libFuzzer: a test for each, in TAP, in a process of its own, since a finding
 * ends it. One thread.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

/* Bytes that a file of the corpus may have. */
#define REPLAY_FILE_MAX 65536

static int
replay_is_seed(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Returns -1 where the file can't be read, or is too long. */
static int
replay_file(const char *name)
{
	static uint8_t data[REPLAY_FILE_MAX];
	FILE *file = fopen(name, "rb");
	size_t size;
	bool whole;

	if (file == NULL)
		return -1;
	size = fread(data, 1, sizeof(data), file);
	whole = feof(file) != 0;
	fclose(file);
	return whole ? LLVMFuzzerTestOneInput(data, size) : -1;
}

/* Whether a process that tries the file ends well. */
static bool
replay_passes(const char *name)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
		exit(replay_file(name) == 0 ? 0 : 1);
	return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

/* The corpus is named like the program, or as the argument. */
static int
replay_enter_corpus(int argc, char **argv)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
	const char *source = getenv("CHECK_SRCDIR");
	char path[4096];

	if (argc > 1)
		return chdir(argv[1]);
	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s",
	    source == NULL ? "." : source,
	    program_invocation_short_name + strlen("fuzz_"));
	return chdir(path);
}

int
main(int argc, char **argv)
{
	struct dirent **seeds;
	bool good = true;
	int count;

	setvbuf(stdout, NULL, _IOLBF, 0); /* no child inherits a line */
	if (replay_enter_corpus(argc, argv) != 0)
		return 1;
	count = scandir(".", &seeds, replay_is_seed, alphasort);
	if (count <= 0)
		return 1;
	printf("1..%d\n", count);
	for (int i = 0; i < count; i++) {
		const char *name = seeds[i]->d_name;
		bool passes = replay_passes(name);

		printf("%sok %d - %s\n", passes ? "" : "not ", i + 1, name);
		good &= passes;
		free(seeds[i]);
	}
	free(seeds);
	return good ? 0 : 1;
}
