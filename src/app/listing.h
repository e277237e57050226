/*
 * listing: the page of a directory that has no index: its files and directories
 * with sizes and times. It is made step by step, each of which is a name that
 * is looked at, or a row that is written. It is shared by counted reference
 * within one thread.
 */
#ifndef MTASYNC_APP_LISTING_H
#define MTASYNC_APP_LISTING_H

#include "app/generation.h"
#include "app/listing_page.h"
#include "base/list.h"

/* The listing has not begun yet, so that whoever asks can still share it. */
#define LISTING_NOT_BEGUN UINT64_MAX

enum listing_state {
	LISTING_NEW,     /* the directory is still to be opened */
	LISTING_READING, /* it is being read */
	LISTING_WRITING, /* the page is being written */
	LISTING_WHOLE,   /* and is whole */
	LISTING_FAILED,  /* see `error` */
};

/* What is listed, and how. */
struct listing_query {
	struct generation *generation; /* below its root */
	struct span path; /* decoded; "", or with a slash at its end */
	bool json;
};

struct listing {
	struct list place; /* struct listings'; in no other's: a list alone */
	uint64_t look; /* its number, see struct moment; or LISTING_NOT_BEGUN */
	unsigned references;
	enum listing_state state;
	int error; /* errno: as of directory_open() and directory_read() */
	struct generation *generation; /* which it owns with others */
	struct directory directory;
	struct listing_page page;
	size_t row; /* the next one to be written */
	size_t path_size;
	char path[]; /* NUL-terminated */
};

/* Makes a listing with one reference, which is the caller's; or returns NULL
 * with errno. */
struct listing *listing_new(const struct listing_query *query);

/* Makes the next step. Returns whether there are more to make. May wait for the
 * disk, for one name at most. */
bool listing_step(struct listing *listing);

/* Whether it is whole, or has failed. */
static inline bool
listing_is_over(const struct listing *listing)
{
	return listing->state >= LISTING_WHOLE;
}

/* Whether this is what it lists. */
bool listing_answers(const struct listing *listing,
    const struct listing_query *query);

/* One more reference, or one less; the last one frees, and takes it out of the
 * list that it is in. */
struct listing *listing_take(struct listing *listing);
void listing_release(struct listing *listing);

#endif
