/* A ring of lines; any thread. */
#include "config.h"

#include "server/journal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "app/pattern.h"
#include "base/clock.h"
#include "http/origin.h"
#include "http/target.h"

/* How many are held while the lock is. */
#define JOURNAL_SLICE 64

struct journal_entry {
	_Atomic unsigned holders; /* the journal is one, a reader another */
	unsigned status;
	struct journal_entry *next; /* whoever drops several: the next one */
	int64_t wall;               /* when its head came, ns since 1970 */
	uint32_t path_size;         /* the first bytes of `text` */
	uint32_t line_size;         /* the others */
	char text[];
};

struct journal {
	pthread_mutex_t lock;
	uint32_t most;
	uint64_t bytes_most;
	uint64_t bytes; /* that the entries take */
	uint64_t added; /* so far: entry n is at n modulo `most` */
	uint64_t first; /* the oldest that has not been forgotten */
	uint64_t kept;  /* the oldest that takes memory */
	struct journal_entry *entries[]; /* each with a reference; or NULL */
};

struct journal *
journal_new(uint32_t most, uint64_t bytes_most)
{
	struct journal *journal = calloc(1,
	    sizeof(*journal) + most * sizeof(struct journal_entry *));

	if (journal == NULL)
		return NULL;
	pthread_mutex_init(&journal->lock, NULL);
	journal->most = most;
	journal->bytes_most = bytes_most;
	return journal;
}

/* ---- entries ---- */

/* Returns how many bytes of memory an entry takes, with its place. */
static size_t
journal_entry_size(const struct journal_entry *entry)
{
	return sizeof(struct journal_entry *) + sizeof(*entry) +
	       entry->path_size + entry->line_size;
}

/* Makes the entry of a request, with the path of its target, as rules would match
 * it. Returns NULL where memory is short. */
static struct journal_entry *
journal_entry_new(const struct record *record, unsigned status,
    struct span line)
{
	struct span fields[RECORD_FIELDS], path;
	struct journal_entry *entry;

	record_find(record, fields);
	path = http_origin_path(fields[RECORD_TARGET]);
	entry = malloc(sizeof(*entry) + path.size + line.size);
	if (entry == NULL)
		return NULL;
	*entry = (struct journal_entry){ .holders = 1,
		.status = status,
		.wall = record->wall,
		.path_size = (uint32_t)path.size,
		.line_size = (uint32_t)line.size };
	memcpy(mempcpy(entry->text, path.data, path.size), line.data,
	    line.size);
	return entry;
}

/* Lets go of a reference; NULL is allowed. */
static void
journal_release(struct journal_entry *entry)
{
	if (entry != NULL && atomic_fetch_sub(&entry->holders, 1) == 1)
		free(entry);
}

void
journal_free(struct journal *journal)
{
	if (journal == NULL)
		return;
	for (uint32_t i = 0; i < journal->most; i++)
		journal_release(journal->entries[i]);
	pthread_mutex_destroy(&journal->lock);
	free(journal);
}

/* ---- adding ---- */

/* Takes the oldest ones out until there is room for one of so many bytes; returns
 * them. The lock is held. */
static struct journal_entry *
journal_make_room(struct journal *journal, size_t size)
{
	struct journal_entry *taken = NULL;

	while (journal->kept < journal->added &&
	       (journal->added - journal->kept >= journal->most ||
		   journal->bytes + size > journal->bytes_most)) {
		struct journal_entry **place =
		    &journal->entries[journal->kept++ % journal->most];
		struct journal_entry *oldest = *place;

		*place = NULL;
		journal->bytes -= journal_entry_size(oldest);
		oldest->next = taken;
		taken = oldest;
	}
	return taken;
}

