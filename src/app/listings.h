/*
 * listings: the listings that are being made for one site, and when which of
 * them goes on. To make one may take long: 4096 links are as many ways through
 * the disk's directories. So it is made in slices, and the loop serves others
 * in between, however many wait for however many listings.
 *
 * Who waits asks again and again, and whoever asks first when the next slice is
 * due makes it, for all: one that waits may be gone, or have a client that
 * takes nothing. Those that are being made go on in turn, so that a long one
 * does not hold up a short one. Who asks while a listing waits for its beginning
 * shares it: so each directory is read once at a time, however many ask; and
 * who asks after a change is told of it, as site.h has it.
 */
#ifndef MTASYNC_APP_LISTINGS_H
#define MTASYNC_APP_LISTINGS_H

#include "app/listing.h"
#include "app/moment.h"
#include "base/clock.h"

/* How many are made at a time, each with an open directory and its entries; the
 * others wait, and hold nothing. */
#define LISTINGS_AT_ONCE 8

/* How long a slice is: it ends with the step in which its time is over. As long is
 * the pause behind it, which is for everybody else. */
#define LISTINGS_SLICE (250 * CLOCK_US)

/* How far apart those who wait ask again. */
#define LISTINGS_SPACE (50 * CLOCK_US)

struct listings {
	struct list made;    /* those that are being made, the next one first */
	struct list waiting; /* for their beginning, by their age */
	int64_t due; /* when the next slice is, as clock_now(); and when who */
	int64_t asked; /* waits and asked last asks again */
};

void listings_init(struct listings *listings);

/*
 * Finds the listing that answers a query, or makes a new one that begins in its
 * turn. Where the moment allows no earlier look, the asker has no others to
 * serve, and it is made at once. Returns a reference that is the caller's; or
 * NULL with errno (as of beneath_open_directory(), ENAMETOOLONG, ENOMEM). May
 * wait for the disk.
 */
struct listing *listings_ask(struct listings *listings,
    const struct listing_query *query, const struct moment *moment);

/*
 * Makes a slice, where one is due. Returns 0 where the listing is over; or when to
 * ask again, as clock_now(). May wait for the disk.
 */
int64_t listings_go_on(struct listings *listings, const struct listing *wanted,
    const struct moment *moment);

#endif
