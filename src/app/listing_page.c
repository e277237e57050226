/* Writes listings as HTML or JSON; the thread that asks. */
#include "config.h"

#include "app/listing_page.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/target.h"

/* Bytes of text that lie in one place: as many as are sent at once. */
#define LISTING_PAGE_CHUNK ((size_t)64 * 1024)

/* ---- text ---- */

/* Adds a chunk. Returns 0; or -1 where memory is short. */
static int
listing_page_grow(struct listing_page *page)
{
	size_t count = page->size / LISTING_PAGE_CHUNK;
	char **chunks = reallocarray(page->chunks, count + 1, sizeof(*chunks));

	if (chunks == NULL)
		return -1;
	page->chunks = chunks;
	chunks[count] = malloc(LISTING_PAGE_CHUNK);
	return chunks[count] == NULL ? -1 : 0;
}

static void
listing_page_put(struct listing_page *page, struct span text)
{
	while (text.size > 0 && !page->failed) {
		size_t at = page->size % LISTING_PAGE_CHUNK;
		size_t size = LISTING_PAGE_CHUNK - at;

		if (at == 0 && listing_page_grow(page) == -1) {
			page->failed = true;
			return;
		}
		if (size > text.size)
			size = text.size;
		memcpy(page->chunks[page->size / LISTING_PAGE_CHUNK] + at,
		    text.data, size);
		page->size += size;
		text.data += size;
		text.size -= size;
	}
}

static void
listing_page_put_string(struct listing_page *page, const char *text)
{
	listing_page_put(page, span_of(text));
}

static void
listing_page_put_number(struct listing_page *page, int64_t number)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64, number);
	listing_page_put_string(page, text);
}

struct span
listing_page_at(const struct listing_page *page, uint64_t offset)
{
	size_t at = offset % LISTING_PAGE_CHUNK;
	size_t left = page->size - (size_t)offset;
	size_t size = LISTING_PAGE_CHUNK - at;

	return (struct span){ page->chunks[offset / LISTING_PAGE_CHUNK] + at,
		size < left ? size : left };
}

void
listing_page_free(struct listing_page *page)
{
	for (size_t at = 0; at < page->size; at += LISTING_PAGE_CHUNK)
		free(page->chunks[at / LISTING_PAGE_CHUNK]);
	free(page->chunks);
	page->chunks = NULL;
	page->size = 0;
}

/* ---- names ---- */

/* Says whether the second octet is none that may follow the first one (RFC 3629
 * 4): a shorter form, half of a pair, or behind the last character. */
static bool
listing_page_is_odd(const unsigned char *p)
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
listing_page_character_size(const unsigned char *p)
{
	size_t size = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4 || listing_page_is_odd(p))
		return 0;
	for (size_t i = 1; i < size; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return size;
}

/* Says whether the character has the text behind it run the other way: a name
 * could seem to have another extension (U+202A to 202E, U+2066 to 2069). */
static bool
listing_page_turns(const unsigned char *p, size_t size)
{
	if (size != 3 || p[0] != 0xe2)
		return false;
	return (p[1] == 0x80 && p[2] >= 0xaa && p[2] <= 0xae) ||
	       (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9);
}

/* Returns what stands for a character of so many octets, made in `room` or
 * constant, so that neither HTML nor JSON takes it for more; NULL: itself. */
static const char *
listing_page_replace(const struct listing_page *page, const unsigned char *p,
    size_t size, char room[8])
{
	if (size == 0 ||
	    (!page->json && (*p < ' ' || listing_page_turns(p, size))))
		return "\xef\xbf\xbd"; /* U+FFFD */
	if (size > 1)
		return NULL;
	if (page->json ? *p >= ' ' && *p != '"' && *p != '\\'
		       : strchr("&<>\"'", *p) == NULL)
		return NULL;
	snprintf(room, 8, page->json ? "\\u%04x" : "&#%d;", *p);
	return room;
}

/* Writes a name as text: what is no UTF-8 becomes U+FFFD. */
static void
listing_page_put_name(struct listing_page *page, const char *name)
{
	const char *start = name, *p = name;

	while (*p != '\0') {
		const unsigned char *octets = (const unsigned char *)p;
		size_t size = listing_page_character_size(octets);
		char room[8];
		const char *instead = listing_page_replace(page, octets, size,
		    room);
		const char *next = p + (size > 0 ? size : 1);

		if (instead != NULL) {
			listing_page_put(page,
			    (struct span){ start, (size_t)(p - start) });
			listing_page_put_string(page, instead);
			start = next;
		}
		p = next;
	}
	listing_page_put(page, (struct span){ start, (size_t)(p - start) });
}

/* Writes a reference to an entry, relative to its directory: percent-encoded,
 * so that it leads there whatever the name is, and escaped. */
static void
listing_page_put_reference(struct listing_page *page,
    const struct directory_entry *entry)
{
	char text[3 * NAME_MAX + 1];

	text[http_target_encode(span_of(entry->name), text)] = '\0';
	listing_page_put_string(page, "./");
	listing_page_put_name(page, text);
	if (entry->directory)
		listing_page_put_string(page, "/");
}

/* ---- rows ---- */

/*
 * Writes a time, of UTC: to the second for programs, to the minute for people.
 */
