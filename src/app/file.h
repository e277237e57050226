/*
 * file: a file as it is served, with the head of its plain 200 ready made.
 *
 * Its mtime is told as Last-Modified only where it tells a version from any
 * other: FILE_AGE_MIN seconds later, for what is written within a second has
 * one mtime (RFC 9110 8.8.2.2); and not before 1990, for that is a constant
 * that a build gives all of its files.
 *
 * A small one is held in memory behind its head, a large one as an open
 * descriptor. It is one representation of what its path names (RFC 9110 3.2);
 * others are coded. It is shared by counted reference within one thread: the
 * cache may forget it while an answer still sends it.
 */
#ifndef MTASYNC_APP_FILE_H
#define MTASYNC_APP_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "app/moment.h"
#include "base/span.h"
#include "http/codings.h"
#include "http/response.h"

/* Up to this many bytes of content are held in memory. */
#define FILE_MEMORY_MAX ((off_t)256 * 1024)

/* Longer than a ready-made head without the fields that the operator adds. */
#define FILE_HEAD_MAX 512

/* Room for an entity tag, its NUL included. */
#define FILE_ETAG_MAX 80

/* From when on, and how many seconds later, an mtime is told. */
#define FILE_MODIFIED_MIN ((time_t)631152000)
#define FILE_AGE_MIN      2

/* What a file is served as, which the disk does not say. */
struct file_facts {
	const char *type; /* Content-Type; a file has a copy of its own, since a
			   * reload may replace the operator's types */
	enum http_coding coding;
	bool varies;        /* there are other codings of the same */
	struct span fields; /* field lines that every answer carries */
};

struct file {
	unsigned references;
	int fd;                /* large: open for reading; small: -1 */
	struct stat status;    /* as of the time that it was read */
	_Atomic off_t longest; /* the most that it was seen to have since: the
				* threads that send it look at it, too */
	bool settled;          /* its ctime tells it from any later version */
	struct file_facts facts;
	char etag[FILE_ETAG_MAX]; /* a strong entity tag, with its quotes */
	time_t dated;             /* the second whose Date stands in the head */
	bool head_modified;       /* Last-Modified does, too */
	size_t head_size;
	char *bytes;
	char *content; /* in `bytes`, behind the head without a gap */
	char type[];   /* what facts.type is */
};

/*
 * Takes over an open regular file and its status, and reads it where it is
 * small. Returns it with one reference, which is the caller's; or NULL with
 * errno, EAGAIN where somebody writes to it all the time; the descriptor is
 * closed then. May wait for the disk.
 */
struct file *file_open(int fd, const struct stat *status,
    const struct file_facts *facts, const struct moment *moment);

/*
 * Whether a ctime lies so far back that whatever changes now gets another one.
 * Two changes within one tick of the kernel's clock have the same.
 */
bool file_time_is_past(const struct timespec *changed);

/* Whether this is the version that was opened. */
bool file_is_version(const struct file *file, const struct stat *status);

/*
 * Whether a large file's content is still what its head says: it is read only
 * while it is sent, and somebody may have written to it. Costs one fstat(2).
 */
bool file_is_whole(const struct file *file);

/*
 * Whether a large file still has the bytes of which its head tells, as far as
 * its size and mtime say: nobody has written to it since, or it has become
 * longer, as a log does, and was never seen shorter than before. Unlike its
 * ctime, these say nothing of its removal, a rename or a new mode, which are no
 * harm to those who send it. Costs one fstat(2).
 */
bool file_is_unwritten(struct file *file);

/* One more reference, or one less; the last one frees. */
struct file *file_take(struct file *file);
void file_release(struct file *file);

/* The content: its size, and its bytes where they are in memory (or NULL). */
static inline uint64_t
file_size(const struct file *file)
{
	return (uint64_t)file->status.st_size;
}

static inline const char *
file_content(const struct file *file)
{
	return file->fd == -1 ? file->content : NULL;
}

/* The Last-Modified that the file has now; HTTP_DATE_NONE: none. */
static inline time_t
file_modified(const struct file *file, const struct moment *moment)
{
	time_t modified = file->status.st_mtim.tv_sec;

	return modified >= FILE_MODIFIED_MIN &&
		       modified <= moment->wall - FILE_AGE_MIN
		   ? modified
		   : HTTP_DATE_NONE;
}

/*
 * The ready-made head of a plain 200, its Date and Last-Modified renewed to
 * `moment`; where the content is in memory, it follows the head without a gap.
 */
struct span file_plain_head(struct file *file, const struct moment *moment);

/*
 * Writes Content-Type, which nobody may guess otherwise, and Content-Encoding;
 * Content-Length is the answer's.
 */
void file_write_content(const struct file *file, struct http_head *head);

/* Writes ETag; Vary, where there are other codings (RFC 9110 12.5.5). */
void file_write_identity(const struct file *file, struct http_head *head);

/* Writes Last-Modified, where there is one now, and Accept-Ranges. */
void file_write_validity(const struct file *file, const struct moment *moment,
    struct http_head *head);

#endif
