/* Makes listings, step by step; the thread that asks. */
#include "config.h"

#include "app/listing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct listing *
listing_new(const struct listing_query *query)
{
	size_t size = query->path.size;
	struct listing *listing = malloc(sizeof(*listing) + size + 1);

	if (listing == NULL)
		return NULL;
	*listing = (struct listing){ .look = LISTING_NOT_BEGUN,
		.references = 1,
		.generation = generation_hold(query->generation),
		.page = { .json = query->json },
		.path_size = size };
	list_init(&listing->place);
	memcpy(listing->path, query->path.data, size);
	listing->path[size] = '\0';
	return listing;
}

static struct span
listing_path(const struct listing *listing)
{
	return (struct span){ listing->path, listing->path_size };
}

/* Opens the directory. */
static enum listing_state
listing_open(struct listing *listing)
{
	if (directory_open(&listing->directory, listing->generation->root,
		listing_path(listing)) == -1)
		return LISTING_FAILED;
	return LISTING_READING;
}

/* Reads the next name; behind the last one, begins the page. */
static enum listing_state
listing_read(struct listing *listing)
{
	switch (directory_read(&listing->directory)) {
	case 0:
		listing_page_begin(&listing->page, &listing->directory,
		    listing->path);
		return LISTING_WRITING;
	case 1:
		return LISTING_READING;
	default:
		return LISTING_FAILED;
	}
}

/* Writes the next row; behind the last one, ends the page. */
static enum listing_state
listing_write(struct listing *listing)
{
	if (listing->row < listing->directory.count) {
		listing_page_add(&listing->page, &listing->directory,
		    listing->row++);
		return LISTING_WRITING;
	}
	return listing_page_end(&listing->page, &listing->directory) == 0
		   ? LISTING_WHOLE
		   : LISTING_FAILED;
}

bool
listing_step(struct listing *listing)
{
	switch (listing->state) {
	case LISTING_NEW:
		listing->state = listing_open(listing);
		break;
	case LISTING_READING:
		listing->state = listing_read(listing);
		break;
	case LISTING_WRITING:
		listing->state = listing_write(listing);
		break;
	case LISTING_WHOLE:
	case LISTING_FAILED:
		break;
	}
	if (!listing_is_over(listing))
		return true;
	if (listing->state == LISTING_FAILED)
		listing->error = errno;
	directory_close(&listing->directory);
	return false;
}

bool
listing_answers(const struct listing *listing,
    const struct listing_query *query)
{
	return listing->generation == query->generation &&
	       listing->page.json == query->json &&
	       span_equal(listing_path(listing), query->path);
}

struct listing *
listing_take(struct listing *listing)
{
	listing->references++;
	return listing;
}

void
listing_release(struct listing *listing)
{
	if (--listing->references > 0)
		return;
	list_remove(&listing->place);
	directory_close(&listing->directory);
	listing_page_free(&listing->page);
	generation_release(listing->generation);
	free(listing);
}