static void
listing_page_put_time(struct listing_page *page, time_t when)
{
	char text[64];
	struct tm parts;
	size_t size;

	if (gmtime_r(&when, &parts) == NULL)
		return;
	size = page->json
		   ? strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts)
		   : strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &parts);
	listing_page_put(page, (struct span){ text, size });
}

/* Writes a size for people: `512 B`, `1.5 KiB`. */
static void
listing_page_put_size(struct listing_page *page, int64_t size)
{
	static const char units[][4] = { "KiB", "MiB", "GiB", "TiB", "PiB",
		"EiB" };
	double value = (double)size / 1024;
	size_t unit = 0;
	char text[32];

	if (size < 1024) {
		listing_page_put_number(page, size);
		listing_page_put_string(page, " B");
		return;
	}
	for (; value >= 1023.95 && unit < 5; unit++)
		value /= 1024;
	snprintf(text, sizeof(text), "%.1f %s", value, units[unit]);
	listing_page_put_string(page, text);
}

static void
listing_page_add_row(struct listing_page *page,
    const struct directory_entry *entry)
{
	listing_page_put_string(page, "<tr><td><a href=\"");
	listing_page_put_reference(page, entry);
	listing_page_put_string(page, "\">");
	listing_page_put_name(page, entry->name);
	listing_page_put_string(page,
	    entry->directory ? "/</a><td>" : "</a><td>");
	if (!entry->directory)
		listing_page_put_size(page, entry->size);
	listing_page_put_string(page, "<td>");
	listing_page_put_time(page, entry->modified);
	listing_page_put_string(page, "\n");
}

static void
listing_page_add_member(struct listing_page *page,
    const struct directory_entry *entry)
{
	listing_page_put_string(page, "{\"name\":\"");
	listing_page_put_name(page, entry->name);
	listing_page_put_string(page, "\",\"href\":\"");
	listing_page_put_reference(page, entry);
	if (entry->directory) {
		listing_page_put_string(page, "\",\"type\":\"directory\",");
	} else {
		listing_page_put_string(page, "\",\"type\":\"file\",\"size\":");
		listing_page_put_number(page, entry->size);
		listing_page_put_string(page, ",");
	}
	listing_page_put_string(page, "\"modified\":\"");
	listing_page_put_time(page, entry->modified);
	listing_page_put_string(page, "\"}");
}

void
listing_page_add(struct listing_page *page, const struct directory *directory,
    size_t index)
{
	const struct directory_entry *entry = directory->entries[index];

	if (!page->json) {
		listing_page_add_row(page, entry);
		return;
	}
	listing_page_put_string(page, index > 0 ? ",\n" : "\n");
	listing_page_add_member(page, entry);
}

/* ---- the whole page ---- */

static void
listing_page_begin_html(struct listing_page *page, const char *path)
{
	listing_page_put_string(page,
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width\">\n"
	    "<meta name=\"color-scheme\" content=\"light dark\">\n<title>/");
	listing_page_put_name(page, path);
	listing_page_put_string(page,
	    "</title>\n<style>body{font-family:sans-serif;margin:1em}"
	    "h1{font-size:1.3em}h1,a{overflow-wrap:anywhere;"
	    "white-space:pre-wrap}table{border-spacing:0}"
	    "td{padding:.35em .9em .35em 0;vertical-align:baseline}"
	    "td+td{white-space:nowrap;font-size:.85em;text-align:right}"
	    "</style>\n<h1>/");
	listing_page_put_name(page, path);
	listing_page_put_string(page, "</h1>\n<table>\n");
	if (path[0] != '\0')
		listing_page_put_string(page,
		    "<tr><td><a href=\"../\">../</a><td><td>\n");
}

void
listing_page_begin(struct listing_page *page, const struct directory *directory,
    const char *path)
{
	if (!page->json) {
		listing_page_begin_html(page, path);
		return;
	}
	listing_page_put_string(page, "{\"path\":\"/");
	listing_page_put_name(page, path);
	listing_page_put_string(page,
	    directory->cut ? "\",\"complete\":false,\"entries\":["
			   : "\",\"complete\":true,\"entries\":[");
}

/* Writes all behind the last row for people. */
static void
listing_page_end_html(struct listing_page *page,
    const struct directory *directory)
{
	listing_page_put_string(page, "</table>\n");
	if (directory->cut) {
		listing_page_put_string(page, "<p>There are more: only ");
		listing_page_put_number(page, DIRECTORY_NAMES_MAX);
		listing_page_put_string(page, " names were looked at.\n");
	} else if (directory->count == 0) {
		listing_page_put_string(page, "<p>There is nothing here.\n");
	}
}

/* Gives back what is free of the last chunk. */
static void
listing_page_trim(struct listing_page *page)
{
	size_t size = page->size % LISTING_PAGE_CHUNK;
	char **last, *chunk;

	if (size == 0)
		return;
	last = &page->chunks[page->size / LISTING_PAGE_CHUNK];
	chunk = realloc(*last, size);
	if (chunk != NULL)
		*last = chunk;
}

int
listing_page_end(struct listing_page *page, const struct directory *directory)
{
	if (page->json)
		listing_page_put_string(page, "]}\n");
	else
		listing_page_end_html(page, directory);
	listing_page_trim(page);
	errno = ENOMEM;
	return page->failed ? -1 : 0;
}

const char *
listing_page_type(const struct listing_page *page)
{
	return page->json ? "application/json" : "text/html; charset=utf-8";
}
