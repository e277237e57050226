/*
 * file: a file as it is served, with the head of its plain 200 ready made.
 *
 * A small one is held in memory behind its head, a large one as an open
 * descriptor. It is shared by counted reference within one thread: the cache
 * may forget it while an answer still sends it.
 */
#ifndef MTASYNC_APP_FILE_H
#define MTASYNC_APP_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <time.h>

#include "app/moment.h"
#include "base/span.h"
#include "http/response.h"

/* Up to this many bytes of content are held in memory. */
#define FILE_MEMORY_MAX ((off_t)64 * 1024)

struct file {
	LIST_ENTRY(file) bucket; /* the cache's, like `used` and `checked` */
	TAILQ_ENTRY(file) used;
	int64_t checked; /* when it was last known to be current */
	unsigned references;
	int fd;             /* large: open for reading; small: -1 */
	struct stat status; /* as of the time that it was read */
	bool settled;       /* its mtime tells it from any later version */
	const char *type;
	time_t modified; /* Last-Modified, never later than Date */
	char etag[40];   /* a strong entity tag, with its quotes */
	time_t dated;    /* the second whose Date stands in the head */
	size_t head_size;
	char *bytes; /* the head, and behind it a small file's content */
	size_t path_size;
	char path[]; /* below the root, NUL-terminated */
};

/*
 * Opens and, where small, reads the file at `path` below the directory `root`.
 * Returns it with one reference, which is the caller's; or NULL, with errno
 * and *status as of beneath_open(), and ENOMEM. May wait for the disk.
 */
struct file *file_open(int root, struct span path, const struct moment *moment,
    struct stat *status);

/* Whether the path still leads to what was opened. May wait for the disk. */
bool file_is_current(const struct file *file, int root);

/*
 * Whether a large file's content is still what its head says: it is read only
 * while it is sent, and somebody may have written to it. Costs one fstat(2).
 */
bool file_is_whole(const struct file *file);

/* One more reference, or one less; the last one frees. */
struct file *file_take(struct file *file);
void file_release(struct file *file);

/* The content: its size, and its bytes where they are in memory (or NULL). */
static inline size_t
file_size(const struct file *file)
{
	return (size_t)file->status.st_size;
}

static inline const char *
file_content(const struct file *file)
{
	return file->fd == -1 ? file->bytes + file->head_size : NULL;
}

/*
 * The ready-made head of a plain 200, its Date renewed to `moment`; where the
 * content is in memory, it follows the head without a gap.
 */
const char *file_plain_head(struct file *file, const struct moment *moment);

/* Write Content-Type and -Length; ETag and Last-Modified. */
void file_write_content(const struct file *file, struct http_head *head);
void file_write_validators(const struct file *file, struct http_head *head);

#endif
