/* Reads directories, and writes them as HTML or JSON; the thread that asks. */
#include "config.h"

#include "app/listing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/beneath.h"
#include "http/target.h"

/* Bytes of records that are read at once, by getdents64(2): readdir(3) would
 * call more than a worker may. On 64 bits a record is a struct dirent. */
#define LISTING_RECORDS 16384

struct listing_entry {
	char name[NAME_MAX + 1];
	bool directory;
	int64_t size; /* bytes */
	time_t modified;
};

/* A directory, as far as it has been read. */
struct listing_directory {
	int root;
	int fd;
	char
	    path[PATH_MAX]; /* below the root; "", or with a slash at its end */
	struct listing_entry *entries;
	size_t count;
	size_t room;
	bool cut; /* there are more */
};

/* Looks at a name as a request for it would find it. Returns false where there
 * is nothing to serve. */
static bool
listing_look(const struct listing_directory *directory, const char *name,
    struct stat *status)
{
	if (fstatat(directory->fd, name, status, AT_SYMLINK_NOFOLLOW) == -1)
		return false;
	if (S_ISLNK(status->st_mode)) {
		char path[PATH_MAX];
		int size = snprintf(path, sizeof(path), "%s%s", directory->path,
		    name);

		if (size >= PATH_MAX ||
		    beneath_stat(directory->root, path, status) == -1)
			return false;
	}
	return S_ISREG(status->st_mode) || S_ISDIR(status->st_mode);
}

/* Makes room for one entry more. Returns 0, or -1 with errno. */
static int
listing_grow(struct listing_directory *directory)
{
	size_t room = directory->room > 0 ? 2 * directory->room : 64;
	struct listing_entry *entries;

	if (directory->count < directory->room)
		return 0;
	entries = reallocarray(directory->entries, room, sizeof(*entries));
	if (entries == NULL)
		return -1;
	directory->entries = entries;
	directory->room = room;
	return 0;
}

/* Adds a name, where it is to be listed and there is room for it. Returns 0, or
 * -1 with errno. */
static int
listing_add(struct listing_directory *directory, const char *name)
{
	struct listing_entry *entry;
	struct stat status;

	if (name[0] == '.' || !listing_look(directory, name, &status))
		return 0;
	if (directory->count == LISTING_MAX) {
		directory->cut = true;
		return 0;
	}
	if (listing_grow(directory) == -1)
		return -1;
	entry = &directory->entries[directory->count++];
	*entry = (struct listing_entry){ .size = status.st_size,
		.directory = S_ISDIR(status.st_mode),
		.modified = status.st_mtim.tv_sec };
	snprintf(entry->name, sizeof(entry->name), "%s", name);
	return 0;
}

/* Reads the open directory, to its end or to the bound. Returns 0, or -1 with
 * errno. */
static int
listing_read(struct listing_directory *directory)
{
	_Alignas(struct dirent) char records[LISTING_RECORDS];
	long size = 0;

	while (!directory->cut && (size = syscall(SYS_getdents64, directory->fd,
				       records, sizeof(records))) > 0) {
		for (long at = 0; at < size;) {
			const struct dirent *record = (const void *)(records +
								     at);

			if (listing_add(directory, record->d_name) == -1)
				return -1;
			at += record->d_reclen;
		}
	}
	return size < 0 ? -1 : 0;
}

static int
listing_compare(const void *a, const void *b)
{
	const struct listing_entry *x = a, *y = b;

	if (x->directory != y->directory)
		return x->directory ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Says whether the second octet is none that may follow the first one (RFC 3629
 * 4): a shorter form, half of a pair, or behind the last character. */
static bool
listing_is_odd(const unsigned char *p)
{
	static const struct {
		unsigned char first, least, most;
	} rows[] = {
		{ 0xe0, 0xa0, 0xbf },
		{ 0xed, 0x80, 0x9f },
		{ 0xf0, 0x90, 0xbf },
		{ 0xf4, 0x80, 0x8f },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (p[0] == rows[i].first)
			return p[1] < rows[i].least || p[1] > rows[i].most;
	return false;
}

/* Measures the character of valid UTF-8 at `p`, which ends in a NUL; 0: there
 * is none. */
static size_t
listing_character_size(const unsigned char *p)
{
	size_t size = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4 || listing_is_odd(p))
		return 0;
	for (size_t i = 1; i < size; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return size;
}

/* Writes an octet of ASCII so that neither HTML nor JSON takes it for more. */
static void
listing_write_octet(FILE *out, unsigned char c, bool json)
{
	if (json && (c < ' ' || c == '"' || c == '\\'))
		fprintf(out, "\\u%04x", c);
	else if (!json && (c < ' ' || strchr("&<>\"'", c) != NULL))
		fprintf(out, "&#%d;", c < ' ' ? 0xfffd : c);
	else
		fputc(c, out);
}

/* Writes a name as text: what is no UTF-8 becomes U+FFFD. */
static void
listing_write_text(FILE *out, const char *text, bool json)
{
	const unsigned char *p = (const unsigned char *)text;

	while (*p != '\0') {
		size_t size = listing_character_size(p);

		if (size == 1)
			listing_write_octet(out, *p, json);
		else if (size > 1)
			fwrite(p, 1, size, out);
		else
			fputs("\xef\xbf\xbd", out);
		p += size > 0 ? size : 1;
	}
}

/* Writes a reference to an entry, relative to its directory: percent-encoded,
 * so that it leads there whatever the name is, and escaped. */
static void
listing_write_reference(FILE *out, const struct listing_entry *entry, bool json)
{
	char text[3 * NAME_MAX];
	size_t size = http_target_encode(span_of(entry->name), text);

	fputs("./", out);
	for (size_t i = 0; i < size; i++)
		listing_write_octet(out, (unsigned char)text[i], json);
	if (entry->directory)
		fputc('/', out);
}

/*
 * Writes a time, of UTC: to the second for programs, to the minute for people.
 */
static void
listing_write_time(FILE *out, time_t when, bool json)
{
	char text[64];
	struct tm parts;
	size_t size;

	if (gmtime_r(&when, &parts) == NULL)
		return;
	size = json ? strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts)
		    : strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &parts);
	fwrite(text, 1, size, out);
}

