/* privileges: whom to become, and becoming them; the main thread. */
#include "config.h"

#include "base/privileges.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "base/units.h"

/* How a value that can't be had is shown. */
#define PRIVILEGES_REFUSED "--user=%.200s: "

/* The parts of USER or USER:GROUP, and what the databases know of USER. */
struct privileges_lookup {
	char user[LOGIN_NAME_MAX];
	const char *group;          /* NULL: the primary one */
	const struct passwd *entry; /* NULL: only its number is known */
};

/* Whether it is a number that may be an id: all bits set means none. */
static bool
privileges_parse_id(const char *text, uint32_t *id)
{
	int64_t value;

	if (units_parse_count(span_of(text), &value) != UNITS_OK || value < 0 ||
	    value >= UINT32_MAX)
		return false;
	*id = (uint32_t)value;
	return true;
}

/* The calls that look up keep what they return; there is one thread yet. */
static const char *
privileges_find_user(struct privileges *privileges,
    struct privileges_lookup *lookup)
{
	bool known = privileges_parse_id(lookup->user, &privileges->user);

	/* cppcheck-suppress getpwnamCalled */
	/* NOLINTNEXTLINE(concurrency-mt-unsafe) */
	lookup->entry = getpwnam(lookup->user);
	if (lookup->entry == NULL && known)
		/* cppcheck-suppress getpwuidCalled */
		/* NOLINTNEXTLINE(concurrency-mt-unsafe) */
		lookup->entry = getpwuid(privileges->user);
	if (lookup->entry == NULL)
		return known ? NULL : "unknown user";
	privileges->user = lookup->entry->pw_uid;
	return NULL;
}

static const char *
privileges_find_group(struct privileges *privileges,
    const struct privileges_lookup *lookup)
{
	const struct group *entry;

	if (lookup->group == NULL && lookup->entry == NULL)
		return "unknown user: give a group, too, as in USER:GROUP";
	if (lookup->group == NULL) {
		privileges->group = lookup->entry->pw_gid;
		return NULL;
	}
	/* cppcheck-suppress getgrnamCalled */
	/* NOLINTNEXTLINE(concurrency-mt-unsafe) */
	entry = getgrnam(lookup->group);
	if (entry != NULL)
		privileges->group = entry->gr_gid;
	else if (!privileges_parse_id(lookup->group, &privileges->group))
		return "unknown group";
	return NULL;
}

static int
privileges_compare_groups(const void *a, const void *b)
{
	gid_t first = *(const gid_t *)a, second = *(const gid_t *)b;

	return (first > second) - (first < second);
}

/* Makes room for `count` groups. Returns 0, or -1. */
static int
privileges_make_room(struct privileges *privileges, int count)
{
	gid_t *groups = reallocarray(privileges->groups, (size_t)count,
	    sizeof(gid_t));

	if (groups == NULL)
		return -1;
	privileges->groups = groups;
	return 0;
}

/* How many there are is known once the first room has been too small. */
static const char *
privileges_find_groups(struct privileges *privileges,
    const struct privileges_lookup *lookup)
{
	int room, found, count = 1;

	do {
		room = count;
		if (privileges_make_room(privileges, room) == -1)
			return "no memory for its groups";
		privileges->groups[0] = privileges->group;
		found = lookup->entry == NULL
			    ? count
			    : getgrouplist(lookup->entry->pw_name,
				  privileges->group, privileges->groups,
				  &count);
	} while (found == -1 && count > room);
	if (found == -1)
		return "its groups can't be found";
	privileges->group_count = count;
	qsort(privileges->groups, (size_t)count, sizeof(gid_t),
	    privileges_compare_groups);
	return NULL;
}

/* What is written for an id that has no name is its number. */
static void
privileges_name(struct privileges *privileges,
    const struct privileges_lookup *lookup)
{
	/* cppcheck-suppress getgrgidCalled */
	/* NOLINTNEXTLINE(concurrency-mt-unsafe) */
	const struct group *group = getgrgid(privileges->group);
	char number[16];

	snprintf(number, sizeof(number), "%" PRIu32, privileges->group);
	snprintf(privileges->name, sizeof(privileges->name), "%.60s:%.60s",
	    lookup->entry != NULL ? lookup->entry->pw_name : lookup->user,
	    group != NULL ? group->gr_name : number);
}

/* Returns NULL, or why they can't be found. */
static const char *
privileges_look_up(struct privileges *privileges)
{
	const char *text = privileges->text, *why;
	struct privileges_lookup lookup = { 0 };
	size_t size = strcspn(text, ":");

	if (size >= sizeof(lookup.user))
		return "unknown user";
	memcpy(lookup.user, text, size);
	if (text[size] == ':')
		lookup.group = text + size + 1;
	why = privileges_find_user(privileges, &lookup);
	if (why == NULL && privileges->user == 0)
		why = "would stay root: name another user";
	if (why == NULL)
		why = privileges_find_group(privileges, &lookup);
	if (why == NULL)
		why = privileges_find_groups(privileges, &lookup);
	if (why == NULL)
		privileges_name(privileges, &lookup);
	return why;
}

int
privileges_find(struct privileges *privileges, const char *text)
{
	const char *why;

	*privileges = (struct privileges){ .text = text };
	why = text != NULL ? privileges_look_up(privileges) : NULL;
	if (why != NULL)
		log_error(PRIVILEGES_REFUSED "%s", text, why);
	return why == NULL ? 0 : -1;
}

