/* Reads files into their ready-made answers; the thread that asks. */
#include "config.h"

#include "app/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/date.h"

/* Where the Date of a plain head stands: it is the first field. */
#define FILE_DATE_OFFSET (sizeof "HTTP/1.1 200 OK\r\nDate: " - 1)

/*
 * Two versions of a file that are written within one tick of the kernel's
 * clock have one ctime. This long after it, no such version can come any more.
 */
#define FILE_SETTLE_NS (20 * CLOCK_MS)

/* As Content-Encoding has them; what is not coded has no such field. */
static const char *const file_codings[HTTP_CODINGS] = {
	[HTTP_CODING_BR] = "br",
	[HTTP_CODING_ZSTD] = "zstd",
	[HTTP_CODING_GZIP] = "gzip",
	[HTTP_CODING_IDENTITY] = "",
};

/* How often a file that changes under our reading is read again. */
#define FILE_READ_TRIES 3

/* Whether two statuses of a file have one size and mtime: nobody has written to
 * it in between. */
static bool
file_unwritten(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool
file_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       file_unwritten(a, b) && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Whether FILE_SETTLE_NS have gone by since the ctime. A file system that others
 * have made may tell any ctime: the difference could overflow. */
bool
file_time_is_past(const struct timespec *changed)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (changed->tv_sec < now.tv_sec - 1)
		return true;
	if (changed->tv_sec > now.tv_sec)
		return false;
	return (now.tv_sec - changed->tv_sec) * CLOCK_S + now.tv_nsec -
		   changed->tv_nsec >
	       FILE_SETTLE_NS;
}

/*
 * Size, mtime and ctime: a copy that keeps the first two of another version
 * (`cp -p`, `rsync -t`) still has the third of its own, so that the tag is
 * strong (RFC 9110 8.8.1). Each coding has its own tag (8.8.3.3).
 */
static void
file_make_etag(struct file *file)
{
	const struct stat *status = &file->status;
	const char *coding = file_codings[file->facts.coding];

	snprintf(file->etag, sizeof file->etag,
	    "\"%llx-%llx%08lx-%llx%08lx%s%s\"",
	    (unsigned long long)status->st_size,
	    (unsigned long long)status->st_mtim.tv_sec,
	    (unsigned long)status->st_mtim.tv_nsec,
	    (unsigned long long)status->st_ctim.tv_sec,
	    (unsigned long)status->st_ctim.tv_nsec, *coding != '\0' ? "-" : "",
	    coding);
}

/* Derives from the status what the head tells of the file. */
static void
file_describe(struct file *file)
{
	file->settled = file_time_is_past(&file->status.st_ctim);
	atomic_store(&file->longest, file->status.st_size);
	file_make_etag(file);
}

void
file_write_content(const struct file *file, struct http_head *head)
{
	const char *coding = file_codings[file->facts.coding];

	http_head_field(head, "Content-Type", span_of(file->facts.type));
	if (*coding != '\0')
		http_head_field(head, "Content-Encoding", span_of(coding));
	http_head_field(head, "X-Content-Type-Options", SPAN("nosniff"));
}

void
file_write_identity(const struct file *file, struct http_head *head)
{
	http_head_field(head, "ETag", span_of(file->etag));
	if (file->facts.varies)
		http_head_field(head, "Vary", SPAN("Accept-Encoding"));
}

void
file_write_validity(const struct file *file, const struct moment *moment,
    struct http_head *head)
{
	time_t modified = file_modified(file, moment);

	if (modified != HTTP_DATE_NONE) {
		char text[HTTP_DATE_SIZE];

		http_date_format(text, modified);
		http_head_field(head, "Last-Modified",
		    (struct span){ text, sizeof text });
	}
	http_head_field(head, "Accept-Ranges", SPAN("bytes"));
}

/* What a ready-made head may take. */
static size_t
file_head_room(const struct file *file)
{
	return FILE_HEAD_MAX + file->facts.fields.size;
}

/* Writes the head of a plain 200, and moves it to where the content begins. */
static void
file_make_head(struct file *file, const struct moment *moment)
{
	struct http_head head;

	http_head_begin(&head, file->bytes, file_head_room(file), 200);
	http_head_field(&head, "Date",
	    (struct span){ moment->date, HTTP_DATE_SIZE });
	file_write_content(file, &head);
	http_head_number(&head, "Content-Length", file_size(file));
	file_write_identity(file, &head);
	file_write_validity(file, moment, &head);
	http_head_append(&head, file->facts.fields);
	http_head_end(&head);
	memmove(file->content - head.size, file->bytes, head.size);
	file->head_size = head.size;
	file->dated = moment->wall;
	file->head_modified = file_modified(file, moment) != HTTP_DATE_NONE;
}

