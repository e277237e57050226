/* A ring of lines; any thread. */
#include "config.h"

#include "server/journal.h"

#include <pthread.h>
#include <stdlib.h>

#include "app/pattern.h"
#include "http/target.h"

/* How many are looked at while the lock is held. */
#define JOURNAL_SLICE 256

struct journal_entry {
	int64_t wall; /* when its head came, ns since 1970 */
	unsigned status;
	size_t target_size; /* the first bytes of `text` */
	size_t line_size;   /* the others */
	char text[];
};

struct journal {
	pthread_mutex_t lock;
	uint32_t most;
	uint64_t added; /* so far: entry n is at n modulo `most` */
	uint64_t first; /* the oldest that has not been forgotten */
	struct journal_entry *entries[]; /* owned; or NULL */
};

struct journal *
journal_new(uint32_t most)
{
	struct journal *journal = calloc(1,
	    sizeof(*journal) + most * sizeof(struct journal_entry *));

	if (journal == NULL)
		return NULL;
	pthread_mutex_init(&journal->lock, NULL);
	journal->most = most;
	return journal;
}

void
journal_free(struct journal *journal)
{
	if (journal == NULL)
		return;
	for (uint32_t i = 0; i < journal->most; i++)
		free(journal->entries[i]);
	free(journal);
}

void
journal_add(struct journal *journal, const struct record *record,
    unsigned status, struct span line)
{
	struct span fields[RECORD_FIELDS], target;
	struct journal_entry *entry, *oldest;
	uint64_t place;

	record_find(record, fields);
	target = fields[RECORD_TARGET];
	if (target.data == NULL)
		target = SPAN("");
	entry = malloc(sizeof(*entry) + target.size + line.size);
	if (entry == NULL)
		return;
	*entry = (struct journal_entry){ record->wall, status, target.size,
		line.size };
	memcpy(mempcpy(entry->text, target.data, target.size), line.data,
	    line.size);
	pthread_mutex_lock(&journal->lock);
	place = journal->added++ % journal->most;
	oldest = journal->entries[place];
	journal->entries[place] = entry;
	pthread_mutex_unlock(&journal->lock);
	free(oldest);
}

void
journal_clear(struct journal *journal)
{
	pthread_mutex_lock(&journal->lock);
	journal->first = journal->added;
	pthread_mutex_unlock(&journal->lock);
}

/* Whether an entry's target has the pattern of a query. */
static bool
journal_has_path(const struct journal_entry *entry, struct span pattern)
{
	struct span target = { entry->text, entry->target_size };
	struct span path = span_take(&target, SPAN("?"));
	char text[HTTP_TARGET_MAX + 1];
	size_t size;

	if (path.size == 0 || path.data[0] != '/' ||
	    http_target_decode(path, text, sizeof(text), &size) !=
		HTTP_TARGET_OK)
		return false;
	return pattern_matches(pattern, (struct span){ text, size });
}

static bool
journal_is_wanted(const struct journal_entry *entry,
    const struct journal_query *query)
{
	return entry->wall >= query->since &&
	       (query->status == 0 ||
		   (int64_t)entry->status == query->status) &&
	       (query->path.data == NULL ||
		   journal_has_path(entry, query->path));
}

void
journal_find(struct journal *journal, const struct journal_query *query,
    void (*tell)(void *arg, struct span line), void *arg)
{
	int64_t left = query->limit;
	uint64_t next = UINT64_MAX;

	while (left > 0) {
		uint64_t oldest;

		pthread_mutex_lock(&journal->lock);
		oldest = journal->added > journal->most
			     ? journal->added - journal->most
			     : 0;
		if (oldest < journal->first)
			oldest = journal->first;
		if (next > journal->added)
			next = journal->added;
		for (int i = 0; i < JOURNAL_SLICE && next > oldest && left > 0;
		     i++) {
			const struct journal_entry *entry =
			    journal->entries[--next % journal->most];

			if (!journal_is_wanted(entry, query))
				continue;
			tell(arg,
			    (struct span){ entry->text + entry->target_size,
				entry->line_size });
			left--;
		}
		pthread_mutex_unlock(&journal->lock);
		if (next <= oldest)
			return;
	}
}