/* Writes a size for people: `512 B`, `1.5 KiB`. */
static void
listing_write_size(FILE *out, int64_t size)
{
	static const char units[][4] = { "KiB", "MiB", "GiB", "TiB", "PiB",
		"EiB" };
	double value = (double)size / 1024;
	size_t unit = 0;

	if (size < 1024) {
		fprintf(out, "%" PRId64 " B", size);
		return;
	}
	for (; value >= 1023.95 && unit < 5; unit++)
		value /= 1024;
	fprintf(out, "%.1f %s", value, units[unit]);
}

static void
listing_write_row(FILE *out, const struct listing_entry *entry)
{
	fputs("<tr><td><a href=\"", out);
	listing_write_reference(out, entry, false);
	fputs("\">", out);
	listing_write_text(out, entry->name, false);
	fprintf(out, "%s</a><td>", entry->directory ? "/" : "");
	if (!entry->directory)
		listing_write_size(out, entry->size);
	fputs("<td>", out);
	listing_write_time(out, entry->modified, false);
	fputc('\n', out);
}

static void
listing_write_html(FILE *out, const struct listing_directory *directory)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>/",
	    out);
	listing_write_text(out, directory->path, false);
	fputs("</title>\n<style>body{font-family:sans-serif;margin:1em}"
	      "h1{font-size:1.3em}h1,td:first-child{overflow-wrap:anywhere}"
	      "table{border-spacing:0}td{padding:.35em .9em .35em 0}"
	      "td+td{white-space:nowrap;font-size:.85em;text-align:right}"
	      "</style>\n<h1>/",
	    out);
	listing_write_text(out, directory->path, false);
	fputs("</h1>\n<table>\n", out);
	if (directory->path[0] != '\0')
		fputs("<tr><td><a href=\"../\">../</a><td><td>\n", out);
	for (size_t i = 0; i < directory->count; i++)
		listing_write_row(out, &directory->entries[i]);
	fputs("</table>\n", out);
	if (directory->cut)
		fprintf(out, "<p>There are more: %d are shown.\n", LISTING_MAX);
	else if (directory->count == 0)
		fputs("<p>There is nothing here.\n", out);
}

static void
listing_write_member(FILE *out, const struct listing_entry *entry)
{
	fputs("{\"name\":\"", out);
	listing_write_text(out, entry->name, true);
	fputs("\",\"href\":\"", out);
	listing_write_reference(out, entry, true);
	fprintf(out, "\",\"type\":\"%s\",",
	    entry->directory ? "directory" : "file");
	if (!entry->directory)
		fprintf(out, "\"size\":%" PRId64 ",", entry->size);
	fputs("\"modified\":\"", out);
	listing_write_time(out, entry->modified, true);
	fputs("\"}", out);
}

static void
listing_write_json(FILE *out, const struct listing_directory *directory)
{
	fputs("{\"path\":\"/", out);
	listing_write_text(out, directory->path, true);
	fprintf(out, "\",\"complete\":%s,\"entries\":[",
	    directory->cut ? "false" : "true");
	for (size_t i = 0; i < directory->count; i++) {
		fputs(i > 0 ? ",\n" : "\n", out);
		listing_write_member(out, &directory->entries[i]);
	}
	fputs("]}\n", out);
}

/* Writes what was read. Returns 0, or -1 with errno. */
static int
listing_write(struct listing *listing,
    const struct listing_directory *directory, bool json)
{
	FILE *out = open_memstream(&listing->text, &listing->size);

	if (out == NULL)
		return -1;
	listing->type = json ? "application/json" : "text/html; charset=utf-8";
	if (json)
		listing_write_json(out, directory);
	else
		listing_write_html(out, directory);
	if (!ferror(out))
		return fclose(out) == 0 ? 0 : -1;
	(void)fclose(out);
	errno = ENOMEM;
	return -1;
}

/* Reads the directory at its path. Returns 0, or -1 with errno. */
static int
listing_load(struct listing_directory *directory)
{
	int result, saved;

	directory->fd = beneath_open_directory(directory->root,
	    directory->path);
	if (directory->fd == -1)
		return -1;
	result = listing_read(directory);
	saved = errno;
	close(directory->fd);
	errno = saved;
	if (directory->count > 0)
		qsort(directory->entries, directory->count,
		    sizeof(*directory->entries), listing_compare);
	return result;
}

struct listing *
listing_new(int root, struct span path, bool json)
{
	struct listing_directory directory = { .root = root };
	struct listing *listing;

	if (path.size >= sizeof(directory.path)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	memcpy(directory.path, path.data, path.size);
	listing = calloc(1, sizeof(*listing));
	if (listing != NULL &&
	    (listing_load(&directory) == -1 ||
		listing_write(listing, &directory, json) == -1)) {
		int saved = errno;

		listing_free(listing);
		listing = NULL;
		errno = saved;
	}
	free(directory.entries);
	return listing;
}

void
listing_free(struct listing *listing)
{
	if (listing == NULL)
		return;
	free(listing->text);
	free(listing);
}