/*
 * Reads the whole content of `fd` to `bytes`. Returns 0; or -1 with errno, 0
 * where the file is not, or no longer, what `status` says.
 */
static int
file_read(int fd, const struct stat *status, char *bytes)
{
	off_t done = 0;
	struct stat after;

	while (done < status->st_size) {
		ssize_t n = pread(fd, bytes + done,
		    (size_t)(status->st_size - done), done);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		if (n == 0)
			break;
		done += n;
	}
	if (fstat(fd, &after) == -1)
		return -1;
	errno = 0;
	return done == status->st_size && file_same(status, &after) ? 0 : -1;
}

/*
 * Makes the head, and reads a small file's content behind it. Returns 0; or -1
 * with errno, 0 where it may be tried again.
 */
static int
file_load(struct file *file, const struct moment *moment)
{
	bool small = file->status.st_size <= FILE_MEMORY_MAX;
	size_t room = file_head_room(file);
	char *bytes = malloc(room + (small ? (size_t)file_size(file) : 0));

	if (bytes == NULL)
		return -1;
	file->bytes = bytes;
	file->content = bytes + room;
	file_describe(file);
	file_make_head(file, moment);
	if (!small)
		return 0;
	if (file_read(file->fd, &file->status, file->content) == -1)
		return -1;
	close(file->fd);
	file->fd = -1;
	return 0;
}

struct file *
file_open(int fd, const struct stat *status, const struct file_facts *facts,
    const struct moment *moment)
{
	size_t type_size = strlen(facts->type) + 1;
	struct file *file = malloc(sizeof *file + type_size);

	if (file == NULL) {
		close(fd);
		errno = ENOMEM;
		return NULL;
	}
	*file = (struct file){ .references = 1,
		.fd = fd,
		.status = *status,
		.facts = *facts };
	file->facts.type = memcpy(file->type, facts->type, type_size);
	for (int try = 0; try < FILE_READ_TRIES; try++) {
		if (file_load(file, moment) == 0)
			return file;
		free(file->bytes);
		file->bytes = NULL;
		if (errno != 0 || fstat(fd, &file->status) == -1)
			break;
		errno = EAGAIN;
	}

	int saved = errno;

	file_release(file);
	errno = saved;
	return NULL;
}

bool
file_is_version(const struct file *file, const struct stat *status)
{
	return file->settled && file_same(&file->status, status);
}

bool
file_is_whole(const struct file *file)
{
	struct stat status;

	return file->fd == -1 || (fstat(file->fd, &status) == 0 &&
				     file_same(&file->status, &status));
}

bool
file_is_unwritten(struct file *file)
{
	struct stat status;

	/* first, since others may see it grow meanwhile */
	off_t longest = atomic_load(&file->longest);

	if (fstat(file->fd, &status) == -1 || status.st_size < longest)
		return false;
	while (longest < status.st_size &&
	       !atomic_compare_exchange_weak(&file->longest, &longest,
		   status.st_size))
		;
	return status.st_size > file->status.st_size ||
	       file_unwritten(&file->status, &status);
}

struct file *
file_take(struct file *file)
{
	file->references++;
	return file;
}

void
file_release(struct file *file)
{
	if (--file->references > 0)
		return;
	if (file->fd != -1)
		close(file->fd);
	free(file->bytes);
	free(file);
}

/* Renews the head to another second. */
static void
file_renew_head(struct file *file, const struct moment *moment)
{
	bool modified = file_modified(file, moment) != HTTP_DATE_NONE;

	if (modified != file->head_modified) {
		file_make_head(file, moment);
		return;
	}
	memcpy(file->content - file->head_size + FILE_DATE_OFFSET, moment->date,
	    HTTP_DATE_SIZE);
	file->dated = moment->wall;
}

struct span
file_plain_head(struct file *file, const struct moment *moment)
{
	if (file->dated != moment->wall)
		file_renew_head(file, moment);
	return (
	    struct span){ file->content - file->head_size, file->head_size };
}
