/* Shares listings, and makes them slice by slice; the site's thread. */
#include "config.h"

#include "app/listings.h"

#include <unistd.h>

#include "base/beneath.h"

void
listings_init(struct listings *listings)
{
	list_init(&listings->made);
	list_init(&listings->waiting);
	listings->due = listings->asked = 0;
}

static struct listing *
listings_at(struct list *place)
{
	return LIST_OWNER(place, struct listing, place);
}

/* Finds a listing that answers the query, and has not begun before the look
 * `since`. */
static struct listing *
listings_find(struct list *list, const struct listing_query *query,
    uint64_t since)
{
	for (struct list *p = list->next; p != list; p = p->next)
		if (listings_at(p)->look >= since &&
		    listing_answers(listings_at(p), query))
			return listings_at(p);
	return NULL;
}

/* Looks whether there is a directory to list, as a request has to be told at
 * once. Returns 0, or -1 with errno. */
static int
listings_look(const struct listing_query *query)
{
	struct directory directory;
	int result = directory_open(&directory, query->generation->root,
	    query->path);

	directory_close(&directory);
	return result;
}

struct listing *
listings_ask(struct listings *listings, const struct listing_query *query,
    const struct moment *moment)
{
	bool at_once = moment->since == MOMENT_LOOK_ANEW;
	struct listing *listing = NULL;

	if (listings_look(query) == -1)
		return NULL;
	if (!at_once)
		listing = listings_find(&listings->made, query, moment->since);
	if (listing == NULL && !at_once)
		listing = listings_find(&listings->waiting, query,
		    moment->since);
	if (listing != NULL)
		return listing_take(listing);
	listing = listing_new(query);
	if (listing != NULL && !at_once)
		list_add_last(&listings->waiting, &listing->place);
	while (at_once && listing != NULL && listing_step(listing))
		;
	return listing;
}

/* Whether a listing that waits may begin: not while the same is being made. */
static bool
listings_may_begin(struct listings *listings, const struct listing *listing)
{
	const struct listing_query query = { listing->generation,
		{ listing->path, listing->path_size }, listing->page.json };

	return listings_find(&listings->made, &query, 0) == NULL;
}

/* Has those begin that may, as long as there is room. */
static void
listings_begin(struct listings *listings, const struct moment *moment)
{
	struct list *next = listings->waiting.next;
	unsigned count = 0;

	for (struct list *p = listings->made.next; p != &listings->made;
	     p = p->next)
		count++;
	while (next != &listings->waiting && count < LISTINGS_AT_ONCE) {
		struct listing *listing = listings_at(next);

		next = next->next;
		if (!listings_may_begin(listings, listing))
			continue;
		list_remove(&listing->place);
		list_add_last(&listings->made, &listing->place);
		listing->look = moment->look;
		count++;
	}
}

/* Makes steps of a listing until it is over, or the time is. */
static void
listings_advance(struct listings *listings, struct listing *listing,
    int64_t until)
{
	bool more;

	do
		more = listing_step(listing);
	while (more && clock_now() < until);
	list_remove(&listing->place);
	if (more)
		list_add_last(&listings->made, &listing->place);
	else
		list_init(&listing->place);
}

/* Makes a slice: of the first listing, and of those that begin meanwhile where it
 * is over before the time is. */
static void
listings_make_slice(struct listings *listings, const struct moment *moment,
    int64_t began)
{
	int64_t now = began, until = began + LISTINGS_SLICE;

	while (now < until) {
		struct list *first;

		listings_begin(listings, moment);
		first = list_first(&listings->made);
		if (first == NULL)
			break;
		listings_advance(listings, listings_at(first), until);
		now = clock_now();
	}
	listings->due = now + (now - began);
}

int64_t
listings_go_on(struct listings *listings, const struct listing *wanted,
    const struct moment *moment)
{
	int64_t now = clock_now();

	if (!listing_is_over(wanted) && now >= listings->due)
		listings_make_slice(listings, moment, now);
	if (listing_is_over(wanted))
		return 0;
	listings->asked += LISTINGS_SPACE;
	if (listings->asked < listings->due)
		listings->asked = listings->due;
	return listings->asked;
}