void
privileges_free(struct privileges *privileges)
{
	free(privileges->groups);
	privileges->groups = NULL;
}

int
privileges_enter(const char *directory)
{
	if (chroot(directory) == 0 && chdir("/") == 0)
		return 0;
	log_error("--chroot=%.200s: %m: %s", directory,
	    errno == EPERM ? "start as root" : "name a directory");
	return -1;
}

/* Says why it can't become that user, by errno. */
static int
privileges_refuse(const struct privileges *privileges)
{
	log_error(PRIVILEGES_REFUSED "%m: %s", privileges->text,
	    errno == EPERM ? "start as root" : "name another user");
	return -1;
}

/* ---- for a while ---- */

/* Makes those of the permitted capabilities effective that are in the mask, 32
 * bits for each of the two halves. */
static int
privileges_set_effective(uint32_t mask)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct sets[2];

	if (syscall(SYS_capget, &header, sets) == -1)
		return -1;
	for (size_t i = 0; i < 2; i++)
		sets[i].effective = sets[i].permitted & mask;
	return (int)syscall(SYS_capset, &header, sets);
}

static int
privileges_note(struct privileges_before *before)
{
	int count = getgroups(0, NULL);

	*before = (struct privileges_before){ .user = geteuid(),
		.group = getegid() };
	if (count == -1)
		return -1;
	before->groups = calloc((size_t)count + 1, sizeof(gid_t));
	if (before->groups == NULL)
		return -1;
	before->group_count = getgroups(count, before->groups);
	return before->group_count;
}

/* The id goes last, and comes back first: with it, root's capabilities do. One
 * who has capabilities without being root keeps them until they are taken. */
int
privileges_assume(const struct privileges *privileges,
    struct privileges_before *before)
{
	int saved;

	if (privileges_note(before) >= 0 &&
	    setgroups((size_t)privileges->group_count, privileges->groups) ==
		0 &&
	    setegid(privileges->group) == 0 && seteuid(privileges->user) == 0 &&
	    privileges_set_effective(0) == 0)
		return 0;
	saved = errno;
	(void)privileges_resume(before);
	errno = saved;
	return -1;
}

int
privileges_resume(struct privileges_before *before)
{
	int result = -1;

	if (seteuid(before->user) == 0 &&
	    privileges_set_effective(UINT32_MAX) == 0 &&
	    setegid(before->group) == 0 &&
	    setgroups((size_t)before->group_count, before->groups) == 0)
		result = 0;
	free(before->groups);
	before->groups = NULL;
	return result;
}

int
privileges_try(const struct privileges *privileges)
{
	struct privileges_before before;

	if (privileges->text == NULL)
		return 0;
	if (privileges_assume(privileges, &before) == 0 &&
	    privileges_resume(&before) == 0)
		return 0;
	return privileges_refuse(privileges);
}

/* ---- for good ---- */

/* From root, the new ids take the capabilities, unless the process was told
 * to keep them (capabilities(7), securebits). */
static int
privileges_become(const struct privileges *privileges)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	const struct __user_cap_data_struct none[2] = { 0 };
	uid_t user = privileges->user;
	gid_t group = privileges->group;

	if (setgroups((size_t)privileges->group_count, privileges->groups) ==
		-1 ||
	    setresgid(group, group, group) == -1 ||
	    setresuid(user, user, user) == -1)
		return -1;
	return (int)syscall(SYS_capset, &header, none);
}

static bool
privileges_has_ids(const struct privileges *privileges)
{
	uid_t users[3];
	gid_t groups[3];

	if (getresuid(&users[0], &users[1], &users[2]) == -1 ||
	    getresgid(&groups[0], &groups[1], &groups[2]) == -1)
		return false;
	for (size_t i = 0; i < 3; i++)
		if (users[i] != privileges->user ||
		    groups[i] != privileges->group)
			return false;
	return true;
}

static bool
privileges_has_groups(const struct privileges *privileges)
{
	size_t count = (size_t)privileges->group_count;
	gid_t *groups = calloc(count, sizeof(gid_t));
	bool same = groups != NULL &&
		    getgroups((int)count, groups) == (int)count;

	if (same) {
		qsort(groups, count, sizeof(gid_t), privileges_compare_groups);
		same = memcmp(groups, privileges->groups,
			   count * sizeof(gid_t)) == 0;
	}
	free(groups);
	return same;
}

static bool
privileges_has_no_capabilities(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct sets[2];

	if (syscall(SYS_capget, &header, sets) == -1)
		return false;
	for (size_t i = 0; i < 2; i++)
		if (sets[i].effective != 0 || sets[i].permitted != 0 ||
		    sets[i].inheritable != 0)
			return false;
	return true;
}

int
privileges_drop(const struct privileges *privileges)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1) {
		log_error("no_new_privs can't be set: %m");
		return -1;
	}
	if (privileges->text == NULL)
		return 0;
	if (privileges_become(privileges) == -1)
		return privileges_refuse(privileges);
	if (privileges_has_ids(privileges) &&
	    privileges_has_groups(privileges) &&
	    privileges_has_no_capabilities() &&
	    setresuid((uid_t)-1, 0, (uid_t)-1) == -1)
		return 0;
	log_error(PRIVILEGES_REFUSED "privileges of the user before are left",
	    privileges->text);
	return -1;
}
