/* Tests of base/watch: what counts as another, and when. */
#include "config.h"

#include "base/watch.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tree.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* ---- a tree, as each row finds it: a folder as Kubernetes mounts it, too ---- */

static void
link_to(const char *target, const char *path)
{
	assert_return_code(symlink(target, path), 0);
}

static void
move(const char *from, const char *to)
{
	assert_return_code(rename(from, to), 0);
}

static void
make_folder(const char *path)
{
	assert_return_code(mkdir(path, 0755), 0);
}

static void
make_all(void)
{
	tree_enter();
	tree_write("file", 'a', 3);
	tree_write("other", 'a', 3);
	make_folder("root");
	make_folder("..v1");
	make_folder("..v1/site");
	tree_write("..v1/rules", 'a', 3);
	link_to("..v1", "..data");
	link_to("..data/rules", "rules");
	link_to("..data/site", "site");
	link_to("loop", "loop");
}

static void
do_nothing(void)
{
}

static void
read_file(void)
{
	FILE *file = fopen("file", "r");

	assert_non_null(file);
	assert_int_equal(fgetc(file), 'a');
	assert_return_code(fclose(file), 0);
}

static void
grow(void)
{
	tree_write("file", 'a', 4);
}

static void
write_as_large(void)
{
	tree_write("file", 'b', 3);
}

/* The times tell, but for the ctime, of what was before. */
static void
write_and_set_back(void)
{
	struct stat before;
	FILE *file;

	assert_return_code(stat("file", &before), 0);
	file = fopen("file", "r+");
	assert_non_null(file);
	assert_int_equal(fputs("bbb", file) >= 0, 1);
	assert_return_code(fclose(file), 0);
	assert_return_code(utimensat(AT_FDCWD, "file",
			       (const struct timespec[2]){ before.st_atim,
				   before.st_mtim },
			       0),
	    0);
}

static void
rename_onto(void)
{
	move("other", "file");
}

static void
remove_file(void)
{
	assert_return_code(unlink("file"), 0);
}

static void
make_again(void)
{
	remove_file();
	tree_write("file", 'a', 3);
}

static void
make_first(void)
{
	tree_write("none", 'a', 3);
}

static void
put_page(void)
{
	tree_write("root/page", 'a', 3);
	assert_return_code(chmod("root", 0700), 0);
}

static void
put_other_root(void)
{
	move("root", "old");
	make_folder("root");
}

static void
remove_root(void)
{
	assert_return_code(rmdir("root"), 0);
}

/* What Kubernetes does to a ConfigMap that has changed. */
static void
turn_data(void)
{
	make_folder("..v2");
	make_folder("..v2/site");
	tree_write("..v2/rules", 'b', 3);
	link_to("..v2", "..data_tmp");
	move("..data_tmp", "..data");
	assert_return_code(unlink("..v1/rules"), 0);
	assert_return_code(rmdir("..v1/site"), 0);
	assert_return_code(rmdir("..v1"), 0);
}

static void
turn_data_to_the_same(void)
{
	link_to("..v1", "..data_tmp");
	move("..data_tmp", "..data");
}

static void
make_loop(void)
{
	assert_return_code(unlink("file"), 0);
	link_to("file", "file");
}

static void
end_loop(void)
{
	assert_return_code(unlink("loop"), 0);
	tree_write("loop", 'a', 3);
}

/* What is watched, what is done to it, and whether it is another then. */
static const struct {
	const char *name;
	const char *path;
	void (*change)(void);
	bool other;
} changes[] = {
	{ "nothing", "file", do_nothing, false },
	{ "nothing, and it is a directory", "root", do_nothing, false },
	{ "nothing, and it is not there", "none", do_nothing, false },
	{ "nothing, and it can't be looked at", "loop", do_nothing, false },
	{ "it is read", "file", read_file, false },
	{ "it grows", "file", grow, true },
	{ "it is written to, as large", "file", write_as_large, true },
	{ "its mtime is set back", "file", write_and_set_back, true },
	{ "another is renamed onto it", "file", rename_onto, true },
	{ "another file changes", "file", put_page, false },
	{ "it is removed", "file", remove_file, true },
	{ "it is removed and made again", "file", make_again, true },
	{ "it is made", "none", make_first, true },
	{ "it can't be looked at any more", "file", make_loop, false },
	{ "it can be looked at now", "loop", end_loop, true },
	{ "a directory's content changes", "root", put_page, false },
	{ "a directory is another", "root", put_other_root, true },
	{ "a directory is removed", "root", remove_root, true },
	{ "..data leads elsewhere, to a file", "rules", turn_data, true },
	{ "..data leads elsewhere, to a directory", "site", turn_data, true },
	{ "..data is another link", "rules", turn_data_to_the_same, false },
	{ "..data is another link", "site", turn_data_to_the_same, false },
};

static void
test_what_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(changes); i++) {
		struct watch watch = { 0 };
		bool first, second;

		make_all();
		watch_note(&watch, changes[i].path);
		watch_end(&watch);
		changes[i].change();
		first = watch_look(&watch);
		second = watch_look(&watch);
		if (first || second != changes[i].other)
			fail_msg("%s: %s: %d, %d", changes[i].path,
			    changes[i].name, first, second);
		watch_fini(&watch);
		tree_leave();
	}
}

/* ---- when it is told ---- */