void
journal_add(struct journal *journal, const struct record *record,
    unsigned status, struct span line)
{
	struct journal_entry *entry = journal_entry_new(record, status, line);
	struct journal_entry *taken;
	size_t size;

	if (entry == NULL)
		return;
	size = journal_entry_size(entry);
	pthread_mutex_lock(&journal->lock);
	taken = journal_make_room(journal, size);
	journal->entries[journal->added++ % journal->most] = entry;
	journal->bytes += size;
	pthread_mutex_unlock(&journal->lock);
	while (taken != NULL) {
		struct journal_entry *next = taken->next;

		journal_release(taken);
		taken = next;
	}
}

void
journal_clear(struct journal *journal)
{
	pthread_mutex_lock(&journal->lock);
	journal->first = journal->added;
	pthread_mutex_unlock(&journal->lock);
}

uint64_t
journal_bytes(struct journal *journal)
{
	uint64_t bytes;

	pthread_mutex_lock(&journal->lock);
	bytes = journal->bytes;
	pthread_mutex_unlock(&journal->lock);
	return bytes;
}

/* ---- reading ---- */

/* Whether an entry's path has the pattern of a reader. */
static bool
journal_has_path(const struct journal_entry *entry, struct span pattern)
{
	struct span path = { entry->text, entry->path_size };
	char text[HTTP_TARGET_MAX + 1];
	size_t size;

	if (path.size == 0 || http_target_decode(path, text, sizeof(text),
				  &size) != HTTP_TARGET_OK)
		return false;
	return pattern_matches(pattern, (struct span){ text, size });
}

static bool
journal_is_wanted(const struct journal_entry *entry,
    const struct journal_reader *reader)
{
	return entry->wall >= reader->since &&
	       (reader->status == 0 ||
		   (int64_t)entry->status == reader->status) &&
	       (reader->path.data == NULL ||
		   journal_has_path(entry, reader->path));
}

void
journal_begin(struct journal *journal, struct journal_reader *reader)
{
	pthread_mutex_lock(&journal->lock);
	reader->next = journal->added;
	pthread_mutex_unlock(&journal->lock);
}

/* Takes references of the next entries, newest first; returns how many: 0: there is
 * none any more. */
static unsigned
journal_hold(struct journal *journal, uint64_t next,
    struct journal_entry *slice[JOURNAL_SLICE])
{
	unsigned count = 0;
	uint64_t oldest;

	pthread_mutex_lock(&journal->lock);
	oldest = journal->kept > journal->first ? journal->kept
						: journal->first;
	while (count < JOURNAL_SLICE && next > oldest) {
		struct journal_entry *entry =
		    journal->entries[--next % journal->most];

		atomic_fetch_add_explicit(&entry->holders, 1,
		    memory_order_relaxed);
		slice[count++] = entry;
	}
	pthread_mutex_unlock(&journal->lock);
	return count;
}

/* Whether the reader has room, and wants more. */
static bool
journal_goes_on(const struct journal_reader *reader,
    const struct journal_page *page)
{
	return reader->limit > 0 && page->size <= JOURNAL_PAGE_FULL;
}

/* Looks at an entry, and adds its line to the page where it is wanted. */
static void
journal_look(struct journal_reader *reader, const struct journal_entry *entry,
    struct journal_page *page)
{
	reader->next--;
	if (!journal_is_wanted(entry, reader))
		return;
	memcpy(page->text + page->size, entry->text + entry->path_size,
	    entry->line_size);
	page->size += entry->line_size;
	reader->limit--;
}

bool
journal_read(struct journal *journal, struct journal_reader *reader,
    int64_t until, struct journal_page *page)
{
	struct journal_entry *slice[JOURNAL_SLICE];
	bool more = true, on_time = true;

	page->size = 0;
	while (more && on_time && journal_goes_on(reader, page)) {
		unsigned count = journal_hold(journal, reader->next, slice);

		for (unsigned i = 0; i < count; i++) {
			if (on_time && journal_goes_on(reader, page)) {
				journal_look(reader, slice[i], page);
				on_time = clock_now() < until;
			}
			journal_release(slice[i]);
		}
		more = count > 0;
	}
	return more && reader->limit > 0;
}
