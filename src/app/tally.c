/* A hash table of keys, and their order by when they came last; any thread. */
#include "config.h"

#include "app/tally.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

/* A key; entries go by their number, from 1 on. 0 is none; as an entry, it stands
 * between the key that came last (`older`), and the first one (`newer`). */
struct tally_entry {
	uint64_t count;
	uint32_t newer, older; /* in the order in which they came last */
	uint32_t next;         /* in the same bucket */
	uint8_t size;
	char key[TALLY_KEY_MAX];
};

struct tally {
	pthread_mutex_t lock; /* of all members that change */
	uint64_t secret;      /* by which nobody foresees who shares a bucket */
	uint64_t evicted;
	uint32_t most;
	uint32_t used;
	uint32_t mask; /* buckets, a power of two, less one */
	uint32_t *buckets;
	struct tally_entry *entries; /* [0, most] */
};

struct tally *
tally_new(uint32_t most)
{
	struct tally *tally = calloc(1, sizeof(*tally));
	uint64_t buckets = 1;

	if (tally == NULL)
		return NULL;
	while (buckets < most)
		buckets *= 2;
	pthread_mutex_init(&tally->lock, NULL);
	tally->most = most;
	tally->mask = (uint32_t)(buckets - 1);
	tally->buckets = calloc(buckets, sizeof(*tally->buckets));
	tally->entries = calloc((size_t)most + 1, sizeof(*tally->entries));
	if (tally->buckets == NULL || tally->entries == NULL ||
	    getrandom(&tally->secret, sizeof(tally->secret), 0) == -1) {
		tally_free(tally);
		return NULL;
	}
	return tally;
}

void
tally_free(struct tally *tally)
{
	if (tally == NULL)
		return;
	pthread_mutex_destroy(&tally->lock);
	free(tally->buckets);
	free(tally->entries);
	free(tally);
}

/* Returns the bucket of a key: each byte of it, and of the secret, counts. */
static uint32_t *
tally_bucket(const struct tally *tally, struct span key)
{
	uint64_t hash = tally->secret;

	for (size_t i = 0; i < key.size; i++) {
		hash = (hash ^ (unsigned char)key.data[i]) *
		       UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 29;
	}
	return &tally->buckets[hash & tally->mask];
}

/* Returns the entry of a key, or 0. */
static uint32_t
tally_find(const struct tally *tally, uint32_t entry, struct span key)
{
	while (entry != 0) {
		const struct tally_entry *at = &tally->entries[entry];

		if (at->size == key.size &&
		    memcmp(at->key, key.data, key.size) == 0)
			break;
		entry = at->next;
	}
	return entry;
}

/* Takes an entry out of the order. */
static void
tally_unlink(struct tally *tally, uint32_t entry)
{
	struct tally_entry *entries = tally->entries;

	entries[entries[entry].newer].older = entries[entry].older;
	entries[entries[entry].older].newer = entries[entry].newer;
}

/* Makes an entry the one that came last. */
static void
tally_link(struct tally *tally, uint32_t entry)
{
	struct tally_entry *entries = tally->entries;

	entries[entry].newer = 0;
	entries[entry].older = entries[0].older;
	entries[entries[0].older].newer = entry;
	entries[0].older = entry;
}

/* Forgets the key that has not come for longest; returns its entry. */
static uint32_t
tally_evict(struct tally *tally)
{
	uint32_t entry = tally->entries[0].newer;
	const struct tally_entry *oldest = &tally->entries[entry];
	uint32_t *link = tally_bucket(tally,
	    (struct span){ oldest->key, oldest->size });

	while (*link != entry)
		link = &tally->entries[*link].next;
	*link = oldest->next;
	tally_unlink(tally, entry);
	tally->evicted++;
	return entry;
}

/* Adds a key that has never come; returns its entry. */
static uint32_t
tally_add(struct tally *tally, struct span key)
{
	uint32_t entry = tally->used < tally->most ? ++tally->used
						   : tally_evict(tally);
	uint32_t *bucket = tally_bucket(tally, key);
	struct tally_entry *added = &tally->entries[entry];

	added->count = 0;
	added->next = *bucket;
	added->size = (uint8_t)key.size;
	memcpy(added->key, key.data, key.size);
	*bucket = entry;
	return entry;
}

uint64_t
tally_count(struct tally *tally, struct span key)
{
	uint32_t entry;
	uint64_t count;

	assert(key.size <= TALLY_KEY_MAX);
	pthread_mutex_lock(&tally->lock);
	entry = tally_find(tally, *tally_bucket(tally, key), key);
	if (entry != 0)
		tally_unlink(tally, entry);
	else
		entry = tally_add(tally, key);
	tally_link(tally, entry);
	count = ++tally->entries[entry].count;
	pthread_mutex_unlock(&tally->lock);
	return count;
}

uint64_t
tally_evicted(struct tally *tally)
{
	uint64_t evicted;

	pthread_mutex_lock(&tally->lock);
	evicted = tally->evicted;
	pthread_mutex_unlock(&tally->lock);
	return evicted;
}