static int
watch_setup(void **state)
{
	static struct watch watch;

	watch = (struct watch){ 0 };
	*state = &watch;
	make_all();
	watch_note(&watch, "file");
	watch_note(&watch, "root");
	watch_end(&watch);
	return 0;
}

static int
watch_teardown(void **state)
{
	watch_fini(*state);
	tree_leave();
	return 0;
}

/* A change that goes on is waited for, but not for ever. */
static void
test_comes_to_rest(void **state)
{
	struct watch *watch = *state;

	for (unsigned i = 1; i < 5; i++) {
		tree_write("file", 'b', i);
		assert_false(watch_look(watch));
	}
	assert_true(watch_look(watch));
	watch_begin(watch);
	assert_false(watch_look(watch));
	for (unsigned i = 1; i <= WATCH_LOOKS; i++) {
		tree_write("file", 'c', i);
		assert_int_equal(watch_look(watch), i == WATCH_LOOKS);
	}
}

/* What is gone for a moment, and then there as it was. */
static void
test_gone_for_a_moment(void **state)
{
	struct watch *watch = *state;

	move("root", "away");
	assert_false(watch_look(watch));
	move("away", "root");
	assert_false(watch_look(watch));
	assert_false(watch_look(watch));
}

/* It is told until it is read again: whether that was well or not. */
static void
test_until_it_is_read(void **state)
{
	struct watch *watch = *state;

	remove_file();
	assert_false(watch_look(watch));
	assert_true(watch_look(watch));
	assert_true(watch_look(watch));
	watch_begin(watch);
	watch_note(watch, "file");
	assert_false(watch_look(watch));
	assert_false(watch_look(watch));
	tree_write("file", 'b', 3);
	assert_false(watch_look(watch));
	assert_true(watch_look(watch));
}

/* What changes while it is read, before and behind the bytes that were read. */
static void
test_change_meanwhile(void **state)
{
	struct watch *watch = *state;

	watch_begin(watch);
	grow();
	watch_note(watch, "file");
	watch_end(watch);
	assert_false(watch_look(watch));
	assert_true(watch_look(watch));
	watch_begin(watch);
	watch_note(watch, "file");
	tree_write("file", 'c', 4);
	watch_note(watch, "file"); /* another rule names it, too */
	watch_end(watch);
	assert_false(watch_look(watch));
	assert_true(watch_look(watch));
}

/* A reading that fails has come to some paths alone: all go on being watched. One that
 * does not name a path any more ends that. */
static void
test_which_paths(void **state)
{
	struct watch *watch = *state;

	watch_begin(watch);
	watch_note(watch, "file");
	put_other_root();
	assert_false(watch_look(watch));
	assert_true(watch_look(watch));
	watch_begin(watch);
	watch_note(watch, "file");
	watch_end(watch);
	remove_root();
	assert_false(watch_look(watch));
	assert_false(watch_look(watch));
	assert_int_equal(watch->count, 1);
}

static void
test_cause(void **state)
{
	struct watch *watch = *state;

	assert_string_equal(watch_cause(watch), "");
	grow();
	assert_false(watch_look(watch));
	assert_string_equal(watch_cause(watch), "");
	assert_true(watch_look(watch));
	assert_string_equal(watch_cause(watch),
	    " (--watch-rules: file has changed)");
	watch_begin(watch);
	watch_note(watch, "file");
	watch_note(watch, "other");
	watch_end(watch);
	assert_string_equal(watch_cause(watch),
	    " (--watch-rules: file has changed)");
	watch_forget_cause(watch);
	assert_string_equal(watch_cause(watch), "");
}

/* What is written twice within a tick of the kernel's clock has the same times. */
static void
test_young_files_age(void **state)
{
	struct watch *watch = *state;
	struct stat status;
	int64_t now;

	for (unsigned i = 0; i < 2; i++) {
		write_as_large();
		if (i == 0)
			watch_note(watch, "other");
		else
			watch_begin(watch);
		now = clock_wall();
		assert_return_code(stat(i == 0 ? "other" : "file", &status), 0);
		assert_true(now - status.st_ctim.tv_sec * CLOCK_S -
				status.st_ctim.tv_nsec >=
			    20 * CLOCK_MS);
	}
}

/* There may be many. */
static void
test_many(void **state)
{
	struct watch *watch = *state;
	char name[16];

	for (unsigned i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "file%u", i);
		watch_note(watch, name);
	}
	assert_int_equal(watch->count, 102);
	tree_write("file99", 'a', 3);
	assert_false(watch_look(watch));
	assert_true(watch_look(watch));
	assert_string_equal(watch_cause(watch),
	    " (--watch-rules: file99 has changed)");
}

/* The option is not given. */
static void
test_nobody_watches(void **state)
{
	(void)state;
	watch_begin(NULL);
	watch_note(NULL, "file");
	watch_end(NULL);
	watch_forget_cause(NULL);
	assert_false(watch_look(NULL));
	assert_string_equal(watch_cause(NULL), "");
	watch_fini(NULL);
}

#define TREE_TEST(function) \
 cmocka_unit_test_setup_teardown(function, watch_setup, watch_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_counts),
		TREE_TEST(test_comes_to_rest),
		TREE_TEST(test_gone_for_a_moment),
		TREE_TEST(test_until_it_is_read),
		TREE_TEST(test_change_meanwhile),
		TREE_TEST(test_which_paths),
		TREE_TEST(test_cause),
		TREE_TEST(test_young_files_age),
		TREE_TEST(test_many),
		cmocka_unit_test(test_nobody_watches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
