/*
 * privileges: the right to be root, and its end. All of it is the main
 * thread's, before there are others.
 */
#ifndef MTASYNC_BASE_PRIVILEGES_H
#define MTASYNC_BASE_PRIVILEGES_H

#include <sys/types.h>

/* Room for USER:GROUP, NUL included; longer names are cut. */
#define PRIVILEGES_NAME_MAX 128

/* Who to become. */
struct privileges {
	const char *text; /* as it was asked for; NULL: stay who we are */
	uid_t user;
	gid_t group;
	gid_t *groups; /* supplementary ones, as initgroups(3) has them */
	int group_count;
	char name[PRIVILEGES_NAME_MAX];
};

/*
 * Looks up USER or USER:GROUP, each a name or a number; the group of USER
 * alone is its primary one. `text` outlives *privileges; NULL is nobody else.
 * While the databases of users can be reached: before privileges_enter().
 * Returns 0; or -1, and has said why. privileges_free() is right in both cases.
 */
int privileges_find(struct privileges *privileges, const char *text);

void privileges_free(struct privileges *privileges);

/* Makes `directory` the root of all paths, and the current directory. Returns
 * 0; or -1, and has said why. */
int privileges_enter(const char *directory);

/* What the process was before privileges_assume(). */
struct privileges_before {
	uid_t user;
	gid_t group;
	gid_t *groups;
	int group_count;
};

/*
 * Becomes that user for a while, to open what they may: effective ids, groups,
 * and no effective capabilities; `privileges->text` is not NULL. Returns 0; or
 * -1 with errno, and is what it was before.
 */
int privileges_assume(const struct privileges *privileges,
    struct privileges_before *before);

/* Becomes again what it was, with all capabilities that it is permitted. Returns
 * 0; or -1 with errno: then the process has to end. */
int privileges_resume(struct privileges_before *before);

/* Whether this process may become that user: returns 0; or -1, and has said
 * why. */
int privileges_try(const struct privileges *privileges);

/*
 * Becomes that user for good: groups, ids and capabilities, and looks that
 * nothing of them is left. In any case, nothing that is executed later gains
 * privileges (no_new_privs). Returns 0; or -1, and has said why: then the
 * process has to end.
 */
int privileges_drop(const struct privileges *privileges);

#endif
